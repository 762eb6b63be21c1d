// Intervals on distributions whose truth is known.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../gateway/runtime.ts'
import { differenceOfMeans, differenceOfMedians, median, ratioOfMedians } from './bootstrap.ts'

/** Exponential with this mean: skewed, as failover times are. */
const exponential = (seed: number, count: number, mean: number): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => -Math.log(1 - random.next()) * mean)
}

describe('the bootstrap', () => {
  it('has no width where nothing varies', () => {
    expect(ratioOfMedians([300, 300, 300], [200, 200, 200], 1)).toEqual({ value: 1.5, low: 1.5, high: 1.5 })
    expect(differenceOfMeans([2, 2], [5, 5], 1)).toEqual({ value: -3, low: -3, high: -3 })
  })

  it('covers the true ratio about as often as it says', () => {
    const trials = 60
    let covered = 0
    for (let trial = 0; trial < trials; trial++) {
      const { low, high } = ratioOfMedians(exponential(2 * trial + 1, 20, 3), exponential(2 * trial + 2, 20, 2), trial)
      if (low <= 1.5 && 1.5 <= high) covered++
    }
    // 90 % of 60 is 54 with a deviation of 2.3; bootstrapped medians err to the wide side.
    expect(covered).toBeGreaterThanOrEqual(48)
  })

  it('agrees with the normal theory for means', () => {
    const [a, b] = [exponential(7, 200, 10), exponential(8, 200, 10)]
    const { value, low, high } = differenceOfMeans(a, b, 3)
    // Two means of 200 exponentials: standard error 10 × √(2/200) = 1, and 1.645 of them each way.
    expect(high - low).toBeGreaterThan(2 * 1.645 * 0.75)
    expect(high - low).toBeLessThan(2 * 1.645 * 1.3)
    expect(Math.abs(value)).toBeLessThan(4)
  })

  it('narrows with the root of the number of runs', () => {
    const width = (count: number): number => {
      const { low, high } = differenceOfMedians(exponential(1, count, 1), exponential(2, count, 1), 1)
      return high - low
    }
    // √36 = 6, and widths of so few are themselves uncertain.
    const ratio = width(25) / width(900)
    expect(ratio).toBeGreaterThan(3)
    expect(ratio).toBeLessThan(12)
  })

  it('gives the same for the same seed, and another sample for another', () => {
    const [a, b] = [exponential(1, 11, 5), exponential(2, 11, 5)]
    expect(ratioOfMedians(a, b, 9)).toEqual(ratioOfMedians(a, b, 9))
    expect(ratioOfMedians(a, b, 9).value).toBe(median(a) / median(b))
    expect(differenceOfMeans(a, b, 9).low).not.toBe(differenceOfMeans(a, b, 10).low)
  })
})
