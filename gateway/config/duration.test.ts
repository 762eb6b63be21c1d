// Tries durations as people write them: what is read, what is refused, and that writing and reading agree.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { durationUs, formatDuration, parseDurationUs } from './duration.ts'

describe('durations', () => {
  it.each([['250us', 250], ['90ms', 90_000], ['5s', 5e6], ['1.5m', 9e7], ['2h', 7.2e9], ['1m30s', 9e7], ['0s', 0]])('%s is %d microseconds', (text, us) => {
    expect(parseDurationUs(text)).toBe(us)
  })

  it.each(['', '5', 's', '5 s', '-5s', '5S', '1e3s', '5s!', '9999999999999999h'])('%j is none', (text) => {
    expect(() => parseDurationUs(text)).toThrow(RangeError)
  })

  it('reads back what it writes', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 46 }), (us) => {
      expect(parseDurationUs(formatDuration(us))).toBe(us)
    }))
  })

  it('is a string in files and a number after', () => {
    expect(durationUs.parse('1m30s')).toBe(90_000_000)
    expect(durationUs.safeParse('soon').success).toBe(false)
    expect(durationUs.safeParse('9999999999999999h').success).toBe(false)
    expect(z.toJSONSchema(durationUs, { io: 'input' })).toMatchObject({ type: 'string', pattern: expect.stringContaining('us|ms|s|m|h') })
  })
})
