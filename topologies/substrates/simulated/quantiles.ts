// Samples of a distribution that is given by its quantiles.

import type { Quantiles } from './model.ts'

/** The value at a uniform point of [0, 1). */
export type Sampler = (u: number) => number

/** Points between quantiles that are worked out beforehand: a sample is then one look into a small table. */
const points = 256

/** Linear between evenly spaced quantiles; a table of 256 values, each the middle of its share. */
export function sampler(quantiles: Quantiles): Sampler {
  if (quantiles.length === 1) return () => quantiles[0]
  const table = Float64Array.from({ length: points }, (_, point) => quantileAt(quantiles, (point + 0.5) / points))
  return (u) => table[(u * points) | 0]
}

export function quantileAt(quantiles: Quantiles, q: number): number {
  const at = q * (quantiles.length - 1)
  const below = Math.min(quantiles.length - 2, Math.floor(at))
  return quantiles.length === 1 ? quantiles[0] : quantiles[below] + (quantiles[below + 1] - quantiles[below]) * (at - below)
}
