// OpenTelemetry's exponential histogram over positive values: resolution fits itself to what is recorded, any two merge
// without loss beyond the coarser one's, and so a federation's quantiles come out of its gateways' reports.
//
// Source: OpenTelemetry specification, metrics data model, "ExponentialHistogram"; metrics SDK, "Base2 Exponential Bucket
// Histogram Aggregation" (160 buckets, scale 20 to begin with).

import type { ExponentialHistogram } from './report.ts'

export const maxBuckets = 160
export const highestScale = 20
/** Lower than data of 64 bits can need: one bucket then holds 2^1024. */
export const lowestScale = -10

/** A bucket's place in memory is its index modulo this, so that the range may wander without copying. */
const ringSize = 256
const ringMask = ringSize - 1

/** Where the buckets of a downscaling are gathered; nothing outlives a call. */
const gathered = new Float64Array(ringSize)

/** Float64 has exponents to 2^-1074; values under this are counted as nought, as those of no duration are. */
const smallest = 2 ** -20

/** 2^scale, by `scale - lowestScale`. */
const factors = Float64Array.from({ length: highestScale - lowestScale + 1 }, (_, at) => 2 ** (at + lowestScale))

/**
 * The bucket of a value above nought: index i with base^i < value <= base^(i+1), base = 2^(2^-scale). Powers of two are mapped
 * exactly, others by the logarithm, which the specification allows to be one off at an edge.
 */
export function bucketIndex(value: number, scale: number): number {
  const factor = factors[scale - lowestScale]
  const power = exponentOf(value)
  if (!Number.isNaN(power)) return scale >= 0 ? power * factor - 1 : (power - 1) >> -scale
  return Math.ceil(Math.log2(value) * factor) - 1
}

/** The exponent of a power of two; NaN for all others. */
function exponentOf(value: number): number {
  const whole = value | 0
  if (whole === value) return (whole & (whole - 1)) === 0 ? 31 - Math.clz32(whole) : NaN
  const power = Math.round(Math.log2(value))
  return 2 ** power === value ? power : NaN
}

/** The edge below bucket `index`. */
export function lowerEdge(index: number, scale: number): number {
  return 2 ** (index * 2 ** -scale)
}

/** How far two indexes have to be shifted for all between them to fit. */
function shiftToFit(lowest: number, highest: number): number {
  let shift = 0
  while ((highest >> shift) - (lowest >> shift) >= maxBuckets) shift++
  return shift
}

/** Records; microseconds, whole numbers, so that sums stay exact. Allocates nothing after it was made. */
export class DurationHistogram {
  readonly #counts = new Float64Array(ringSize)
  #scale = highestScale
  #lowest = 0
  #highest = -1
  #zeroCount = 0
  #count = 0
  #sum = 0
  #min = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  record(us: number): void {
    const value = us > 0 ? us : 0
    if (this.#count++ === 0) this.#min = this.#max = value
    else if (value < this.#min) this.#min = value
    else if (value > this.#max) this.#max = value
    this.#sum += value
    if (value < smallest) {
      this.#zeroCount++
      return
    }
    const index = bucketIndex(value, this.#scale)
    this.#counts[this.#widen(index) & ringMask]++
  }

  /** Makes room for a bucket; its index at the scale that holds then. */
  #widen(index: number): number {
    if (this.#highest < this.#lowest) return (this.#lowest = this.#highest = index)
    if (index >= this.#lowest && index <= this.#highest) return index
    const lowest = Math.min(index, this.#lowest)
    const highest = Math.max(index, this.#highest)
    const shift = shiftToFit(lowest, highest)
    if (shift > 0) this.#downscale(shift)
    this.#lowest = lowest >> shift
    this.#highest = highest >> shift
    return index >> shift
  }

  #downscale(shift: number): void {
    gathered.fill(0)
    for (let index = this.#lowest; index <= this.#highest; index++) gathered[(index >> shift) & ringMask] += this.#counts[index & ringMask]
    this.#counts.set(gathered)
    this.#scale -= shift
  }

  /** What was recorded since the last `take`, as plain data. */
  read(): ExponentialHistogram {
    const held: number[] = []
    for (let index = this.#lowest; index <= this.#highest; index++) held.push(this.#counts[index & ringMask])
    return {
      scale: this.#scale, count: this.#count, sum: this.#sum, min: this.#min, max: this.#max, zeroCount: this.#zeroCount,
      offset: held.length === 0 ? 0 : this.#lowest, counts: held,
    }
  }

  /** The same, and recording starts again. */
  take(): ExponentialHistogram {
    const taken = this.read()
    this.#counts.fill(0)
    this.#scale = highestScale
    this.#lowest = 0
    this.#highest = -1
    this.#zeroCount = this.#count = this.#sum = this.#min = this.#max = 0
    return taken
  }
}

export function emptyHistogram(): ExponentialHistogram {
  return { scale: highestScale, count: 0, sum: 0, min: 0, max: 0, zeroCount: 0, offset: 0, counts: [] }
}

/**
 * Both together, at the finest scale that both have and that holds them in `maxBuckets`. Associative and commutative: the
 * scale depends on the set of what is merged alone, because a range that fits at one scale fits at every coarser one.
 */
export function mergeHistograms(a: ExponentialHistogram, b: ExponentialHistogram): ExponentialHistogram {
  if (a.count === 0) return b
  if (b.count === 0) return a
  const coarser = Math.min(a.scale, b.scale)
  const filled = [a, b].filter(({ counts }) => counts.length > 0)
  const lowest = Math.min(...filled.map((histogram) => histogram.offset >> (histogram.scale - coarser)))
  const highest = Math.max(...filled.map((histogram) => (histogram.offset + histogram.counts.length - 1) >> (histogram.scale - coarser)))
  const shift = filled.length === 0 ? 0 : shiftToFit(lowest, highest)
  const scale = coarser - shift
  const offset = filled.length === 0 ? 0 : lowest >> shift
  const counts = new Array<number>(filled.length === 0 ? 0 : (highest >> shift) - offset + 1).fill(0)
  for (const histogram of filled) {
    const down = histogram.scale - scale
    histogram.counts.forEach((count, at) => { counts[((histogram.offset + at) >> down) - offset] += count })
  }
  return {
    scale, count: a.count + b.count, sum: a.sum + b.sum, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max),
    zeroCount: a.zeroCount + b.zeroCount, offset, counts,
  }
}

/** An estimate and between which values the true one lies. */
export interface QuantileEstimate { value: number; low: number; high: number }

/**
 * The value of rank ceil(q * count); null when there is none. The truth is in the same bucket, so the estimate is off by at
 * most the factor base = 2^(2^-scale); inside the bucket it goes up geometrically, as bucket edges do.
 */
export function quantileOf(histogram: ExponentialHistogram, q: number): QuantileEstimate | null {
  const { count, zeroCount, scale, offset, counts, min, max } = histogram
  if (count === 0) return null
  const rank = Math.max(1, Math.ceil(q * count))
  if (rank <= zeroCount) return { value: 0, low: 0, high: 0 }
  const within = (value: number): number => Math.min(max, Math.max(min, value))
  let below = zeroCount
  for (let at = 0; at < counts.length; at++) {
    if (below + counts[at] >= rank) {
      const share = (rank - below - 0.5) / counts[at]
      return {
        value: within(lowerEdge(offset + at + share, scale)), low: within(lowerEdge(offset + at, scale)), high: within(lowerEdge(offset + at + 1, scale)),
      }
    }
    below += counts[at]
  }
  return { value: max, low: max, high: max }
}

/** How many values are at most 2^`power`; exact, because powers of two are bucket edges at every scale from nought up. */
export function countUpTo(histogram: ExponentialHistogram, power: number): number {
  const { scale, offset, counts, zeroCount } = histogram
  let sum = zeroCount
  for (let at = 0; at < counts.length && (offset + at + 1) * 2 ** -scale <= power; at++) sum += counts[at]
  return sum
}
