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
  /** A row a histogram: the buckets, then what `Tail` names; `times` is the same memory as doubles. */
  rows: Float32Array
  times: Float64Array
  p50Us: Float64Array
  p99Us: Float64Array
  /** Answers recorded in all, but for those since the quantiles were last computed. */
  count: Float64Array
}

/**
 * After the buckets: the sum of their weights, between which of them the answers lie, how many answers came since the
 * quantiles were last computed, and when the buckets were last halved.
 */
const Tail = { weight: bucketCount, lowest: bucketCount + 1, highest: bucketCount + 2, unread: bucketCount + 3, halvedUs: bucketCount / 2 + 2 } as const
const rowFloats = bucketCount + 8
const rowTimes = rowFloats / 2

export function makeLatencyPool(): LatencyPool {
  return sized(64)
}

function sized(slots: number): LatencyPool {
  const rows = new Float32Array(slots * rowFloats)
  return {
    used: 0, spare: [], rows, times: new Float64Array(rows.buffer),
    p50Us: new Float64Array(slots), p99Us: new Float64Array(slots), count: new Float64Array(slots),
  }
}

/** A fresh histogram. */
export function takeLatency(pool: LatencyPool, nowUs: number): number {
  const slot = pool.spare.pop() ?? pool.used++
  if (slot >= pool.count.length) grow(pool)
  const row = slot * rowFloats
  pool.rows.fill(0, row, row + rowFloats)
  pool.rows[row + Tail.lowest] = bucketCount
  pool.count[slot] = 0
  pool.p50Us[slot] = NaN
  pool.p99Us[slot] = NaN
  pool.times[slot * rowTimes + Tail.halvedUs] = nowUs
  return slot
}

/** A second histogram that holds what another does. */
export function copyLatency(pool: LatencyPool, from: number): number {
  const slot = takeLatency(pool, 0)
  pool.rows.copyWithin(slot * rowFloats, from * rowFloats, (from + 1) * rowFloats)
  for (const column of [pool.p50Us, pool.p99Us, pool.count]) column[slot] = column[from]
  return slot
}

function grow(pool: LatencyPool): void {
  const grown = sized(pool.count.length * 2)
  grown.rows.set(pool.rows)
  grown.p50Us.set(pool.p50Us)
  grown.p99Us.set(pool.p99Us)
  grown.count.set(pool.count)
  Object.assign(pool, { ...grown, used: pool.used, spare: pool.spare })
}

/** Answers recorded in all. */
export function answersOf(pool: LatencyPool, slot: number): number {
  return pool.count[slot] + pool.rows[slot * rowFloats + Tail.unread]
}

export function bucketOf(us: number): number {
  const whole = us < 256 ? 256 : us > 16_777_215 ? 16_777_215 : us | 0
  const octave = 31 - Math.clz32(whole)
  return ((octave - lowestOctave) << 2) + ((whole >>> (octave - 2)) & 3)
}

/** Records an answer; true when the quantiles were computed anew. */
export function recordLatency(pool: LatencyPool, slot: number, us: number, nowUs: number): boolean {
  const { rows } = pool
  const row = slot * rowFloats
  const bucket = bucketOf(us)
  rows[row + bucket]++
  if (bucket < rows[row + Tail.lowest]) rows[row + Tail.lowest] = bucket
  if (bucket > rows[row + Tail.highest]) rows[row + Tail.highest] = bucket
  const weight = ++rows[row + Tail.weight]
  if (weight >= heaviest || (weight >= agedWeight && nowUs - pool.times[slot * rowTimes + Tail.halvedUs] >= agedUs)) halve(pool, slot, nowUs)
  if (++rows[row + Tail.unread] * 16 < weight) return false
  readQuantiles(pool, slot)
  return true
}

function halve(pool: LatencyPool, slot: number, nowUs: number): void {
  const { rows } = pool
  const row = slot * rowFloats
  let weight = 0
  for (let at = row + rows[row + Tail.lowest]; at <= row + rows[row + Tail.highest]; at++) {
    const half = rows[at] / 2
    // Under an eighth of one answer a bucket is noise from long ago.
    rows[at] = half < 0.125 ? 0 : half
    weight += rows[at]
  }
  rows[row + Tail.weight] = weight
  pool.times[slot * rowTimes + Tail.halvedUs] = nowUs
}

function readQuantiles(pool: LatencyPool, slot: number): void {
  const unread = slot * rowFloats + Tail.unread
  pool.count[slot] += pool.rows[unread]
  pool.rows[unread] = 0
  pool.p50Us[slot] = quantile(pool, slot, 0.5)
  pool.p99Us[slot] = quantile(pool, slot, 0.99)
}

/** Linear inside the bucket that holds the rank. */
function quantile(pool: LatencyPool, slot: number, q: number): number {
  const { rows } = pool
  const row = slot * rowFloats
  const rank = rows[row + Tail.weight] * q
  const highest = rows[row + Tail.highest]
  let below = 0
  let last = 0
  for (let bucket = rows[row + Tail.lowest]; bucket <= highest; bucket++) {
    const here = rows[row + bucket]
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
