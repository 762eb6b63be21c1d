// The arithmetic of an echo service: bounds of its latency, and errors that add up.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { echoDelayMs, echoFails } from './behaviour.ts'

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const plain = { latencyMs: 20, jitterMs: 5, bytes: 0, errorRate: 0.1 }

it('answers within its jitter, later when degraded, never before it was asked', () => {
  fc.assert(fc.property(unit, fc.integer({ min: 0, max: 500 }), (u, delayMs) => {
    const own = echoDelayMs(plain, null, u)
    expect(own).toBeGreaterThanOrEqual(15)
    expect(own).toBeLessThanOrEqual(25)
    expect(echoDelayMs(plain, { delayMs, errorRate: 0 }, u)).toBeCloseTo(own + delayMs)
    expect(echoDelayMs({ ...plain, latencyMs: 1 }, null, u)).toBeGreaterThanOrEqual(0)
  }))
})

it('fails at its own rate, and at the joint rate when degraded', () => {
  const share = (degradation: { delayMs: number; errorRate: number } | null): number =>
    Array.from({ length: 10_000 }, (_, i) => i / 10_000).filter((u) => echoFails(plain, degradation, u)).length / 10_000
  expect(share(null)).toBeCloseTo(0.1, 3)
  expect(share({ delayMs: 0, errorRate: 0.5 })).toBeCloseTo(0.55, 3)
  expect(share({ delayMs: 0, errorRate: 1 })).toBe(1)
})
