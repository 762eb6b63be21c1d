// Tries thresholds against the letter of OpenTelemetry's specification, and that rates order what is kept.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { thresholdRange } from './sampler.ts'
import { isKept, parseThreshold, probabilityOf, randomnessOf, thresholdOf, thresholdText } from './thresholds.ts'

const probability = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 47 }).map((power) => 2 ** -power))
const traceId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))

describe('thresholds', () => {
  test.each([
    [1, '0'], [0.5, '8'], [0.25, 'c'], [0.1, 'e666'], [0.01, 'fd70a'], [2 / 3, '5555'], [0, ''], [2 ** -48, 'ffffffffffff'], [2 ** -50, ''],
  ])('%d is th:%s', (asked, text) => {
    expect(thresholdText(thresholdOf(asked))).toBe(text)
  })

  test('say within 0.02 % what was asked for', () => {
    fc.assert(fc.property(fc.double({ min: 2 ** -30, max: 1, noNaN: true }), (asked) => {
      expect(Math.abs(probabilityOf(thresholdOf(asked)) - asked)).toBeLessThanOrEqual(2e-4 * asked)
    }))
  })

  test('read back what was written, and what others write', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: thresholdRange - 1 }), (threshold) => {
      expect(parseThreshold(thresholdText(threshold))).toBe(threshold)
    }))
    expect(['', 'g', 'FF', '123456789abcdef', '-1', '0x8'].map(parseThreshold)).toEqual([null, null, null, null, null, null])
    expect([parseThreshold('80000000000000'), parseThreshold('80000000000001'), parseThreshold('ffffffffffffff')])
      .toEqual([thresholdRange / 2, thresholdRange / 2 + 1, thresholdRange])
  })
})

describe('a trace', () => {
  test('has its randomness from the last 56 bits, or from what says so', () => {
    expect(randomnessOf('00000000000000000abcdef012345678', '').toString(16)).toBe('bcdef0123456')
    expect(randomnessOf('ffffffffffffffffffffffffffffffff', '00000000000001')).toBe(0)
  })

  test('that a lower rate keeps is kept by every higher one', () => {
    fc.assert(fc.property(traceId, probability, probability, (id, one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)]
      expect(thresholdOf(high)).toBeLessThanOrEqual(thresholdOf(low))
      const randomness = randomnessOf(id, '')
      if (isKept(randomness, thresholdOf(low))) expect(isKept(randomness, thresholdOf(high))).toBe(true)
    }), { numRuns: 2000 })
  })

  test('is judged alike by all gateways, in the order of their thresholds', () => {
    fc.assert(fc.property(traceId, fc.array(probability, { minLength: 1, maxLength: 15 }), (id, rates) => {
      const kept = rates.map(thresholdOf).sort((a, b) => a - b).map((threshold) => isKept(randomnessOf(id, ''), threshold))
      expect(kept.lastIndexOf(true)).toBe(kept.filter(Boolean).length - 1)
      expect(isKept(randomnessOf(id, ''), thresholdOf(1))).toBe(true)
      expect(isKept(randomnessOf(id, ''), thresholdOf(0))).toBe(false)
    }), { numRuns: 500 })
  })
})
