// The timing wheel against the obvious: a map that is searched.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arm, disarm, expire, makeDeadlines, nextDeadline } from './deadlines.ts'

const steps = fc.oneof(
  fc.record({ kind: fc.constant('arm' as const), entry: fc.nat(15), inUs: fc.integer({ min: -5000, max: 9_000_000 }) }),
  fc.record({ kind: fc.constant('disarm' as const), entry: fc.nat(15), inUs: fc.constant(0) }),
  fc.record({ kind: fc.constant('wait' as const), entry: fc.constant(0), inUs: fc.oneof(fc.nat(20_000), fc.nat(6_000_000)) }),
)

test('what is due expires once, nothing else does, and the next deadline is never told too late', () => {
  fc.assert(fc.property(fc.array(steps, { maxLength: 200 }), (script) => {
    let nowUs = 1_000_000
    const wheel = makeDeadlines(16, 8192, nowUs)
    const plain = new Map<number, number>()
    for (const { kind, entry, inUs } of script) {
      if (kind === 'arm') {
        arm(wheel, entry, nowUs + inUs)
        plain.set(entry, nowUs + inUs)
      } else if (kind === 'disarm') {
        disarm(wheel, entry)
        plain.delete(entry)
      } else {
        nowUs += inUs
        const count = expire(wheel, nowUs)
        const due = [...plain].filter(([, dueUs]) => dueUs <= nowUs).map(([of]) => of)
        expect([...wheel.expired.slice(0, count)].sort()).toEqual(due.sort())
        for (const of of due) plain.delete(of)
      }
      expect(wheel.armed).toBe(plain.size)
      expect(nextDeadline(wheel)).toBeLessThanOrEqual(Math.min(Infinity, ...plain.values()) + 0)
      if (plain.size === 0) expect(nextDeadline(wheel)).toBe(Infinity)
    }
  }))
})
