// Tries that rates rise while something is out of the ordinary, soon and not for nothing, and come back to where they were.

import { describe, expect, test } from 'vitest'
import type { Random } from '../../ports.ts'
import { adaptiveOf, play, samplingOf, type Key, type Played } from './traffic.case.ts'

const anomaly = { factor: 10, halfLifeMs: 8000 }
const at5Percent = samplingOf({ kind: 'probability', probability: 0.05 }, { anomaly })

interface Trouble { from: number; to: number; failed?: number; slow?: number; surge?: number }

/** Log-normal durations of 20 ms at the median, one request in a hundred fails; between `from` and `to` something is wrong. */
function troubled(rate: number, { from, to, failed = 0, slow = 0, surge = 1 }: Trouble): Key {
  const isOn = (second: number): boolean => second >= from && second < to
  return {
    rate: (second) => (isOn(second) ? surge * rate : rate),
    request: (second, random) => ({
      durationUs: 20_000 * Math.exp(0.4 * normal(random)) + (isOn(second) && random.next() < slow ? 300_000 : 0),
      failed: random.next() < (isOn(second) ? Math.max(failed, 0.01) : 0.01),
    }),
  }
}

/** Box and Muller 1958. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

const raises = ({ changes }: Played) => changes.filter(({ cause, anomaly: seen }, index) => cause === 'anomaly' && changes[index - 1]?.anomaly !== seen)
const ofCause = ({ changes }: Played, cause: string) => changes.filter((change) => change.cause === cause)

describe('an anomaly', () => {
  const kinds: [string, Omit<Trouble, 'from' | 'to'>][] = [['errors', { failed: 0.8 }], ['slow', { slow: 0.9 }], ['rate', { surge: 6 }]]

  test.each(kinds.flatMap(([kind, trouble]) => [20, 100, 500].map((rate) => [kind, rate, trouble] as const)))(
    '%s at %d requests a second raises within a second, and is over in a minute', (kind, rate, trouble) => {
      for (let seed = 1; seed <= 20; seed++) {
        const played = play([troubled(rate, { from: 60.1, to: 75.1, ...trouble })], at5Percent, 140, seed)
        const [first] = raises(played)
        expect([first.anomaly, first.probability]).toEqual([kind, 0.5])
        expect(first.second).toBeGreaterThan(60.1)
        // A slow request shows when it is over, 300 ms later; a quarter second ends after at most 250 ms.
        expect(first.second).toBeLessThanOrEqual(61.1 + (kind === 'slow' ? 0.3 : 0))
        const [back] = ofCause(played, 'baseline')
        expect(back.second).toBeGreaterThan(75.1)
        expect(back.second).toBeLessThan(75.1 + 60)
        // As 5 % is told in the threshold's own digits, exactly.
        expect(back.probability).toBe(0.05)
        expect(played.seconds.at(-1)?.probabilities).toEqual([0.05])
      }
    })

  test('decays by half in each half-life, and only adds traces on the way', () => {
    const played = play([troubled(100, { from: 60, to: 70, failed: 1 })], at5Percent, 140)
    const [start] = ofCause(played, 'decay')
    const after = (seconds: number) => played.seconds[Math.round(start.second) + seconds - 1].probabilities[0]
    expect([8, 16, 24].map((seconds) => after(seconds) / 0.5)).toEqual([0.5, 0.25, 0.125].map((share) => expect.closeTo(share, 1)))
    expect(played.seconds.every(({ probabilities }) => probabilities[0] >= 0.05)).toBe(true)
  })

  test('raises what a budget allows, and leaves the budget as it was', () => {
    const played = play([troubled(200, { from: 120, to: 130, failed: 0.6 })], adaptiveOf(40, { anomaly }), 240)
    expect(raises(played).map(({ anomaly: seen }) => seen)).toEqual(['errors'])
    const before = played.seconds.slice(60, 119).flatMap(({ probabilities }) => probabilities)
    const during = played.seconds[125].probabilities[0]
    const after = played.seconds.slice(200).flatMap(({ probabilities }) => probabilities)
    expect(during).toBeGreaterThan(0.8)
    for (const rate of [...before, ...after]) expect(rate).toBeLessThan(0.15)
  })

  test('that lasts is not taken for usual for minutes, and is in the end', () => {
    const forTenMinutes = play([troubled(50, { from: 60, to: 3600, failed: 0.5 })], at5Percent, 1000)
    expect(raises(forTenMinutes)).toHaveLength(1)
    const [start] = ofCause(forTenMinutes, 'decay')
    expect(start.second).toBeGreaterThan(60 + 300)
    expect(start.second).toBeLessThan(60 + 600)
    expect(forTenMinutes.seconds.at(-1)?.probabilities).toEqual([0.05])
  })

  test('that comes again raises again, also on the way back', () => {
    const [one, other] = [troubled(50, { from: 60, to: 65, failed: 1 }), troubled(50, { from: 75, to: 80, failed: 1 })]
    const both: Key = { rate: one.rate, request: (second, random) => (second < 70 ? one : other).request!(second, random) }
    const played = play([both], at5Percent, 140)
    expect(ofCause(played, 'anomaly').map(({ second }) => Math.floor(second))).toEqual([60, 75])
    expect(played.seconds.at(-1)?.probabilities).toEqual([0.05])
  })
})

describe('nothing', () => {
  test('is made of steady traffic: no alarm in 18 hours of Poisson arrivals', () => {
    // 3 keys over 6 hours of virtual time; at most one alarm a day and key is what a person would bear, here there is none.
    const keys = [1, 8, 20].map((rate) => troubled(rate, { from: 0, to: 0 }))
    expect(raises(play(keys, at5Percent, 6 * 3600, 3))).toEqual([])
  })

  test('is made of a pause of the process, of a slow season, or of small shifts', () => {
    const paused: Key = {
      rate: () => 200,
      request: (second, random) => ({ durationUs: 20_000 + 5000 * random.next() + (second % 30 > 29.8 ? (30 - (second % 30)) * 1e6 : 0), failed: false }),
    }
    const shifted: Key = {
      rate: (second) => 100 * (1 + 0.5 * Math.sin(second / 60)),
      request: (second, random) => ({ durationUs: (second > 120 ? 22_000 : 20_000) * (1 + 0.2 * random.next()), failed: random.next() < (second > 120 ? 0.03 : 0.02) }),
    }
    expect(raises(play([paused, shifted], at5Percent, 600))).toEqual([])
  })

  test('is said of a key that is hardly used, or of the first seconds', () => {
    expect(raises(play([troubled(0.2, { from: 0, to: 0, failed: 1 }), troubled(50, { from: 0, to: 7, failed: 1 })], at5Percent, 60))).toEqual([])
  })
})
