// Recent latency of a target or cell: a histogram of log-linear buckets (four an octave, 256 µs to 16 s, as
// HdrHistogram lays them) whose weight halves with age, so that p50 and p99 follow the last thousand answers.
// Histograms are handed out when a first answer comes: of 30,000 cells most never carry traffic.

const bucketCount = 64
const lowestOctave = 8
/** Weight at which a histogram halves: large enough for a p99 of ten samples, small enough to forget. */
const heaviest = 1024
/** A histogram with at least `agedWeight` also halves after this long, so that slow traffic forgets too. */
const agedUs = 10_000_000
const agedWeight = 64

export interface LatencyPool {
  used: number
  /** Slots given back by a swap. */
  spare: number[]
  buckets: Float32Array
  weight: Float32Array
  /** Answers recorded since the quantiles were last computed. */
  unread: Int32Array
  halvedUs: Float64Array
  p50Us: Float64Array
  p99Us: Float64Array
  /** Answers recorded in all. */
  count: Float64Array
}

export function makeLatencyPool(): LatencyPool {
  return sized(64)
}

function sized(slots: number): LatencyPool {
  return {
    used: 0, spare: [], buckets: new Float32Array(slots * bucketCount), weight: new Float32Array(slots), unread: new Int32Array(slots),
    halvedUs: new Float64Array(slots), p50Us: new Float64Array(slots), p99Us: new Float64Array(slots), count: new Float64Array(slots),
  }
}

/** A fresh histogram. */
export function takeLatency(pool: LatencyPool, nowUs: number): number {
  const slot = pool.spare.pop() ?? pool.used++
  if (slot >= pool.weight.length) {
    const grown = sized(pool.weight.length * 2)
    grown.buckets.set(pool.buckets)
    grown.weight.set(pool.weight)
    grown.unread.set(pool.unread)
    grown.halvedUs.set(pool.halvedUs)
    grown.p50Us.set(pool.p50Us)
    grown.p99Us.set(pool.p99Us)
    grown.count.set(pool.count)
    Object.assign(pool, { ...grown, used: pool.used, spare: pool.spare })
  }
  pool.buckets.fill(0, slot * bucketCount, (slot + 1) * bucketCount)
  pool.weight[slot] = 0
  pool.unread[slot] = 0
  pool.count[slot] = 0
  pool.p50Us[slot] = NaN
  pool.p99Us[slot] = NaN
  pool.halvedUs[slot] = nowUs
  return slot
}

export function bucketOf(us: number): number {
  const whole = us < 256 ? 256 : us > 16_777_215 ? 16_777_215 : us | 0
  const octave = 31 - Math.clz32(whole)
  return ((octave - lowestOctave) << 2) + ((whole >>> (octave - 2)) & 3)
}

export function recordLatency(pool: LatencyPool, slot: number, us: number, nowUs: number): void {
  pool.buckets[slot * bucketCount + bucketOf(us)]++
  pool.count[slot]++
  const weight = ++pool.weight[slot]
  if (weight >= heaviest || (weight >= agedWeight && nowUs - pool.halvedUs[slot] >= agedUs)) halve(pool, slot, nowUs)
  if (++pool.unread[slot] * 16 >= weight) readQuantiles(pool, slot)
}

function halve(pool: LatencyPool, slot: number, nowUs: number): void {
  let weight = 0
  for (let at = slot * bucketCount; at < (slot + 1) * bucketCount; at++) {
    const half = pool.buckets[at] / 2
    // Under an eighth of one answer a bucket is noise from long ago.
    pool.buckets[at] = half < 0.125 ? 0 : half
    weight += pool.buckets[at]
  }
  pool.weight[slot] = weight
  pool.halvedUs[slot] = nowUs
}

function readQuantiles(pool: LatencyPool, slot: number): void {
  pool.unread[slot] = 0
  pool.p50Us[slot] = quantile(pool, slot, 0.5)
  pool.p99Us[slot] = quantile(pool, slot, 0.99)
}

/** Linear inside the bucket that holds the rank. */
function quantile(pool: LatencyPool, slot: number, q: number): number {
  const rank = pool.weight[slot] * q
  const base = slot * bucketCount
  let below = 0
  let last = 0
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const here = pool.buckets[base + bucket]
    if (here === 0) continue
    last = bucket
    if (below + here >= rank) return lowerEdge(bucket) + (widthOf(bucket) * (rank - below)) / here
    below += here
  }
  return lowerEdge(last) + widthOf(last)
}

function lowerEdge(bucket: number): number {
  return (4 + (bucket & 3)) << (lowestOctave + (bucket >> 2) - 2)
}

function widthOf(bucket: number): number {
  return 1 << (lowestOctave + (bucket >> 2) - 2)
}
