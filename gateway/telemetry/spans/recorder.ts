// Where spans of one gateway go: into the batch that is exported next, or into the ring, out of which a promotion fetches them.

import type { Random } from '../../ports.ts'
import type { SamplingCore } from '../sampling/index.ts'
import type { SpanExporter } from '../export/exporter.ts'
import type { RequestOutcome } from '../metrics.ts'
import { SpanBatches } from './batches.ts'
import { traceIdsOf, type TraceIds } from './codec.ts'
import { NameTable } from './names.ts'
import { PromotedTraces } from './promoted.ts'
import { TraceRing } from './ring.ts'
import type { KeepReason, PromotionReason } from './span.ts'
import type { EndedRequest, TracedRoute, TracingCounts } from './tracing.ts'

/** Counters of `TracingCounts` that nobody else keeps. */
type OwnCounts = Omit<TracingCounts, 'kept' | 'overwritten' | 'lostToRing' | 'ringBytes'>

export class Recorder {
  readonly random: Random
  readonly sampling: SamplingCore
  readonly names = new NameTable()
  readonly promoted = new PromotedTraces()
  readonly counts: OwnCounts = {
    requests: 0, sampled: 0, recorded: 0, promoted: { error: 0, slow: 0, failover: 0, shed: 0 }, untold: 0, restarted: 0,
  }
  readonly ring: TraceRing
  readonly batches: SpanBatches
  /** Against the budgets of policies, since somebody took it. */
  sampledSpans = new Map<string, number>()
  /** Where in the view of `reserve` to write. */
  at = 0
  /** Spans that were put into the ring and were no longer there. */
  #lost = 0

  constructor(random: Random, sampling: SamplingCore, exporter: SpanExporter, ring: ArrayBufferLike, longestWaitUs: number) {
    this.random = random
    this.sampling = sampling
    this.ring = new TraceRing(ring, Math.floor(random.next() * 4_294_967_296))
    this.batches = new SpanBatches(exporter, this.names, longestWaitUs)
  }

  reserve(kept: boolean, nowUs: number): DataView {
    if (!kept) {
      this.at = this.ring.reserve()
      return this.ring.view
    }
    const view = this.batches.reserve(nowUs)
    this.at = this.batches.at
    return view
  }

  commit(length: number, ids: TraceIds, kept: KeepReason | null): void {
    this.counts.recorded++
    if (kept === null) this.ring.commit(length, ids)
    else this.batches.commit(length, kept)
  }

  /** Fetches the spans of a trace out of the ring, of which there should be `expected`. False: it was promoted before. */
  promote(traceId: string, ids: TraceIds, reason: PromotionReason, expected: number, nowUs: number): boolean {
    const taken = this.ring.take(ids, (view, at) => this.batches.copy(view, at, reason, nowUs))
    if (taken < expected) this.#lost += expected - taken
    const isNew = this.promoted.add(traceId, reason, taken > 0 || expected > 0, nowUs)
    if (isNew) this.counts.promoted[reason]++
    return isNew
  }

  promoteTold(traceId: string, reason: PromotionReason, nowUs: number): void {
    this.promote(traceId, traceIdsOf(traceId), reason, 0, nowUs)
  }

  /** A request whose head was decided here is over; `sampled`: with these spans against the budget of its policy. */
  finished({ key, sampling }: TracedRoute, spans: number, sampled: boolean, durationUs: number, { outcome, status }: EndedRequest, nowUs: number): void {
    if (sampled) this.sampledSpans.set(sampling.policy, (this.sampledSpans.get(sampling.policy) ?? 0) + spans)
    this.sampling.finished(key, spans, durationUs, status >= 500 || failed.has(outcome), nowUs)
  }

  /** Of a trace that another gateway told of, and of which nothing was found, one span at least was there once: if spans went at all. */
  get lostToRing(): number {
    return this.#lost + (this.ring.overwritten > 0 ? this.promoted.missed : 0)
  }
}

const failed: ReadonlySet<RequestOutcome> = new Set(['server-error', 'no-healthy-target', 'upstream-timeout', 'upstream-failed', 'capacity'])
