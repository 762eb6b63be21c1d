// Where spans wait whose trace is not sampled: one buffer, filled round and round, so that keeping a span that nobody asks for
// costs its bytes and nothing else (retroactive sampling, Hindsight, arXiv 2202.05769). Pure: no clock, nothing allocated a span.
//
//   heads (f64 a bucket)        entries: [f64 entry before it in its bucket | u32 size | u32 state | span … | padding]
//   └── newest entry of a bucket ──► older ──► older ──► one that was overwritten ends the list
//
// Places are counted in octets since the start, never round again, so a place that was overwritten shows by being too small:
// nothing has to be unlinked when the oldest entries go.

import { maxSpanBytes, sameTrace, traceHash, traceIdsAt, type TraceIds } from './codec.ts'

const entryHeader = 16
/** Entries begin at multiples of it, so that what is left at the end always has room for a header. */
const grain = 16
const State = { Live: 1, Taken: 2, Filler: 3 } as const
/** A bucket for so many octets: a list is then about one span long. */
const octetsPerBucket = 256
export const minRingBytes = 16_384

export class TraceRing {
  readonly view: DataView
  /** Spans that went because newer ones took their place. */
  overwritten = 0
  /** Spans that wait. */
  waiting = 0
  readonly #heads: Float64Array
  readonly #mask: number
  readonly #seed: number
  /** Where entries begin in the buffer, and how many octets there are for them. */
  readonly #base: number
  readonly #room: number
  #oldest = 0
  #next = 0

  /** `seed` keeps clients that choose their trace ids from choosing a bucket. Throws RangeError below `minRingBytes`. */
  constructor(buffer: ArrayBufferLike, seed: number) {
    if (buffer.byteLength < minRingBytes) throw new RangeError(`a ring needs ${minRingBytes} octets, not ${buffer.byteLength}`)
    const buckets = 2 ** Math.floor(Math.log2(buffer.byteLength / octetsPerBucket))
    this.view = new DataView(buffer)
    this.#heads = new Float64Array(buffer, 0, buckets).fill(-1)
    this.#mask = buckets - 1
    this.#seed = seed
    this.#base = buckets * 8
    this.#room = Math.floor((buffer.byteLength - this.#base) / grain) * grain
  }

  get octets(): number {
    return this.view.byteLength
  }

  /** Where in `view` the next span may be written, up to `maxSpanBytes`; the oldest ones make room for it. */
  reserve(): number {
    const need = entryHeader + maxSpanBytes
    const left = this.#room - (this.#next % this.#room)
    if (left < need) {
      this.#makeRoom(left)
      this.#write(left, State.Filler)
    }
    this.#makeRoom(need)
    return this.#at(this.#next) + entryHeader
  }

  /** The span of `length` octets that was written where `reserve` said. */
  commit(length: number): void {
    const at = this.#at(this.#next)
    const bucket = traceHash(traceIdsAt(this.view, at + entryHeader), this.#seed) & this.#mask
    this.view.setFloat64(at, this.#heads[bucket])
    this.#heads[bucket] = this.#next
    this.#write(Math.ceil((entryHeader + length) / grain) * grain, State.Live)
    this.waiting++
  }

  /** Hands over each span of a trace, the newest first, and forgets it. Returns how many there were. */
  take(ids: TraceIds, each: (view: DataView, at: number) => void): number {
    const { view } = this
    const bucket = traceHash(ids, this.#seed) & this.#mask
    let taken = 0
    // The last entry of the list that stays: what is taken is cut out, or it would be walked over again and again.
    let before = -1
    for (let place = this.#heads[bucket]; place >= this.#oldest;) {
      const at = this.#at(place)
      const older = view.getFloat64(at)
      if (sameTrace(view, at + entryHeader, ids)) {
        each(view, at + entryHeader)
        view.setUint32(at + 12, State.Taken)
        if (before === -1) this.#heads[bucket] = older
        else view.setFloat64(this.#at(before), older)
        taken++
      } else {
        before = place
      }
      place = older
    }
    this.waiting -= taken
    return taken
  }

  #at(place: number): number {
    return this.#base + (place % this.#room)
  }

  #write(size: number, state: number): void {
    const at = this.#at(this.#next)
    this.view.setUint32(at + 8, size)
    this.view.setUint32(at + 12, state)
    this.#next += size
  }

  #makeRoom(need: number): void {
    while (this.#next + need - this.#oldest > this.#room) {
      const at = this.#at(this.#oldest)
      if (this.view.getUint32(at + 12) === State.Live) {
        this.overwritten++
        this.waiting--
      }
      this.#oldest += this.view.getUint32(at + 8)
    }
  }
}
