// The histogram against the values themselves, over any values and any order of merging.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketIndex, countUpTo, DurationHistogram, emptyHistogram, lowerEdge, maxBuckets, mergeHistograms, quantileOf } from './histogram.ts'
import type { ExponentialHistogram } from './report.ts'

const durations = fc.array(fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 60_000_000 }), fc.nat(36).map((power) => 2 ** power)), { maxLength: 400 })

function histogramOf(values: readonly number[]): ExponentialHistogram {
  const histogram = new DurationHistogram()
  for (const value of values) histogram.record(value)
  return histogram.take()
}

test('counts, sum and extremes are exact, and buckets stay within their number', () => {
  fc.assert(fc.property(durations, (values) => {
    const { count, sum, min, max, zeroCount, counts } = histogramOf(values)
    expect({ count, sum, zeroCount }).toEqual({
      count: values.length, sum: values.reduce((a, b) => a + b, 0), zeroCount: values.filter((value) => value === 0).length,
    })
    expect([min, max]).toEqual(values.length === 0 ? [0, 0] : [Math.min(...values), Math.max(...values)])
    expect(counts.length).toBeLessThanOrEqual(maxBuckets)
    expect(counts.reduce((a, b) => a + b, zeroCount)).toBe(count)
    expect(counts[0]).not.toBe(0)
    expect(counts.at(-1)).not.toBe(0)
  }))
})

test('a quantile is the true value of its rank within its bounds, which are one bucket apart', () => {
  fc.assert(fc.property(durations.filter(({ length }) => length > 0), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
    const histogram = histogramOf(values)
    const truth = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1]
    const { value, low, high } = quantileOf(histogram, q)!
    // The logarithm may be off by some units in the last place at an edge.
    const edge = 1 + 1e-9
    expect(low / edge <= truth && truth <= high * edge).toBe(true)
    expect(low <= value && value <= high).toBe(true)
    if (low > 0) expect(high / low).toBeLessThanOrEqual(2 ** (2 ** -histogram.scale) * edge)
  }))
})

test('merging is associative and commutative, loses nothing, and nothing is its neutral element', () => {
  fc.assert(fc.property(durations, durations, durations, (a, b, c) => {
    const [x, y, z] = [a, b, c].map(histogramOf)
    expect(mergeHistograms(x, y)).toEqual(mergeHistograms(y, x))
    expect(mergeHistograms(mergeHistograms(x, y), z)).toEqual(mergeHistograms(x, mergeHistograms(y, z)))
    expect(mergeHistograms(x, emptyHistogram())).toEqual(x)
    expect(mergeHistograms(mergeHistograms(x, y), z)).toEqual(histogramOf([...a, ...b, ...c]))
  }))
})

test('powers of two are edges at every scale: what is at most one of them is counted exactly', () => {
  fc.assert(fc.property(durations, fc.nat(30), (values, power) => {
    expect(countUpTo(histogramOf(values), power)).toBe(values.filter((value) => value <= 2 ** power).length)
  }))
  for (let scale = -2; scale <= 20; scale++) {
    for (let power = 1; power < 40; power++) {
      const index = bucketIndex(2 ** power, scale)
      expect(lowerEdge(index, scale) < 2 ** power && 2 ** power <= lowerEdge(index + 1, scale)).toBe(true)
    }
  }
})

test('indexes agree with the specification: base 2 at scale 0, its square root at 1', () => {
  expect([1, 1.5, 2, 3, 4, 5].map((value) => bucketIndex(value, 0))).toEqual([-1, 0, 0, 1, 1, 2])
  expect([1, 1.4, 1.5, 2, 2.5, 3].map((value) => bucketIndex(value, 1))).toEqual([-1, 0, 1, 1, 2, 3])
  expect([2, 4, 5, 16, 17].map((value) => bucketIndex(value, -1))).toEqual([0, 0, 1, 1, 2])
})

test('what was taken is gone, and the next begins at the finest scale', () => {
  const histogram = new DurationHistogram()
  for (const value of [1, 1e7]) histogram.record(value)
  expect(histogram.take().scale).toBeLessThan(10)
  expect(histogram.take()).toEqual(emptyHistogram())
  histogram.record(1000)
  expect(histogram.take()).toMatchObject({ scale: 20, count: 1, sum: 1000, min: 1000, max: 1000, counts: [1] })
})
