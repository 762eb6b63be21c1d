// What the data plane asks of tracing. One `Tracing` a gateway; a `RequestTrace` for each request whose route has a sampling
// policy. Everything here is on the hot path: no promise, no timer, no text that is not sent.

import type { AttemptOutcome, AttemptRecord } from '../../ports.ts'
import type { TraceCarrier } from '../context/index.ts'
import type { ExportCounts } from '../export/exporter.ts'
import type { RouteSampling } from '../../snapshot/snapshot.ts'
import type { RequestOutcome } from '../metrics.ts'
import type { KeepReason, PromotionReason } from './span.ts'

export interface Tracing {
  /** A route that has a policy: asked for when a snapshot is built, so that a request looks nothing up by name. */
  route(route: string, protocol: string, sampling: RouteSampling): TracedRoute
  /** A snapshot is served from now on: routes that are not among these are forgotten. */
  keep(routes: Iterable<TracedRoute>): void
  /** A request begins. `fromPeer`: another gateway decided whether it is sampled, and its context is trusted. */
  begin(request: BeginningRequest, route: TracedRoute): RequestTrace
  /** Other gateways on the path of these traces keep them: spans that wait are flushed, those still to come are kept. */
  promote(traces: readonly { traceId: string; reason: PromotionReason }[], nowUs: number): void
  /** Budgets, anomalies, batches that are due, and the evidence of each second. */
  tick(nowUs: number): void
  readonly counts: TracingCounts
  readonly exported: ExportCounts
  /** Spans of requests that were sampled at their heads here, by policy, since the last call. */
  takeSampledSpans(): ReadonlyMap<string, number>
  /** So many traces could not be told of to another gateway. */
  untold(count: number): void
  /** Exports what is kept, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

/** What tracing knows of a route; the data plane only hands it back. */
export interface TracedRoute {
  readonly sampling: RouteSampling
  /** Of the sampling core. */
  readonly key: number
  /** Numbers of the names of route and protocol. */
  readonly routeName: number
  readonly protocolName: number
}

export interface BeginningRequest {
  fields: TraceCarrier
  fromPeer: boolean
  requestId: string
  method: string
  path: string
  host: string
  startUs: number
}

export interface RequestTrace {
  readonly traceId: string
  /** Decided at the head, here or at the gateway where the request entered. */
  readonly sampled: boolean
  /** As it is told to clients: the id of the trace and the flags that its head got. */
  readonly text: string
  /** An attempt upstream begins; its context is what the upstream gets. */
  attempt(): AttemptTrace
  /** The far gateway says that it keeps this trace, and why. */
  told(reason: PromotionReason, nowUs: number): void
  /**
   * The head of a response is about to be written: what is known now may promote the trace. Returns why it was promoted, so far;
   * a gateway that asked over a link is told by `x-regatta-keep`, because later there is no way to tell it.
   */
  answering(status: number, outcome: RequestOutcome, attempts: number, nowUs: number): PromotionReason | null
  /** The request is over. Returns why its trace is kept, null when it is not (its spans wait in the ring, or are gone). */
  end(ended: EndedRequest, nowUs: number): KeepReason | null
}

export interface AttemptTrace {
  /** Adds the name/value pairs for the upstream: traceparent, tracestate, baggage. */
  addFields(fields: string[]): void
  end(ended: EndedAttempt, nowUs: number): void
}

export interface EndedAttempt {
  service: string
  target: string
  region: string
  isLink: boolean
  attempt: number
  reason: AttemptRecord['reason']
  status: number
  outcome: AttemptOutcome
  startUs: number
}

export interface EndedRequest {
  service: string
  region: string
  status: number
  outcome: RequestOutcome
  attempts: number
  decisionNs: number
}

/** Since the start of the process; plain counters. */
export interface TracingCounts {
  /** Requests with a policy, by what became of their heads. */
  requests: number
  sampled: number
  /** Spans written down, into the ring or to be exported. */
  recorded: number
  /** Spans handed to the exporter. */
  kept: number
  /** Traces kept after the fact, by reason. */
  promoted: Record<PromotionReason, number>
  /** Spans that left the ring unread, because newer ones took their place. */
  overwritten: number
  /** Spans of promoted traces that were no longer in the ring. */
  lostToRing: number
  /** Traces that another gateway could not be told of. */
  untold: number
  /** Context that came and could not be used. */
  restarted: number
  ringBytes: number
}
