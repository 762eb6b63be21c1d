// Where spans of one gateway go: into the batch that is exported next, or into the ring, out of which a promotion fetches them.

import type { Random } from '../../ports.ts'
import type { SamplingCore } from '../sampling/index.ts'
import type { SpanExporter } from '../export/exporter.ts'
import type { RequestOutcome } from '../metrics.ts'
import { SpanBatches } from './batches.ts'
import { traceIdsOf } from './codec.ts'
import { NameTable } from './names.ts'
import { PromotedTraces } from './promoted.ts'
import { TraceRing } from './ring.ts'
import type { KeepReason, PromotionReason } from './span.ts'
import type { EndedRequest, TracedRoute, TracingCounts } from './tracing.ts'

/**
 * Spans are written into the ring so many at a time: one by one, each finds neither the code that writes it nor the memory that it
 * goes to in the processor's caches, because between two requests other work has taken their place.
 */
const writtenAtOnce = 64
/** Nor longer than this after they ended, because until then they hold on to the heads of their requests. */
const longestUnwrittenUs = 1_000_000

/** A span that is over and knows how it is written. */
export interface EndedSpan {
  /** At `at`, where `maxSpanBytes` are free; returns the length. */
  write(view: DataView, at: number, names: NameTable): number
}

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
  /** Spans that were put into the ring and were no longer there. */
  #lost = 0
  /** The first `#unwritten` of them are still to be written into the ring, oldest first. */
  readonly #ended = new Array<EndedSpan | null>(writtenAtOnce).fill(null)
  #unwritten = 0
  #unwrittenSinceUs = 0

  constructor(random: Random, sampling: SamplingCore, exporter: SpanExporter, ring: ArrayBufferLike, longestWaitUs: number) {
    this.random = random
    this.sampling = sampling
    this.ring = new TraceRing(ring, Math.floor(random.next() * 4_294_967_296))
    this.batches = new SpanBatches(exporter, this.names, longestWaitUs)
  }

  /** A span is over. `kept` null: it waits in the ring for a promotion. */
  record(span: EndedSpan, kept: KeepReason | null, nowUs: number): void {
    this.counts.recorded++
    if (kept !== null) {
      const view = this.batches.reserve(nowUs)
      this.batches.commit(span.write(view, this.batches.at, this.names), kept)
      return
    }
    if (this.#unwritten === 0) this.#unwrittenSinceUs = nowUs
    this.#ended[this.#unwritten++] = span
    if (this.#unwritten === writtenAtOnce) this.write()
  }

  /** What is due. */
  tick(nowUs: number): void {
    if (this.#unwritten > 0 && nowUs - this.#unwrittenSinceUs >= longestUnwrittenUs) this.write()
    this.batches.tick(nowUs)
    this.promoted.forget(nowUs)
  }

  /** Into the ring whatever is over, without waiting for more of it. */
  write(): void {
    for (let index = 0; index < this.#unwritten; index++) {
      const at = this.ring.reserve()
      this.ring.commit(this.#ended[index]!.write(this.ring.view, at, this.names))
      this.#ended[index] = null
    }
    this.#unwritten = 0
  }

  /** Fetches the spans of a trace out of the ring, of which there should be `expected`. */
  promote(traceId: string, reason: PromotionReason, expected: number, nowUs: number): void {
    this.write()
    const taken = this.ring.take(traceIdsOf(traceId), (view, at) => this.batches.copy(view, at, reason, nowUs))
    if (taken < expected) this.#lost += expected - taken
    if (this.promoted.add(traceId, reason, taken > 0 || expected > 0, nowUs)) this.counts.promoted[reason]++
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
