// One request's part in its trace: its context, its spans and why they are kept. A span that ends goes into the batch when its trace
// is kept, into the ring when it may be kept later, nowhere otherwise.

import type { Random } from '../../ports.ts'
import { inject, TraceFlag, type TraceContext } from '../context/index.ts'
import type { RequestOutcome } from '../metrics.ts'
import { promotionOf } from '../sampling/index.ts'
import { encodeClient, encodeServer, wordOf } from './codec.ts'
import { hexOf, randomWord } from './ids.ts'
import type { NameTable } from './names.ts'
import type { EndedSpan, Recorder } from './recorder.ts'
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

export class OpenRequestTrace implements RequestTrace, EndedSpan {
  readonly span0: number
  readonly span1: number
  readonly head: Head
  readonly route: TracedRoute
  readonly request: BeginningRequest
  readonly #recorder: Recorder
  #kept: KeepReason | null
  #promotion: PromotionReason | null = null
  #ended: EndedRequest | null = null
  #endUs = 0
  #recorded = 0
  /** Spans that went into the ring. */
  #waiting = 0

  constructor(recorder: Recorder, request: BeginningRequest, route: TracedRoute, head: Head) {
    this.span0 = randomWord(recorder.random)
    this.span1 = randomWord(recorder.random)
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
    return (this.head.context.flags & TraceFlag.Sampled) !== 0
  }

  get text(): string {
    return `${this.traceId}-0${this.head.context.flags & 3}`
  }

  attempt(): AttemptTrace {
    return new OpenAttemptTrace(this, this.#recorder.random)
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
    this.answering(ended.status, ended.outcome, ended.attempts, nowUs)
    this.#ended = ended
    this.#endUs = nowUs
    this.record(this, nowUs)
    if (this.head.isOwn) this.#recorder.finished(this.route, this.#recorded, this.sampled, nowUs - this.request.startUs, ended, nowUs)
    return this.#kept
  }

  write(view: DataView, at: number, names: NameTable): number {
    const { span0, span1, head: { context: { traceId, spanId, flags, threshold } } } = this
    const ids = { traceId, flags, threshold, span0, span1, parent0: wordOf(spanId, 0), parent1: wordOf(spanId, 8) }
    return encodeServer(view, at, names, ids, this.request, this.route, this.#ended!, this.head.problem, this.#endUs)
  }

  /** A span of this trace, this one or that of an attempt, unless nobody will want it. */
  record(span: EndedSpan, nowUs: number): void {
    if (this.#kept === null) {
      // Another gateway, or another request of the same trace, may have promoted it meanwhile.
      this.#promotion = this.#recorder.promoted.reasonOf(this.traceId)
      this.#kept = this.#promotion
    }
    if (this.#kept === null) {
      if (this.route.sampling.retroactive === null) return
      this.#waiting++
    }
    this.#recorded++
    this.#recorder.record(span, this.#kept, nowUs)
  }

  #promote(reason: PromotionReason, nowUs: number): void {
    this.#kept = this.#promotion = reason
    this.#recorder.promote(this.traceId, reason, this.#waiting, nowUs)
    this.#waiting = 0
  }
}

/** One attempt: a span of its own, the child of the request's. */
class OpenAttemptTrace implements AttemptTrace, EndedSpan {
  readonly span0: number
  readonly span1: number
  readonly #of: OpenRequestTrace
  #ended: EndedAttempt | null = null
  #endUs = 0

  constructor(of: OpenRequestTrace, random: Random) {
    this.span0 = randomWord(random)
    this.span1 = randomWord(random)
    this.#of = of
  }

  addFields(fields: string[]): void {
    const { context, baggage } = this.#of.head
    inject(context, hexOf(this.span0) + hexOf(this.span1), baggage, fields)
  }

  end(ended: EndedAttempt, nowUs: number): void {
    this.#ended = ended
    this.#endUs = nowUs
    this.#of.record(this, nowUs)
  }

  write(view: DataView, at: number, names: NameTable): number {
    const { span0, span1 } = this
    const { request, route, head: { context: { traceId, flags, threshold } }, span0: parent0, span1: parent1 } = this.#of
    return encodeClient(view, at, names, { traceId, flags, threshold, span0, span1, parent0, parent1 }, request, route, this.#ended!, this.#endUs)
  }
}
