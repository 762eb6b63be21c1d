// The budget by itself, and what it does to a storm of errors.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena, edgeTopology, ms, planFor } from './arena.case.ts'
import { budgetLeft, countRequest, grantBurst, makeBudget, spendRetry } from './budget.ts'
import { settingsOf } from './settings.ts'
import { defaultHealth } from '../snapshot/snapshot.ts'

const settings = settingsOf(defaultHealth)

test('never more than the share of the window or the floor', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 400_000 })), { maxLength: 600 }), (script) => {
    const budget = makeBudget()
    let nowUs = 5_000_000
    const requests: number[] = []
    const retries: number[] = []
    for (const [isRequest, waitUs] of script) {
      nowUs += waitUs
      if (isRequest) {
        countRequest(budget, settings, nowUs)
        requests.push(nowUs)
      } else while (spendRetry(budget, settings, nowUs)) retries.push(nowUs)
      // Buckets of a tenth: the window is between nine and ten seconds long.
      const recent = retries.filter((atUs) => atUs > nowUs - 9_000_000).length
      const asked = requests.filter((atUs) => atUs > nowUs - 20_000_000).length
      expect(recent).toBeLessThanOrEqual(Math.max(100, 0.2 * asked))
    }
  }))
})

test('the burst comes on top, is used first, and ends with the window', () => {
  const budget = makeBudget()
  const all = (): number => {
    let count = 0
    while (spendRetry(budget, settings, nowUs)) count++
    return count
  }
  let nowUs = 1_000_000
  expect(all()).toBe(100)
  grantBurst(budget, settings, 37, nowUs)
  expect(all()).toBe(37)
  grantBurst(budget, settings, 5, nowUs)
  nowUs += 10_000_001
  expect(budgetLeft(budget, settings, nowUs)).toBe(100)
})

test('an event a little in the past spoils nothing', () => {
  const budget = makeBudget()
  for (let at = 0; at < 1000; at++) countRequest(budget, settings, 9_999_999 + at)
  countRequest(budget, settings, 8_999_999)
  expect(budgetLeft(budget, settings, 10_000_500)).toBeCloseTo(200.2)
})

describe('a storm of errors everywhere', () => {
  test('is not made worse than by a fifth: the rest is forwarded as it came', () => {
    const health = { ...defaultHealth, outlier: { ...defaultHealth.outlier, consecutive5xx: 1e9 } }
    const arena = new Arena({ topology: edgeTopology([10, 20, 30]), latencyUs: () => 5 * ms, health })
    for (const region of [0, 1, 2]) arena.set(region, { kind: 'failing', status: 503 })
    arena.load(planFor(0), 400, 0, 20_000 * ms)
    arena.run(21_000 * ms)
    const extra = arena.rows.reduce((sum, { attempts }) => sum + attempts.length - 1, 0)
    expect(extra).toBeGreaterThan(0.15 * arena.rows.length)
    expect(extra).toBeLessThanOrEqual(0.2 * arena.rows.length + 100)
    expect(arena.rows.every(({ status }) => status === 503)).toBe(true)
  })
})
