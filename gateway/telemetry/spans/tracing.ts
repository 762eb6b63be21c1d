// What the data plane asks of tracing. One `Tracing` a gateway; a `RequestTrace` for each request whose route has a sampling
// policy. Everything here is on the hot path: no promise, no timer, no text that is not sent.

import type { AttemptOutcome, AttemptRecord } from '../../ports.ts'
import type { HeaderView } from '../../routing/table.ts'
import type { RouteSampling } from '../../snapshot/snapshot.ts'
import type { RequestOutcome } from '../metrics.ts'
import type { KeepReason, PromotionReason } from './span.ts'

export interface Tracing {
  /** A request begins. `fromPeer`: another gateway decided whether it is sampled, and its context is trusted. */
  begin(request: BeginningRequest, sampling: RouteSampling, nowUs: number): RequestTrace
  /** Other gateways on the path of these traces keep them: spans that wait are flushed, those still to come are kept. */
  promote(traces: readonly { traceId: string; reason: PromotionReason }[], nowUs: number): void
  /** Budgets, anomalies, batches that are due, and the evidence of each second. */
  tick(nowUs: number): void
  readonly counts: TracingCounts
  /** Exports what is kept, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

export interface BeginningRequest {
  fields: HeaderView
  fromPeer: boolean
  requestId: string
  route: string
  tenant: string
  protocol: string
  method: string
  path: string
  host: string
  startUs: number
}

export interface RequestTrace {
  readonly traceId: string
  /** Decided at the head, here or at the gateway where the request entered. */
  readonly sampled: boolean
  /** An attempt upstream begins; its context is what the upstream gets. */
  attempt(): AttemptTrace
  /** The far gateway says that it keeps this trace, and why. */
  told(reason: PromotionReason): void
  /**
   * The request is over. Returns why its trace is kept, null when it is not (its spans wait in the ring, or are gone).
   * `links`: regions whose gateways had a part in it, to be told when it is promoted.
   */
  end(ended: EndedRequest, nowUs: number): KeepReason | null
}

export interface AttemptTrace {
  /** Name/value pairs for the upstream: traceparent, tracestate, baggage. */
  readonly fields: readonly string[]
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
