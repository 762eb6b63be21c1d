// How values read, at the edges where rounding could lie.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failoverWords, oneLine, quantity, whenUtc } from './words.ts'
import { verdictCase } from './verdict.case.ts'

describe('quantity', () => {
  it.each([
    [0, 'ms', '0 ms'], [0.0084, 'ms', '8.4 µs'], [162.4, 'ms', '162 ms'], [12.34, 'ms', '12.3 ms'], [999.9, 'ms', '1,000 ms'], [5000, 'ms', '5 s'], [-12.5, 'ms', '-12.5 ms'],
    [0.9998, 'share', '99.98 %'], [0.99999, 'share', '> 99.99 %'], [1, 'share', '100 %'], [0.5, 'share', '50 %'], [0, 'share', '0 %'],
    [12_345, 'count', '12,345'], [1234.5, 'count', '1,235'], [3, 'probes', '3 probes'], [null, 'ms', 'not measured'], [Infinity, 'ms', 'without end'], [Number.NaN, '', 'not measured'],
  ])('%s %s is %s', (value, unit, words) => expect(quantity(value, unit)).toBe(words))

  it('never calls a share whole that is not', () => {
    fc.assert(fc.property(fc.double({ min: 0.9, max: 1, maxExcluded: true, noNaN: true }), (share) => {
      expect(quantity(share, 'share')).not.toBe('100 %')
    }))
  })
})

describe('failoverWords', () => {
  const failover = verdictCase().failover
  if (failover === null) throw new Error('the case has a failover')
  it('says what was measured, and how well', () => {
    expect(failoverWords(failover)).toBe('162 ms ± 10 ms')
    expect(failoverWords({ ...failover, belowResolution: true })).toBe('< 10 ms (no bad request)')
    expect(failoverWords({ ...failover, notRecovered: true, belowResolution: true })).toBe('not recovered before healing')
    expect(failoverWords(failover, 'short')).toBe('162 ms')
  })
})

it('dates are UTC, and what is no date stays', () => {
  expect(whenUtc('2026-01-02T03:04:05.678Z')).toBe('2026-01-02 03:04:05 UTC')
  expect(whenUtc('soon')).toBe('soon')
})

it('a line is one line, without control or direction characters', () => {
  expect(oneLine('a\n\tb\u001b[31mc\u202ed')).toBe('a b?[31mc?d')
})
