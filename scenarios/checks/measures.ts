// What measures each metric that thresholds may name. The compiler holds this map to the names of `metrics.ts`;
// kind = file name = key (with underscores, as k6 writes metrics).

import type { BoundMetric, Metric } from './check.ts'
import type { MetricName } from './metrics.ts'
import { configPropagation } from './config-propagation.ts'
import { decisionTime } from './decision-time.ts'
import { eligibleFailed } from './eligible-failed.ts'
import { errorBudget } from './error-budget.ts'
import { failoverTime } from './failover-time.ts'
import { falseEjections } from './false-ejections.ts'
import { httpReqDuration } from './http-req-duration.ts'
import { httpReqFailed } from './http-req-failed.ts'
import { httpReqs } from './http-reqs.ts'
import { residencyViolations } from './residency-violations.ts'
import { sendLag } from './send-lag.ts'
import { slowRequests } from './slow-requests.ts'
import { trafficShare } from './traffic-share.ts'
import { alertReactionTime } from './alert-reaction-time.ts'
import { alertRecoveryTime } from './alert-recovery-time.ts'
import { anomalyReactionTime } from './anomaly-reaction-time.ts'
import { anomalyRecoveryTime } from './anomaly-recovery-time.ts'
import { brokenTraces } from './broken-traces.ts'
import { errorsKept } from './errors-kept.ts'
import { exportedBytes } from './exported-bytes.ts'
import { falseAlerts } from './false-alerts.ts'
import { missingHops } from './missing-hops.ts'
import { redMetricsError } from './red-metrics-error.ts'
import { samplingBias } from './sampling-bias.ts'
import { samplingBudget } from './sampling-budget.ts'
import { slowKept } from './slow-kept.ts'
import { spansShed } from './spans-shed.ts'
import { tracingOverhead } from './tracing-overhead.ts'

export const measures: Record<MetricName, Metric | BoundMetric> = {
  failover_time: failoverTime,
  http_req_duration: httpReqDuration,
  http_req_failed: httpReqFailed,
  http_reqs: httpReqs,
  eligible_failed: eligibleFailed,
  slow_requests: slowRequests,
  decision_time: decisionTime,
  residency_violations: residencyViolations,
  false_ejections: falseEjections,
  traffic_share: trafficShare,
  error_budget: errorBudget,
  config_propagation: configPropagation,
  send_lag: sendLag,
  tracing_overhead: tracingOverhead,
  exported_bytes: exportedBytes,
  errors_kept: errorsKept,
  slow_kept: slowKept,
  broken_traces: brokenTraces,
  missing_hops: missingHops,
  red_metrics_error: redMetricsError,
  anomaly_reaction_time: anomalyReactionTime,
  anomaly_recovery_time: anomalyRecoveryTime,
  alert_reaction_time: alertReactionTime,
  alert_recovery_time: alertRecoveryTime,
  false_alerts: falseAlerts,
  spans_shed: spansShed,
  sampling_budget: samplingBudget,
  sampling_bias: samplingBias,
}
