// What thresholds may speak of: one line a metric. `index.ts` maps each to what measures it, and the compiler
// holds both maps to the same names.

/** k6's four kinds decide which aggregates a condition may use. */
export const aggregatesOf = {
  trend: ['avg', 'min', 'med', 'max', 'p(N)', 'count'],
  rate: ['rate'],
  counter: ['count', 'rate'],
  gauge: ['value'],
} as const
export type MetricKind = keyof typeof aggregatesOf

/**
 * Tags of client rows. `source` is a history source. `phase` is that of the scheduled start, but what was in flight
 * when the first fault was asked for belongs to the fault. `variant`: scheduled in the counted part of one of its blocks.
 */
export const rowTags = ['region', 'group', 'route', 'phase', 'source', 'entry', 'method', 'gateway', 'variant'] as const
export type MetricTag = (typeof rowTags)[number]

export interface MetricDefinition {
  kind: MetricKind
  /** 'ms' for durations; 'share' is 0 to 1. */
  unit: 'ms' | 'share' | 'count'
  tags: readonly MetricTag[]
  /** A tag without which the metric has no meaning. */
  needs?: MetricTag
  /** One line for documentation and hints. */
  summary: string
}

const define = (kind: MetricKind, unit: MetricDefinition['unit'], tags: readonly MetricTag[], summary: string): MetricDefinition =>
  ({ kind, unit, tags, summary })

/**
 * Without a tag, metrics of rows take load and prober in all phases but the warm-up; pinned probes and witnesses
 * count only where `source` asks for them.
 */
export const metricDefinitions = {
  failover_time: define('trend', 'ms', ['group'], 'from the first primitive asked for to the last failed or slow probe; a value a group'),
  http_req_duration: define('trend', 'ms', rowTags, 'from the scheduled start to the last byte, failures included'),
  http_req_failed: define('rate', 'share', rowTags, 'share of requests that failed; refusals that residency demands are not failures'),
  http_reqs: define('counter', 'count', rowTags, 'requests sent; rate is a second'),
  eligible_failed: define('counter', 'count', rowTags, 'failed requests that a gateway could have saved'),
  slow_requests: define('counter', 'count', rowTags, 'requests slower than normal + 250 ms on the path that served them'),
  decision_time: define('trend', 'ms', rowTags, 'routing decision of the entry gateway'),
  residency_violations: define('counter', 'count', ['region', 'group', 'route', 'phase'], 'requests or attempts of a locked route in a region that is not allowed'),
  false_ejections: define('counter', 'count', ['region', 'gateway', 'phase'], 'targets ejected that no fault in force explains'),
  traffic_share: { ...define('gauge', 'share', rowTags, 'share of the requests served that the region served'), needs: 'region' },
  error_budget: define('gauge', 'share', ['group', 'route', 'phase', 'source', 'entry', 'method'], 'share used of the budget that 99.99 % leaves'),
  config_propagation: define('trend', 'ms', ['region', 'gateway'], 'from a publication to its snapshot applied by every gateway'),
  send_lag: define('trend', 'ms', rowTags, 'how late the generator sent, against its schedule'),
  tracing_overhead: { ...define('gauge', 'share', ['variant'], 'processor time a request that tracing costs the gateways, of what it costs when all is traced'), needs: 'variant' },
  exported_bytes: { ...define('gauge', 'share', ['variant'], 'octets of spans a request, of those exported when all is traced'), needs: 'variant' },
  errors_kept: define('rate', 'share', ['variant'], 'share of the requests that failed at their entry gateway whose trace was kept; where traces are kept after the fact'),
  slow_kept: define('rate', 'share', ['variant'], 'share of the requests over the policy\'s slow at their entry gateway whose trace was kept; likewise'),
  broken_traces: define('counter', 'count', ['variant'], 'kept traces with a span whose parent, or a hop whose span, is missing and was not lost to a fault'),
  missing_hops: define('counter', 'count', ['variant', 'route'], 'requests sampled at the head whose trace lacks a hop from client through gateways to service'),
  red_metrics_error: define('gauge', 'share', ['gateway', 'route'], 'requests that gateways counted against those that they answered: the difference, as a share'),
  anomaly_reaction_time: define('trend', 'ms', [], 'from a fault asked for to the first sampling rate that an anomaly raised; a value a fault'),
  anomaly_recovery_time: define('trend', 'ms', [], 'from a fault healed to the rates it raised being back at their baseline; a value a fault'),
  alert_reaction_time: define('trend', 'ms', [], 'from a fault asked for to the first alert that a control plane fires; a value a fault'),
  alert_recovery_time: define('trend', 'ms', [], 'from a fault healed to the end of the last alert it caused; a value a fault'),
  false_alerts: define('counter', 'count', [], 'alerts that fired while no fault was in force, nor within 30 s of its healing'),
  spans_shed: define('counter', 'count', ['gateway'], 'spans that gateways could not export: no room in the queue, or not taken by the collector'),
  sampling_budget: define('trend', 'share', ['gateway', 'variant'], 'spans of sampled requests against the budget; a value a gateway, policy and minute without an anomaly'),
  sampling_bias: define('gauge', 'share', ['variant'], 'requests as sampled spans add up to, against requests, less 1'),
} as const satisfies Record<string, MetricDefinition>

/** What cannot be measured where nothing is traced. */
export const measuresOfTraces = [
  'tracing_overhead', 'exported_bytes', 'errors_kept', 'slow_kept', 'broken_traces', 'missing_hops', 'red_metrics_error', 'anomaly_reaction_time',
  'anomaly_recovery_time', 'alert_reaction_time', 'alert_recovery_time', 'false_alerts', 'spans_shed', 'sampling_budget', 'sampling_bias',
] as const satisfies readonly (keyof typeof metricDefinitions)[]

export type MetricName = keyof typeof metricDefinitions
export const metricNames = Object.keys(metricDefinitions) as MetricName[]
