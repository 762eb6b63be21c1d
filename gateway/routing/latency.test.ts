// The histogram against sorting, and its memory.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, copyLatency, makeLatencyPool, recordLatency, takeLatency } from './latency.ts'

test('quantiles lie within one bucket of the sorted samples', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 300, max: 10_000_000 }), { minLength: 1, maxLength: 500 }), (samples) => {
    const pool = makeLatencyPool()
    const slot = takeLatency(pool, 0)
    for (const us of samples) recordLatency(pool, slot, us, 0)
    // Quantiles are read anew when a sixteenth is new: ask after as many repeats of a sample that changes little.
    const sorted = [...samples].sort((a, b) => a - b)
    const exact = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.99) - 1)]
    for (let again = 0; again < samples.length && !recordLatency(pool, slot, exact, 0);) again++
    expect(pool.p50Us[slot]).toBeGreaterThanOrEqual(sorted[0] * 0.75)
    expect(pool.p99Us[slot]).toBeLessThanOrEqual(sorted[sorted.length - 1] * 1.25)
    expect(Math.abs(bucketOf(pool.p99Us[slot]) - bucketOf(exact))).toBeLessThanOrEqual(1)
  }))
})

test('a change of latency takes over the median within a thousand answers, and with time alone', () => {
  const pool = makeLatencyPool()
  const [busy, slow] = [takeLatency(pool, 0), takeLatency(pool, 0)]
  for (let at = 0; at < 1000; at++) recordLatency(pool, busy, 10_000, 0)
  for (let at = 0; at < 1000; at++) recordLatency(pool, busy, 100_000, 0)
  expect(pool.p50Us[busy]).toBeGreaterThan(80_000)
  for (let at = 0; at < 100; at++) recordLatency(pool, slow, 10_000, at * 1000)
  for (let at = 0; at < 100; at++) recordLatency(pool, slow, 100_000, 1_000_000 * at)
  expect(pool.p50Us[slow]).toBeGreaterThan(80_000)
})

test('slots grow and are handed out clean', () => {
  const pool = makeLatencyPool()
  const slots = Array.from({ length: 200 }, () => takeLatency(pool, 0))
  for (const slot of slots) recordLatency(pool, slot, 1000 * (slot + 1), 0)
  expect(pool.p50Us[0]).toBeLessThan(1300)
  pool.spare.push(150)
  expect(takeLatency(pool, 5)).toBe(150)
  expect([pool.count[150], pool.p99Us[150]]).toEqual([0, NaN])
})

test('a copy begins with the same and goes its own way', () => {
  const pool = makeLatencyPool()
  const first = takeLatency(pool, 0)
  for (let at = 0; at < 100; at++) recordLatency(pool, first, 10_000, 0)
  const second = copyLatency(pool, first)
  const before = pool.p50Us[first]
  expect([pool.p50Us[second], pool.p99Us[second]]).toEqual([before, pool.p99Us[first]])
  for (let at = 0; at < 1000; at++) recordLatency(pool, second, 100_000, 0)
  expect(pool.p50Us[second]).toBeGreaterThan(80_000)
  expect(pool.p50Us[first]).toBe(before)
})
