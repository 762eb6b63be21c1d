// Tries that budgets hold over minutes whatever the traffic, and how they are divided.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSamplingCore } from './index.ts'
import { adaptiveOf, mean, play, type Key } from './traffic.case.ts'

const minute = 60
/** Averages need a few windows before they are what they are to be. */
const settled = 45

/** All want more than the budget all of the time, so that it is neither exceeded nor left lying. */
const shapes: Record<string, (rate: number, of: number) => Key> = {
  poisson: (rate) => ({ rate: () => rate }),
  /** Two seconds at five times the rate, every eleven or so. */
  bursty: (rate, of) => ({ rate: (second) => ((second + of * 3) % (11 + (of % 5)) < 2 ? 5 * rate : rate) }),
  seasonal: (rate, of) => ({ rate: (second) => rate * (1 + 0.8 * Math.sin((2 * Math.PI * (second + of)) / (3 * minute))) }),
}

describe('a budget', () => {
  test.each(Object.keys(shapes).flatMap((shape) => [1, 7, 50].map((count) => [shape, count] as const)))('holds within a tenth: %s arrivals of %d keys', (shape, count) => {
    const budget = 40 + count
    // The quietest second of any shape offers twice the budget.
    const rate = (10 * budget) / count / 2
    const { seconds } = play(Array.from({ length: count }, (_, of) => shapes[shape](rate, of)), adaptiveOf(budget), 4 * minute + settled, count)
    const kept = mean(seconds.slice(settled).map((second) => second.kept))
    expect(mean(seconds.slice(settled).map(({ offered }) => offered))).toBeGreaterThan(2 * budget)
    expect(Math.abs(kept / budget - 1)).toBeLessThan(0.1)
  })

  test('holds for any number of keys, rates and seeds', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 1, max: 60, noNaN: true }), { minLength: 1, maxLength: 20 }), fc.integer(), fc.constantFrom(...Object.keys(shapes)), (rates, seed, shape) => {
      const budget = Math.max(20, rates.reduce((sum, rate) => sum + rate, 0) / 3)
      const keys = rates.map((rate, of) => shapes[shape](rate, of))
      const { seconds } = play(keys, adaptiveOf(budget), 3 * minute + settled, seed)
      // Four standard deviations of a Poisson count of traces of two spans, on top of the tenth.
      const chance = 4 * Math.sqrt(2 / (3 * minute * budget))
      expect(mean(seconds.slice(settled).map(({ kept }) => kept)) / budget).toBeLessThan(1.1 + chance)
    }), { numRuns: 15 })
  })

  test('is left alone by who needs little, and divided evenly among the rest', () => {
    const { core } = play([5, 10, 200, 800].map((rate) => ({ rate: () => rate })), adaptiveOf(130), 2 * minute)
    const rates = core.rates()
    expect(rates.slice(0, 2).map(({ probability }) => probability)).toEqual([1, 1])
    // 130 less 10 and 20 is 50 each; what the account says moves it a little.
    for (const { spansPerSecond } of rates.slice(2)) expect(Math.abs(spansPerSecond / 50 - 1)).toBeLessThan(0.3)
    expect(rates.map(({ budget }) => budget)).toEqual([130, 130, 130, 130])
  })

  test('keeps all that fits', () => {
    const { seconds } = play([{ rate: () => 10 }], adaptiveOf(100), minute)
    expect(seconds.every(({ kept, offered }) => kept === offered)).toBe(true)
  })
})

describe('a burst', () => {
  test('acts within the quarter second in which it comes', () => {
    const core = createSamplingCore()
    const key = core.key({ tenant: 'shop', route: 'r', protocol: 'http1' }, adaptiveOf(100))
    for (let quarter = 0; quarter <= 240; quarter++) {
      if (quarter > 0) for (let of = 0; of < 25; of++) core.finished(key, 2, 1000, false, core.head(key, quarter * 250_000))
      core.tick(quarter * 250_000)
    }
    // 100 requests a second of two spans on a budget of 100: half of them.
    const before = core.head(key, 60_100_000)
    let keptSpans = 0
    for (let of = 0; of < 10_000; of++) keptSpans += 2 * (1 - core.head(key, 60_100_000 + of) / 2 ** 48)
    expect(1 - before / 2 ** 48).toBeCloseTo(0.5, 1)
    // 10,000 at once, of which the rate before would have kept 10,000 spans: twice a quarter's 25, and 25 at each doubling.
    expect(keptSpans).toBeLessThan(25 * (2 + Math.log2(10_000 / 25)) * 1.5)
  })

  test('of a key that nobody knew is not kept whole', () => {
    const { seconds } = play([{ rate: () => 5000 }], adaptiveOf(100), 10)
    expect(seconds[0].kept).toBeLessThan(400)
  })
})
