// One request's part in its trace: its context, its spans and why they are kept. A span is written the moment that it ends, into
// the batch when its trace is kept, into the ring when it may be kept later, nowhere otherwise.

import { inject, TraceFlag, type TraceContext } from '../context/index.ts'
import type { RequestOutcome } from '../metrics.ts'
import { promotionOf } from '../sampling/index.ts'
import { encodeClient, encodeServer, wordOf, type SpanIds } from './codec.ts'
import { hexOf, randomWord } from './ids.ts'
import type { Recorder } from './recorder.ts'
import type { KeepReason, PromotionReason } from './span.ts'
import type { AttemptTrace, BeginningRequest, EndedAttempt, EndedRequest, RequestTrace, TracedRoute } from './tracing.ts'

/** How the head of a trace was decided. */
export interface Head {
  /** What upstreams are given: flags and threshold as decided, `spanId` still that of whoever called. */
  context: TraceContext
  baggage: string
  /** Why context that came is not used; '' = nothing was wrong. */
  problem: string
  /** null = not sampled. */
  kept: 'policy' | 'anomaly' | null
  /** Decided here: what becomes of it is what the sampling core learns from. */
  isOwn: boolean
}

export class OpenRequestTrace implements RequestTrace, SpanIds {
  readonly trace0: number
  readonly trace1: number
  readonly trace2: number
  readonly trace3: number
  readonly span0: number
  readonly span1: number
  readonly parent0: number
  readonly parent1: number
  readonly flags: number
  readonly threshold: string
  readonly head: Head
  readonly route: TracedRoute
  readonly request: BeginningRequest
  readonly #recorder: Recorder
  #kept: KeepReason | null
  #promotion: PromotionReason | null = null
  #recorded = 0
  /** Spans that went into the ring. */
  #waiting = 0

  constructor(recorder: Recorder, request: BeginningRequest, route: TracedRoute, head: Head) {
    const { traceId, spanId, flags, threshold } = head.context
    this.trace0 = wordOf(traceId, 0)
    this.trace1 = wordOf(traceId, 8)
    this.trace2 = wordOf(traceId, 16)
    this.trace3 = wordOf(traceId, 24)
    this.span0 = randomWord(recorder.random)
    this.span1 = randomWord(recorder.random)
    this.parent0 = spanId === '' ? 0 : wordOf(spanId, 0)
    this.parent1 = spanId === '' ? 0 : wordOf(spanId, 8)
    this.flags = flags
    this.threshold = threshold
    this.head = head
    this.route = route
    this.request = request
    this.#recorder = recorder
    this.#kept = head.kept
  }

  get traceId(): string {
    return this.head.context.traceId
  }

  get sampled(): boolean {
    return (this.flags & TraceFlag.Sampled) !== 0
  }

  get text(): string {
    return `${this.traceId}-0${this.flags & 3}`
  }

  attempt(): AttemptTrace {
    return new OpenAttemptTrace(this, this.#recorder)
  }

  told(reason: PromotionReason, nowUs: number): void {
    if (this.#kept === null) this.#promote(reason, nowUs)
  }

  answering(status: number, outcome: RequestOutcome, attempts: number, nowUs: number): PromotionReason | null {
    if (this.#kept === null) {
      const reason = promotionOf({ outcome, status, attempts, hedged: false, durationUs: nowUs - this.request.startUs }, this.route.sampling.retroactive)
      if (reason !== null) this.#promote(reason, nowUs)
    }
    return this.#promotion
  }

  end(ended: EndedRequest, nowUs: number): KeepReason | null {
    const { startUs } = this.request
    this.answering(ended.status, ended.outcome, ended.attempts, nowUs)
    const view = this.reserve(nowUs)
    if (view !== null) {
      const recorder = this.#recorder
      this.commit(encodeServer(view, recorder.at, recorder.names, this, this.request, this.route, ended, this.head.problem, nowUs))
    }
    if (this.head.isOwn) this.#recorder.finished(this.route, this.#recorded, this.sampled, nowUs - startUs, ended, nowUs)
    return this.#kept
  }

  /** Where the next span of this trace is to be written, at the recorder's `at`; null: nobody wants it. */
  reserve(nowUs: number): DataView | null {
    if (this.#kept === null) {
      // Another gateway, or another request of the same trace, may have promoted it meanwhile.
      this.#promotion = this.#recorder.promoted.reasonOf(this.traceId)
      this.#kept = this.#promotion
    }
    return this.#kept === null && this.route.sampling.retroactive === null ? null : this.#recorder.reserve(this.#kept !== null, nowUs)
  }

  /** The span that was written there. */
  commit(length: number): void {
    this.#recorded++
    if (this.#kept === null) this.#waiting++
    this.#recorder.commit(length, this, this.#kept)
  }

  #promote(reason: PromotionReason, nowUs: number): void {
    this.#kept = this.#promotion = reason
    this.#recorder.promote(this.traceId, this, reason, this.#waiting, nowUs)
    this.#waiting = 0
  }
}

/** One attempt: a span of its own, the child of the request's. */
class OpenAttemptTrace implements AttemptTrace, SpanIds {
  readonly trace0: number
  readonly trace1: number
  readonly trace2: number
  readonly trace3: number
  readonly span0: number
  readonly span1: number
  readonly parent0: number
  readonly parent1: number
  readonly flags: number
  readonly threshold: string
  readonly #of: OpenRequestTrace
  readonly #recorder: Recorder

  constructor(of: OpenRequestTrace, recorder: Recorder) {
    this.trace0 = of.trace0
    this.trace1 = of.trace1
    this.trace2 = of.trace2
    this.trace3 = of.trace3
    this.span0 = randomWord(recorder.random)
    this.span1 = randomWord(recorder.random)
    this.parent0 = of.span0
    this.parent1 = of.span1
    this.flags = of.flags
    this.threshold = of.threshold
    this.#of = of
    this.#recorder = recorder
  }

  addFields(fields: string[]): void {
    const { context, baggage } = this.#of.head
    inject(context, hexOf(this.span0) + hexOf(this.span1), baggage, fields)
  }

  end(ended: EndedAttempt, nowUs: number): void {
    const of = this.#of
    const view = of.reserve(nowUs)
    if (view !== null) of.commit(encodeClient(view, this.#recorder.at, this.#recorder.names, this, of.request, of.route, ended, nowUs))
  }
}
