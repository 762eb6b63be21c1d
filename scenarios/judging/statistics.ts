// The few statistics that verdicts rest on, and how their numbers are shown.

/**
 * The p-th percentile (0 to 100) with linear interpolation between closest ranks, as k6 computes it (Hyndman and Fan
 * type 7). Sorts a copy. NaN when there are no values.
 */
export function percentile(values: Float64Array, p: number): number {
  return percentileOfSorted(values.slice().sort(), p)
}

export function percentileOfSorted(sorted: Float64Array, p: number): number {
  if (sorted.length === 0) return Number.NaN
  const rank = (p / 100) * (sorted.length - 1)
  const low = Math.floor(rank)
  const high = Math.ceil(rank)
  // Equal first: between two infinities there is nothing to interpolate.
  return sorted[low] === sorted[high] ? sorted[low] : sorted[low] + (sorted[high] - sorted[low]) * (rank - low)
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
