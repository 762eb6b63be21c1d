// Seasons: what arrives in a window is the integral of the rate over it, whatever the season, and an arrival hangs on nothing
// but its number.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrivalsOf } from './arrivals.ts'
import { atSeasonClock, seasonClock, type Season } from './season.ts'
import type { LoadSpec, StreamSpec } from './substrate.ts'

const hourUs = 3_600_000_000
const anySeason: fc.Arbitrary<Season> = fc.record({
  periodUs: fc.integer({ min: 1_000_000, max: 24 * hourUs }),
  swing: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
})

function loadOf(stream: Partial<StreamSpec>, toUs: number, fromUs = 0): LoadSpec {
  const spec: StreamSpec = {
    group: 'europe', entry: null, ratePerSecond: 50, arrivals: 'constant', seed: 7, phaseUs: 0, timeoutMs: 2000, pinned: null,
    templates: [{ name: 'cart', weight: 1, method: 'GET', host: 'shop.example', path: '/', headers: {}, bodyBytes: 0 }], ...stream,
  }
  return { name: 'load', source: 'load', engine: 'open-loop', streams: [spec], fromUs, toUs }
}

const timesOf = (load: LoadSpec): number[] => [...arrivalsOf(load, 0)].map(({ atUs }) => atUs)

/** The integral by the trapezoid rule, knowing nothing of how the clock is computed; as a count of arrivals. */
function expectedBetween({ periodUs, swing }: Season, ratePerSecond: number, fromUs: number, toUs: number): number {
  const steps = 20_000
  const rate = (atUs: number): number => (ratePerSecond / 1e6) * (1 + swing * Math.sin((2 * Math.PI * atUs) / periodUs))
  const widthUs = (toUs - fromUs) / steps
  let sum = (rate(fromUs) + rate(toUs)) / 2
  for (let at = 1; at < steps; at++) sum += rate(fromUs + at * widthUs)
  return sum * widthUs
}

describe('the clock of a season', () => {
  it('is undone by its inverse, also where the rate is nought', () => {
    fc.assert(fc.property(anySeason, fc.double({ min: 0, max: 3, noNaN: true }), (season, periods) => {
      const clockUs = periods * season.periodUs
      expect(Math.abs(seasonClock(season, atSeasonClock(season, clockUs)) - clockUs)).toBeLessThan(0.05)
    }))
  })

  it('is the run\'s own where nothing swings, and where a period ends', () => {
    fc.assert(fc.property(anySeason, fc.integer({ min: 0, max: 9 }), (season, periods) => {
      const wholeUs = periods * season.periodUs
      expect(seasonClock({ ...season, swing: 0 }, 1234.5)).toBeCloseTo(1234.5)
      expect(Math.abs(seasonClock(season, wholeUs) - wholeUs)).toBeLessThan(0.05)
    }))
  })
})

describe('arrivals of a season', () => {
  const anyWindow = fc.record({ season: anySeason, ratePerSecond: fc.double({ min: 1, max: 400, noNaN: true }), cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 }) })

  it('are as many in every window as the integral of the rate says', () => {
    fc.assert(fc.property(anyWindow, ({ season, ratePerSecond, cuts }) => {
      const toUs = Math.round(2000 / ratePerSecond * 1e6)
      const times = timesOf(loadOf({ season, ratePerSecond }, toUs))
      const bounds = [0, ...cuts.map((cut) => cut * toUs).sort((a, b) => a - b), toUs]
      bounds.slice(1).forEach((toBound, at) => {
        const found = times.filter((time) => time >= bounds[at] && time < toBound).length
        // One at each end may be on either side.
        expect(Math.abs(found - expectedBetween(season, ratePerSecond, bounds[at], toBound))).toBeLessThan(2.01)
      })
    }), { numRuns: 40 })
  })

  it('never stand still or go back, and come as they did before', () => {
    fc.assert(fc.property(anySeason, fc.constantFrom('constant' as const, 'poisson' as const), fc.integer(), (season, arrivals, seed) => {
      const load = loadOf({ season, arrivals, seed, phaseUs: 777 }, 3_600_000_000 + 10_000_000, 3_600_000_000)
      const times = timesOf(load)
      expect(times[0]).toBe(3_600_000_777)
      for (let at = 1; at < times.length; at++) {
        if (arrivals === 'constant') expect(times[at]).toBeGreaterThan(times[at - 1])
        else expect(times[at]).toBeGreaterThanOrEqual(times[at - 1])
      }
      expect(timesOf(structuredClone(load))).toEqual(times)
    }), { numRuns: 40 })
  })

  it('of a Poisson stream swing as much', () => {
    const season = { periodUs: 10_000_000, swing: 0.8 }
    const times = timesOf(loadOf({ season, arrivals: 'poisson', ratePerSecond: 1000 }, 40_000_000))
    const inHalf = (high: boolean): number => times.filter((time) => (time % season.periodUs < season.periodUs / 2) === high).length
    // Over a half the sine averages 2 / pi. Standard deviations are 174 and 99: six of them, and the seed is fixed.
    expect(Math.abs(inHalf(true) - 20_000 * (1 + 0.8 * 2 / Math.PI))).toBeLessThan(1050)
    expect(Math.abs(inHalf(false) - 20_000 * (1 - 0.8 * 2 / Math.PI))).toBeLessThan(600)
  })
})
