// What the data plane asks of aggregation: one call a request, no allocation once a series exists.

import type { RequestOutcome } from '../metrics.ts'
import type { RedSeries, TelemetryReport } from './report.ts'

export interface RedMetrics {
  /** The series of a route: made when a snapshot is built, so that a request looks nothing up by name. */
  route(route: string, tenant: string, protocol: string, custom: readonly CustomMetric[]): RedRoute
  /** Clients whose credentials were refused. */
  refused(client: string): void
  /** Everything since the last call; counters start again. */
  drain(nowUs: number): Pick<TelemetryReport, 'fromUs' | 'toUs' | 'series' | 'refusedClients'>
  /** Every series since it began, for /metrics; those that had no request for long are gone. */
  totals(): RedSeries[]
}

export interface RedRoute {
  /** `traceId` '' unless the trace is kept: it becomes an exemplar. `labels`: values of the custom metrics, in their order. */
  record(region: string, outcome: RequestOutcome, durationUs: number, retries: number, hedges: number, traceId: string, labels: readonly string[] | null): void
}

/** A label taken from the message, by a MetricsPolicy. */
export interface CustomMetric {
  label: string
  from: { kind: 'request-header' | 'response-header'; name: string } | { kind: 'graphql-operation' } | { kind: 'grpc-status' }
  /** Values beyond so many go to the overflow series. */
  maxValues: number
}
