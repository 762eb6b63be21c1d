// The event queue: a timing wheel on typed arrays. A fine ring of small buckets covers the stretch of time at hand, a
// coarse ring of long ones what comes later; a bucket is a linked list, sorted when its time comes. Posting is then a
// few writes however much is pending, where a heap pays its depth in cache misses. Lists keep the order of posting
// and the sort is stable, so equal times come out as they were posted without a sequence number being stored.

import { Bucket } from './bucket.ts'

/** Fine buckets of 2^4 µs; 2^15 of them, 0.52 s, are one stretch; 2^10 stretches, nine minutes, lie in the coarse ring. */
const bucketUs = 16
const fineBuckets = 1 << 15
const coarseBuckets = 1 << 10
const fineMask = fineBuckets - 1
const coarseMask = coarseBuckets - 1

/** A node is 32 bytes, so that it never straddles a cache line: time (8), kind, a, b, next (4 each). */
const words = 8
const kindAt = 2
const aAt = 3
const bAt = 4
const nextAt = 5
const none = -1

export class EventQueue {
  /** Of the event that `take` gave last. */
  atUs = 0
  kind = 0
  a = 0
  b = 0
  /** The 64 bits of `atUs`. */
  atLow = 0
  atHigh = 0
  /** Events pending. */
  size = 0

  #times: Float64Array
  #nodes: Int32Array
  #free = none
  #capacity: number
  /** Heads of lists, newest first. */
  readonly #fine = new Int32Array(fineBuckets).fill(none)
  /** A bit a fine bucket: set = not empty. */
  readonly #occupied = new Int32Array(fineBuckets / 32)
  readonly #coarse = new Int32Array(coarseBuckets).fill(none)
  /** Bucket being handled, counted from time zero: what is due in it or before it is in `#due`. */
  #bucket: number
  /** Its stretch, counted likewise. */
  #stretch: number
  readonly #due = new Bucket()

  constructor(fromUs: number, capacity = 4096) {
    this.#bucket = Math.floor(fromUs / bucketUs)
    this.#stretch = Math.floor(this.#bucket / fineBuckets)
    this.#capacity = 0
    this.#times = new Float64Array(0)
    this.#nodes = new Int32Array(0)
    this.#grow(capacity)
  }

  /** `atUs` is finite, and not before what was taken last. */
  push(atUs: number, kind: number, a: number, b: number): void {
    if (this.#free === none) this.#grow(this.#capacity * 2)
    const node = this.#free
    const nodes = this.#nodes
    const at = node * words
    this.#free = nodes[at + nextAt]
    this.#times[node * (words / 2)] = atUs
    nodes[at + kindAt] = kind
    nodes[at + aAt] = a
    nodes[at + bAt] = b
    this.size++
    const bucket = Math.floor(atUs / bucketUs)
    if (bucket <= this.#bucket) this.#due.insert(node, atUs)
    else this.#place(node, bucket)
  }

  /** The next event that is due up to and including `untilUs` goes into the fields; false when there is none. */
  take(untilUs: number): boolean {
    const due = this.#due
    if (due.empty && !this.#advance(untilUs)) return false
    const atUs = due.firstUs
    if (atUs > untilUs) return false
    const node = due.shift()
    const nodes = this.#nodes
    const at = node * words
    this.atUs = atUs
    this.atLow = nodes[at]
    this.atHigh = nodes[at + 1]
    this.kind = nodes[at + kindAt]
    this.a = nodes[at + aAt]
    this.b = nodes[at + bAt]
    nodes[at + nextAt] = this.#free
    this.#free = node
    this.size--
    return true
  }

  /** Into the ring that holds a bucket which is still to come. */
  #place(node: number, bucket: number): void {
    const stretch = Math.floor(bucket / fineBuckets)
    if (stretch === this.#stretch) {
      const index = bucket & fineMask
      this.#nodes[node * words + nextAt] = this.#fine[index]
      this.#fine[index] = node
      this.#occupied[index >> 5] |= 1 << (index & 31)
    } else {
      const index = stretch & coarseMask
      this.#nodes[node * words + nextAt] = this.#coarse[index]
      this.#coarse[index] = node
    }
  }

  /** Makes the next bucket that holds anything the one at hand, unless it begins after `untilUs`. */
  #advance(untilUs: number): boolean {
    if (this.size === 0) return false
    for (;;) {
      const index = this.#nextFine()
      if (index !== none) {
        const bucket = this.#stretch * fineBuckets + index
        if (bucket * bucketUs > untilUs) return false
        this.#bucket = bucket
        this.#collect(index)
        return true
      }
      const stretch = this.#nextStretch()
      if (stretch * fineBuckets * bucketUs > untilUs) return false
      this.#enter(stretch)
    }
  }

  /** Index of the first fine bucket after the one at hand that holds anything, or none. */
  #nextFine(): number {
    const occupied = this.#occupied
    const from = this.#bucket - this.#stretch * fineBuckets + 1
    if (from >= fineBuckets) return none
    let word = from >> 5
    let bits = occupied[word] & (-1 << (from & 31))
    while (bits === 0) {
      if (++word === occupied.length) return none
      bits = occupied[word]
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits)
  }

  /** A fine bucket's list, sorted, becomes what is due. */
  #collect(index: number): void {
    const nodes = this.#nodes
    const due = this.#due
    for (let node = this.#fine[index]; node !== none; node = nodes[node * words + nextAt]) {
      due.append(node, this.#times[node * (words / 2)])
    }
    this.#fine[index] = none
    this.#occupied[index >> 5] &= ~(1 << (index & 31))
    due.sort()
  }

  /** The earliest stretch in the coarse ring, which is not empty when this is asked. */
  #nextStretch(): number {
    for (let stretch = this.#stretch + 1; stretch < this.#stretch + coarseBuckets; stretch++) {
      if (this.#firstStretch(stretch & coarseMask) === stretch) return stretch
    }
    let first = Infinity
    for (let index = 0; index < coarseBuckets; index++) first = Math.min(first, this.#firstStretch(index))
    return first
  }

  #firstStretch(index: number): number {
    let first = Infinity
    for (let node = this.#coarse[index]; node !== none; node = this.#nodes[node * words + nextAt]) {
      first = Math.min(first, this.#stretchOf(node))
    }
    return first
  }

  #stretchOf(node: number): number {
    return Math.floor(Math.floor(this.#times[node * (words / 2)] / bucketUs) / fineBuckets)
  }

  /** Spreads a stretch over the fine ring, oldest first; what shares its place in the coarse ring goes back. */
  #enter(stretch: number): void {
    const nodes = this.#nodes
    const index = stretch & coarseMask
    this.#stretch = stretch
    this.#bucket = stretch * fineBuckets - 1
    let node = none
    for (let at = this.#coarse[index]; at !== none;) {
      const next = nodes[at * words + nextAt]
      nodes[at * words + nextAt] = node
      node = at
      at = next
    }
    this.#coarse[index] = none
    while (node !== none) {
      const next = nodes[node * words + nextAt]
      this.#place(node, Math.floor(this.#times[node * (words / 2)] / bucketUs))
      node = next
    }
  }

  #grow(capacity: number): void {
    const buffer = new ArrayBuffer(capacity * words * 4)
    const nodes = new Int32Array(buffer)
    nodes.set(this.#nodes)
    for (let node = capacity - 1; node >= this.#capacity; node--) {
      nodes[node * words + nextAt] = this.#free
      this.#free = node
    }
    this.#nodes = nodes
    this.#times = new Float64Array(buffer)
    this.#capacity = capacity
  }
}
