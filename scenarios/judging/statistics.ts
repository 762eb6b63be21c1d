// The few statistics that verdicts rest on, and how their numbers are shown.

/**
 * The p-th percentile (0 to 100) with linear interpolation between closest ranks, as k6 computes it (Hyndman and Fan
 * type 7). NaN when there are no values.
 */
export function percentile(values: Float64Array, p: number): number {
  if (values.length === 0) return Number.NaN
  const rank = (p / 100) * (values.length - 1)
  const copy = values.slice()
  const low = Math.floor(rank)
  select(copy, low)
  let next = Infinity
  if (rank === low) next = copy[low]
  else for (let i = low + 1; i < copy.length; i++) next = Math.min(next, copy[i])
  return between(copy[low], next, rank - low)
}

/**
 * Puts the value of rank k in its place, smaller ones before it and larger ones after it: what sorting would, in linear
 * time (Hoare 1961, FIND).
 */
function select(values: Float64Array, k: number): void {
  for (let from = 0, to = values.length - 1; from < to;) {
    const pivot = middleOf(values[from], values[(from + to) >>> 1], values[to])
    let [i, j] = [from, to]
    while (i <= j) {
      while (values[i] < pivot) i++
      while (pivot < values[j]) j--
      if (i > j) break
      const value = values[i]
      values[i++] = values[j]
      values[j--] = value
    }
    if (k <= j) to = j
    else if (k >= i) from = i
    else return
  }
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}

export function percentileOfSorted(sorted: Float64Array, p: number): number {
  if (sorted.length === 0) return Number.NaN
  const rank = (p / 100) * (sorted.length - 1)
  const low = Math.floor(rank)
  return between(sorted[low], sorted[Math.ceil(rank)], rank - low)
}

/** Equal first: between two infinities there is nothing to interpolate. */
function between(low: number, high: number, share: number): number {
  return low === high ? low : low + (high - low) * share
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}

/** Six decimals: a nanosecond in milliseconds; keeps documents free of the noise of binary fractions. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/** `12,345`. Not the locale's way, because documents must not depend on the machine. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `8.4 µs`, `212 ms`, `5 s`. */
export function formatMs(ms: number): string {
  const size = Math.abs(ms)
  if (size !== 0 && size < 1) return `${trim(ms * 1000)} µs`
  return size < 1000 ? `${trim(ms)} ms` : `${trim(ms / 1000)} s`
}

export function formatUnit(value: number, unit: string): string {
  if (unit === 'ms') return formatMs(value)
  if (unit === 'share') return `${trim(value * 100)} %`
  return unit === 'count' ? trim(value) : `${trim(value)} ${unit}`
}

function trim(value: number): string {
  return String(Number(value.toPrecision(4)))
}
