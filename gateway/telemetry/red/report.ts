// What a gateway tells its regional control plane each second: every request, folded into counts and histograms before any
// span is dropped, so that metrics are exact at any sampling rate. Deltas since the report before; plain data, sent as JSON.

export interface TelemetryReport {
  gateway: string
  /** Counts up from 1 with each report of one process; a gap says how many were lost. */
  sequence: number
  /** The gateway's monotonic clock. */
  fromUs: number
  toUs: number
  series: RedSeries[]
  /** Clients whose credentials were refused, most first, at most 100; `client` is the address, or the identity where one is known. */
  refusedClients: { client: string; count: number }[]
  /** Spans against the budget, by policy. */
  sampling: { policy: string; budget: number; spans: number; raised: boolean }[]
  /** Regions that this gateway does not send to as usual. */
  regions: { region: string; state: 'draining' | 'recovering' }[]
  /** Certificates that it serves with. `notAfterMs`: Unix time. */
  certificates: { name: string; notAfterMs: number }[]
}

/** Labels of every series; custom metrics add theirs. The overflow series has `overflow: 'true'` and no others. */
export interface RedLabels { route: string; tenant: string; region: string; protocol: string; [custom: string]: string }

export interface RedSeries {
  labels: RedLabels
  /** By outcome (metrics.ts); those that are nought are left out. */
  outcomes: Record<string, number>
  retries: number
  hedges: number
  durations: ExponentialHistogram
  /** Traces that were kept, one a histogram bucket at most. */
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
