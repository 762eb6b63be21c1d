// From measured times to the quantile tables of a model. Every step keeps the mean, and the spread where it can,
// because means and spreads add up along a path, whatever the shapes are.

import { mean, percentileOfSorted } from '../judging/statistics.ts'
import type { Quantiles } from '../../topologies/substrates/simulated/model.ts'

/** Evenly spaced from 0 to 1: a hundredth of the samples each, so that the slowest one does not stand for many. */
const tablePoints = 101

/**
 * Quantiles of the samples (at least one), in their unit, to a tenth. The last one is not the slowest sample but what
 * gives the table, read by linear interpolation, the mean of the samples. One value when all are the same.
 */
export function quantileTable(samples: readonly number[]): Quantiles {
  const sorted = Float64Array.from(samples).sort()
  const table = Array.from({ length: tablePoints }, (_, point) => percentileOfSorted(sorted, (100 * point) / (tablePoints - 1)))
  const before = table[tablePoints - 2]
  const others = table.slice(1, -1).reduce((sum, value) => sum + value, table[0] / 2)
  table[tablePoints - 1] = Math.max(before, 2 * (mean(sorted) * (tablePoints - 1) - others))
  const tenths = table.map((value) => Math.round(value * 10) / 10)
  return tenths.every((value) => value === tenths[0]) ? [tenths[0]] : tenths
}

/**
 * One of two equal ways whose sum was measured: half the mean, and the spread by 1/√2, so that two ways drawn apart
 * have the mean and the variance of the sum.
 */
export function oneOfTwoWays(sums: readonly number[]): number[] {
  const average = mean(sums)
  return sums.map((sum) => average / 2 + (sum - average) / Math.SQRT2)
}

/**
 * What is left when an independent part of known variance and no mean is taken out of the samples: the same mean, the
 * remaining variance.
 */
export function withoutVariance(samples: readonly number[], known: number): number[] {
  const average = mean(samples)
  const variance = mean(samples.map((value) => (value - average) ** 2))
  const factor = variance === 0 ? 0 : Math.sqrt(Math.max(0, variance - known) / variance)
  return samples.map((value) => average + (value - average) * factor)
}

/** No time is negative: what is below nought is nought, and the rest is scaled so that the mean stays. */
export function nonNegative(samples: readonly number[]): number[] {
  const wanted = Math.max(0, mean(samples))
  const held = samples.map((value) => Math.max(0, value))
  const got = mean(held)
  return got === 0 ? held : held.map((value) => (value * wanted) / got)
}
