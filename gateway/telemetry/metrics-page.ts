// The text of a gateway's /metrics: every metric here is read from what the gateway counts anyway.

import { expose, type ExpositionFormat, type Metric, type Sample } from './exposition.ts'
import { decisionBoundsNs, requestOutcomes, type GatewayMetrics } from './metrics.ts'
import { tracingMetrics, type TracingReading } from './spans/tracing-metrics.ts'

/** What only the data plane knows, read at the moment of the scrape. */
export interface GatewayReadings {
  revision: number
  ready: boolean
  connections: Record<string, number>
  inFlight: number
  targets: { key: string; region: string; state: string; outstanding: number; p50Us: number; p99Us: number; connections: number; idle: number }[]
  regions: { region: string; state: string }[]
  tracing: TracingReading
}

const healthStates = ['healthy', 'suspect', 'ejected', 'recovering']
const regionStates = ['serving', 'draining', 'recovering']

/**
 * `telemetry`: what is known beside the counts; where it counts requests itself, with more labels, its count is the one shown.
 */
export function makeMetricsPage(
  metrics: GatewayMetrics, read: () => GatewayReadings, telemetry: () => readonly Metric[] = () => [],
): (format?: ExpositionFormat) => Promise<string> {
  return (format = 'prometheus') => {
    const more = telemetry()
    const own = gatewayMetrics(metrics, read()).filter(({ name }) => more.every((metric) => metric.name !== name))
    return expose([...own, ...more], format)
  }
}

function gatewayMetrics(metrics: GatewayMetrics, now: GatewayReadings): Metric[] {
  const counter = (name: string, help: string, samples: Sample[]): Metric => ({ name, type: 'counter', help, samples })
  const gauge = (name: string, help: string, samples: Sample[]): Metric => ({ name, type: 'gauge', help, samples })
  return [
    counter('regatta_requests_total', 'Requests by route, serving region and outcome.', requestSamples(metrics)),
    counter('regatta_refused_messages_total', 'Messages refused before they were a request.', one(metrics.refusedMessages)),
    counter('regatta_attempts_total', 'Upstream attempts by reason and outcome.', attemptSamples(metrics)),
    counter('regatta_mirrors_skipped_total', 'Mirrored requests not sent: too many out, no target, a streamed body, or no access.', one(metrics.mirrorsSkipped)),
    { name: 'regatta_decision_seconds', type: 'histogram', help: 'Match, filters and the choice of a target.', samples: decisionSamples(metrics) },
    gauge('regatta_decision_quantile_seconds', 'Quantiles of the decision time since start.', quantiles(metrics.decisionNs, 1e-9)),
    gauge('regatta_loop_lag_quantile_seconds', 'How late the event loop ran, since start.', quantiles(metrics.loopLagUs, 1e-6)),
    gauge('regatta_snapshot_revision', 'Revision of the snapshot that is served.', one(now.revision)),
    gauge('regatta_ready', '1 when the gateway serves.', one(now.ready ? 1 : 0)),
    gauge('regatta_requests_in_flight', 'Requests that the failover core holds.', one(now.inFlight)),
    gauge('regatta_connections', 'Open client connections by listener.', Object.entries(now.connections).map(([listener, value]) => ({ labels: { listener }, value }))),
    gauge('regatta_target_state', '1 for the state that a target is in.', now.targets.flatMap(({ key, region, state }) => (
      healthStates.map((name) => ({ labels: { target: key, region, state: name }, value: name === state ? 1 : 0 }))
    ))),
    gauge('regatta_target_outstanding', 'Attempts in flight at a target.', now.targets.map(({ key, region, outstanding }) => ({ labels: { target: key, region }, value: outstanding }))),
    gauge('regatta_target_latency_seconds', 'Recent time to the response head.', now.targets.flatMap(latencySamples)),
    gauge('regatta_pool_connections', 'Upstream connections by target.', now.targets.flatMap(({ key, connections, idle }) => [
      { labels: { target: key, state: 'busy' }, value: connections - idle }, { labels: { target: key, state: 'idle' }, value: idle },
    ])),
    gauge('regatta_region_state', '1 for the state that a region is in.', now.regions.flatMap(({ region, state }) => (
      regionStates.map((name) => ({ labels: { region, state: name }, value: name === state ? 1 : 0 }))
    ))),
    ...readTracing(now.tracing),
  ]
}

function readTracing(reading: TracingReading): Metric[] {
  if (reading === null) return []
  return tracingMetrics.map(({ name, type, help, label, values }) => ({
    name, type, help,
    samples: Object.entries(values(reading.counts, reading.exported)).map(([key, value]) => ({ labels: label === '' ? {} : { [label]: key }, value })),
  }))
}

const one = (value: number): Sample[] => [{ labels: {}, value }]

function requestSamples(metrics: GatewayMetrics): Sample[] {
  const samples: Sample[] = []
  for (const [route, { byRegion }] of metrics.routes) {
    for (const [region, counts] of byRegion) {
      counts.forEach((value, index) => {
        if (value > 0) samples.push({ labels: { route, region, outcome: requestOutcomes[index] }, value })
      })
    }
  }
  return samples
}

function attemptSamples(metrics: GatewayMetrics): Sample[] {
  return metrics.attempts().map(({ reason, outcome, count }) => ({ labels: { reason, outcome }, value: count }))
}

function decisionSamples(metrics: GatewayMetrics): Sample[] {
  let below = 0
  return [
    ...decisionBoundsNs.map((bound, index) => ({ labels: { le: bound / 1e9 }, value: (below += metrics.decisionBuckets[index]), suffix: '_bucket' })),
    { labels: { le: '+Inf' }, value: metrics.decisionCount, suffix: '_bucket' },
    { labels: {}, value: metrics.decisionSumNs / 1e9, suffix: '_sum' },
    { labels: {}, value: metrics.decisionCount, suffix: '_count' },
  ]
}

function quantiles(histogram: { totalCount: number; getValueAtPercentile(percentile: number): number }, unit: number): Sample[] {
  if (histogram.totalCount === 0) return []
  return [0.5, 0.9, 0.99, 0.999].map((quantile) => ({ labels: { quantile }, value: histogram.getValueAtPercentile(quantile * 100) * unit }))
}

function latencySamples({ key, p50Us, p99Us }: GatewayReadings['targets'][number]): Sample[] {
  if (Number.isNaN(p50Us)) return []
  return [{ labels: { target: key, quantile: 0.5 }, value: p50Us / 1e6 }, { labels: { target: key, quantile: 0.99 }, value: p99Us / 1e6 }]
}
