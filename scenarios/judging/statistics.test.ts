// The statistics that verdicts rest on, against slow and obvious ones.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatCount, formatMs, formatUnit, mean, percentile, percentileOfSorted, rounded } from './statistics.ts'

const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 }).map((list) => Float64Array.from(list))

it('a percentile lies between the ranks around it, and grows', () => {
  fc.assert(fc.property(values, fc.double({ min: 0, max: 100, noNaN: true }), (list, p) => {
    const sorted = [...list].sort((a, b) => a - b)
    const rank = (p / 100) * (sorted.length - 1)
    const value = percentile(list, p)
    expect(value).toBeGreaterThanOrEqual(sorted[Math.floor(rank)])
    expect(value).toBeLessThanOrEqual(sorted[Math.ceil(rank)])
    expect(percentile(list, 0)).toBe(sorted[0])
    expect(percentile(list, 100)).toBe(sorted.at(-1))
  }))
})
it('a percentile is exactly what sorting would give, however often values repeat', () => {
  const repeated = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(Infinity), fc.double({ min: 1, max: 6, noNaN: true })), { minLength: 1, maxLength: 400 })
  fc.assert(fc.property(repeated, fc.oneof(fc.constantFrom(50, 90, 95, 99), fc.double({ min: 0, max: 100, noNaN: true })), (list, p) => {
    expect(percentile(Float64Array.from(list), p)).toBe(percentileOfSorted(Float64Array.from(list).sort(), p))
  }))
})
it('interpolates as k6 does, leaves its input alone, and knows infinity and emptiness', () => {
  const list = Float64Array.of(40, 10, 30, 20)
  expect(percentile(list, 50)).toBe(25)
  expect(percentile(list, 95)).toBeCloseTo(38.5, 9)
  expect([...list]).toEqual([40, 10, 30, 20])
  expect(percentile(Float64Array.of(1, Infinity, Infinity), 90)).toBe(Infinity)
  expect(percentile(new Float64Array(), 50)).toBeNaN()
  expect(mean(list)).toBe(25)
})
it.each([[0, '0 ms'], [0.0084, '8.4 µs'], [12.3456, '12.35 ms'], [999, '999 ms'], [5000, '5 s'], [90_500, '90.5 s']])('%d ms reads %s', (ms, text) => {
  expect(formatMs(ms)).toBe(text)
})
it('shows counts, shares and rounded values alike everywhere', () => {
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567'])
  expect(formatUnit(0.0123, 'share')).toBe('1.23 %')
  expect(formatUnit(12, 'paths')).toBe('12 paths')
  expect(rounded(0.1 + 0.2)).toBe(0.3)
})
