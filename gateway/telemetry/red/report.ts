// What a gateway tells its regional control plane each second: every request, folded into counts and histograms before any
// span is dropped, so that metrics are exact at any sampling rate. Deltas since the report before; plain data, sent as JSON.

export interface TelemetryReport {
  gateway: string
  /** Counts up from 1 with each report of one process; a gap says how many did not come here. */
  sequence: number
  /** How many reports this one folds together, up to `sequence`, because the control plane was away; absent = 1. */
  folded?: number
  /** The gateway's monotonic clock. */
  fromUs: number
  toUs: number
  series: RedSeries[]
  /** Clients whose credentials were refused, most first, at most 100; `client` is the address, or the identity where one is known. */
  refusedClients: { client: string; count: number }[]
  /** Spans against the budget, by policy. `spans`: from `fromUs` to `toUs`; `budget`: spans a second. */
  sampling: { policy: string; budget: number; spans: number; raised: boolean }[]
  /** Regions that this gateway does not send to as usual. */
  regions: { region: string; state: 'draining' | 'recovering' }[]
  /** Certificates that it serves with. `notAfterMs`: Unix time. */
  certificates: { name: string; notAfterMs: number }[]
}

/**
 * Labels of every series; custom metrics add theirs. What is beyond a limit goes to a series with `overflow: 'true'` (as
 * OpenTelemetry's `otel.metric.overflow`): beyond a custom metric's values with the four of its route and no custom ones, so that
 * a route's requests always add up; beyond the gateway's series with all four empty.
 */
export interface RedLabels { route: string; tenant: string; region: string; protocol: string; [custom: string]: string }

export interface RedSeries {
  labels: RedLabels
  /** By outcome (metrics.ts); those that are nought are left out. */
  outcomes: Record<string, number>
  retries: number
  hedges: number
  durations: ExponentialHistogram
  /** Traces that were kept, the latest of each octave (2^n, 2^(n+1)] µs, so one a histogram bucket at most. */
  exemplars: { traceId: string; valueUs: number; atUs: number }[]
}

/** OpenTelemetry's exponential histogram, positive range, in microseconds: bucket i holds (base^i, base^(i+1)], base = 2^(2^-scale). */
export interface ExponentialHistogram {
  scale: number
  count: number
  sum: number
  min: number
  max: number
  zeroCount: number
  /** Index of the first bucket of `counts`. */
  offset: number
  counts: number[]
}
