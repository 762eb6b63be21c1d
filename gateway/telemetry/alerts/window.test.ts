// Sliding windows against all that was ever added, kept in a list.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketUs, createWindow } from './window.ts'

const second = 1_000_000

test('a sum is never less than what was added in its span, nor more than what a bucket earlier began', () => {
  const added = fc.record({ afterUs: fc.nat(20 * second), channel: fc.nat(1), amount: fc.nat(50) })
  const settings = fc.record({ shortS: fc.integer({ min: 1, max: 40 }), factor: fc.integer({ min: 1, max: 12 }) })
  fc.assert(fc.property(settings, fc.array(added, { maxLength: 60 }), fc.nat(200 * second), ({ shortS, factor }, all, laterUs) => {
    const made = { spanUs: shortS * factor * second, shortestUs: shortS * second, channels: 2 }
    const window = createWindow(made)
    const width = bucketUs(made)
    let nowUs = 7 * second
    const log = all.map(({ afterUs, channel, amount }) => {
      nowUs += afterUs
      window.add(channel, amount, nowUs)
      return { atUs: nowUs, channel, amount }
    })
    nowUs += laterUs
    const since = (us: number, channel: number): number => log.filter((one) => one.channel === channel && one.atUs > nowUs - us).reduce((sum, { amount }) => sum + amount, 0)
    for (const spanUs of [made.shortestUs, made.spanUs]) {
      for (const channel of [0, 1]) {
        const sum = window.sum(channel, spanUs, nowUs)
        expect(sum).toBeGreaterThanOrEqual(since(spanUs, channel))
        expect(sum).toBeLessThanOrEqual(since(spanUs + 2 * width, channel))
      }
    }
    if (window.empty(nowUs)) expect(since(made.spanUs, 0) + since(made.spanUs, 1)).toBe(0)
  }))
})

test('buckets are a twelfth of the shortest span, and no narrower than reports come', () => {
  expect([1, 12, 13, 300].map((seconds) => bucketUs({ shortestUs: seconds * second }) / second)).toEqual([1, 1, expect.closeTo(13 / 12, 5), 25])
})
