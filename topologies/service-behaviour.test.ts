// The arithmetic of an echo service: bounds and moments of its latency, and errors that add up.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalQuantile } from './normal-quantile.ts'
import { echoDelayMs, echoFails, serviceDistributions, type EchoBehaviour } from './service-behaviour.ts'

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const plain: EchoBehaviour = { latencyMs: 20, jitterMs: 5, distribution: 'uniform', concurrency: null, bytes: 0, errorRate: 0.1 }
/** Midpoints of equal parts of [0, 1): sums over them are integrals. */
const evenly = Array.from({ length: 20_000 }, (_, i) => (i + 0.5) / 20_000)

it('answers within its jitter, later when degraded, never before it was asked', () => {
  fc.assert(fc.property(unit, fc.integer({ min: 0, max: 500 }), (u, delayMs) => {
    const own = echoDelayMs(plain, null, u)
    expect(own).toBeGreaterThanOrEqual(15)
    expect(own).toBeLessThanOrEqual(25)
    expect(echoDelayMs(plain, { delayMs, errorRate: 0 }, u)).toBeCloseTo(own + delayMs)
    expect(echoDelayMs({ ...plain, latencyMs: 1 }, null, u)).toBeGreaterThanOrEqual(0)
  }))
})

describe('each distribution', () => {
  it.each(serviceDistributions)('%s is finite, never negative and never falls as u rises', (distribution) => {
    fc.assert(fc.property(unit, unit, (one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)].map((u) => echoDelayMs({ ...plain, distribution }, null, u))
      expect(low).toBeGreaterThanOrEqual(0)
      expect(high).toBeGreaterThanOrEqual(low * (1 - 1e-9))
      expect(Number.isFinite(high)).toBe(true)
    }))
  })
  it('exponential has its latency as mean and its half-life as median', () => {
    const exponential: EchoBehaviour = { ...plain, distribution: 'exponential', jitterMs: 0 }
    const mean = evenly.reduce((sum, u) => sum + echoDelayMs(exponential, null, u), 0) / evenly.length
    expect(mean).toBeCloseTo(20, 1)
    expect(echoDelayMs(exponential, null, 0.5)).toBeCloseTo(20 * Math.LN2)
  })
  it('lognormal has its latency as median, latency + jitter one sigma above, and the mean that follows', () => {
    const lognormal: EchoBehaviour = { ...plain, distribution: 'lognormal' }
    expect(echoDelayMs(lognormal, null, 0.5)).toBeCloseTo(20)
    expect(echoDelayMs(lognormal, null, 0.841344746)).toBeCloseTo(25)
    const sigma = Math.log(25 / 20)
    const mean = evenly.reduce((sum, u) => sum + echoDelayMs(lognormal, null, u), 0) / evenly.length
    expect(mean).toBeCloseTo(20 * Math.exp(sigma ** 2 / 2), 2)
    expect(echoDelayMs({ ...lognormal, jitterMs: 0 }, null, 0.99)).toBe(20)
  })
})

it('normal quantiles are those of the tables, and mirror', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.1.
  for (const [p, z] of [[0.5, 0], [0.841344746, 1], [0.975, 1.959963985], [0.99865, 2.999977], [0.001, -3.090232306]]) expect(normalQuantile(p)).toBeCloseTo(z, 5)
  fc.assert(fc.property(fc.double({ min: 0.001, max: 0.5, noNaN: true }), (p) => {
    expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 6)
  }))
  expect(normalQuantile(0)).toBeGreaterThan(-7)
  expect(normalQuantile(1)).toBeLessThan(7)
})

it('fails at its own rate, and at the joint rate when degraded', () => {
  const share = (degradation: { delayMs: number; errorRate: number } | null): number =>
    Array.from({ length: 10_000 }, (_, i) => i / 10_000).filter((u) => echoFails(plain, degradation, u)).length / 10_000
  expect(share(null)).toBeCloseTo(0.1, 3)
  expect(share({ delayMs: 0, errorRate: 0.5 })).toBeCloseTo(0.55, 3)
  expect(share({ delayMs: 0, errorRate: 1 })).toBe(1)
})
