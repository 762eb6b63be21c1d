// The text of /metrics. prom-client keeps the format; every metric here is read from what the gateway counts
// anyway, so that the hot path never touches a label.

import { Registry } from 'prom-client'
import { decisionBoundsNs, requestOutcomes, type GatewayMetrics } from './metrics.ts'

export interface Sample { labels: Record<string, string | number>; value: number; /** `_bucket`, `_sum`, `_count` */ suffix?: string }

/** What only the data plane knows, read at the moment of the scrape. */
export interface GatewayReadings {
  revision: number
  ready: boolean
  connections: Record<string, number>
  inFlight: number
  targets: { key: string; region: string; state: string; outstanding: number; p50Us: number; p99Us: number; connections: number; idle: number }[]
  regions: { region: string; state: string }[]
}

const healthStates = ['healthy', 'suspect', 'ejected', 'recovering']
const regionStates = ['serving', 'draining', 'recovering']

export function makeMetricsPage(metrics: GatewayMetrics, read: () => GatewayReadings): () => Promise<string> {
  const registry = new Registry()
  const add = (name: string, type: string, help: string, samples: (readings: GatewayReadings) => Sample[]): void => {
    const get = async (): Promise<unknown> => ({
      name, help, type, aggregator: 'sum',
      values: samples(readings!).map(({ labels, value, suffix }) => ({ labels, value, metricName: suffix === undefined ? name : name + suffix })),
    })
    // prom-client asks a metric for its name, help and values only; its classes count by themselves, which we do not want.
    registry.registerMetric({ name, help, type, get } as unknown as Parameters<typeof registry.registerMetric>[0])
  }
  let readings: GatewayReadings | null = null
  add('regatta_requests_total', 'counter', 'Requests by route, serving region and outcome.', () => requestSamples(metrics))
  add('regatta_refused_messages_total', 'counter', 'Messages refused before they were a request.', () => one(metrics.refusedMessages))
  add('regatta_attempts_total', 'counter', 'Upstream attempts by reason and outcome.', () => attemptSamples(metrics))
  add('regatta_mirrors_skipped_total', 'counter', 'Mirrored requests not sent: too many out, no target, a streamed body, or no access.', () => one(metrics.mirrorsSkipped))
  add('regatta_decision_seconds', 'histogram', 'Match, filters and the choice of a target.', () => decisionSamples(metrics))
  add('regatta_decision_quantile_seconds', 'gauge', 'Quantiles of the decision time since start.', () => quantiles(metrics.decisionNs, 1e-9))
  add('regatta_loop_lag_quantile_seconds', 'gauge', 'How late the event loop ran, since start.', () => quantiles(metrics.loopLagUs, 1e-6))
  add('regatta_snapshot_revision', 'gauge', 'Revision of the snapshot that is served.', (now) => one(now.revision))
  add('regatta_ready', 'gauge', '1 when the gateway serves.', (now) => one(now.ready ? 1 : 0))
  add('regatta_requests_in_flight', 'gauge', 'Requests that the failover core holds.', (now) => one(now.inFlight))
  add('regatta_connections', 'gauge', 'Open client connections by listener.', (now) =>
    Object.entries(now.connections).map(([listener, value]) => ({ labels: { listener }, value })))
  add('regatta_target_state', 'gauge', '1 for the state that a target is in.', (now) =>
    now.targets.flatMap(({ key, region, state }) => healthStates.map((name) => ({ labels: { target: key, region, state: name }, value: name === state ? 1 : 0 }))))
  add('regatta_target_outstanding', 'gauge', 'Attempts in flight at a target.', (now) =>
    now.targets.map(({ key, region, outstanding }) => ({ labels: { target: key, region }, value: outstanding })))
  add('regatta_target_latency_seconds', 'gauge', 'Recent time to the response head.', (now) => now.targets.flatMap(latencySamples))
  add('regatta_pool_connections', 'gauge', 'Upstream connections by target.', (now) =>
    now.targets.flatMap(({ key, connections, idle }) => [
      { labels: { target: key, state: 'busy' }, value: connections - idle }, { labels: { target: key, state: 'idle' }, value: idle },
    ]))
  add('regatta_region_state', 'gauge', '1 for the state that a region is in.', (now) =>
    now.regions.flatMap(({ region, state }) => regionStates.map((name) => ({ labels: { region, state: name }, value: name === state ? 1 : 0 }))))
  return () => {
    readings = read()
    return registry.metrics()
  }
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
