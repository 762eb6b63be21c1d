// `tracestate` as W3C trace context level 2, sections 3.3 and 3.5, wants it, and the member of OpenTelemetry in it.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, keyOf, member } from './context.case.ts'
import type { TraceContext } from './context.ts'
import { withThreshold } from './inject.ts'
import { maxLength, maxMembers, parseTracestate, writeTracestate } from './tracestate.ts'

const base: TraceContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), flags: 1, tracestate: '', threshold: '', randomness: '', otherOt: '' }
const contextOf = (text: string): TraceContext => {
  const { broken: _, ...read } = parseTracestate(text)
  return { ...base, ...read }
}
const passed = (text: string): string => writeTracestate(contextOf(text))
const isBroken = (text: string): boolean => parseTracestate(text).broken === 'list'
const many = (count: number): string => Array.from({ length: count }, (_, at) => `k${at}=v`).join(',')

describe('section 3.3, list', () => {
  test('empty and blank members mean nothing; blanks and tabs around members are taken off', () => {
    for (const text of ['', ' ', ',', ' ,\t, ']) expect([isBroken(text), passed(text)]).toEqual([false, ''])
    expect(passed(' a=1\t,, \tb=2 ,')).toBe('a=1,b=2')
  })

  test('32 members are passed on, a list of 33 is broken', () => {
    expect(passed(many(maxMembers))).toBe(many(maxMembers))
    expect([isBroken(many(33)), passed(many(33))]).toEqual([true, ''])
  })
})

describe('section 3.3, key', () => {
  test('begins with a lower-case letter or a digit and goes on with those and _-*/@, 256 characters at most', () => {
    for (const key of ['a', '0', '1a@v', 'a@b@c', 'foo@', 'a_-*/9', 'k'.repeat(256)]) expect(passed(`${key}=1`)).toBe(`${key}=1`)
    for (const key of ['', 'A', 'aB', '_a', '@a', '-a', 'a b', 'a.b', 'a:b', 'é', 'aé', 'k'.repeat(257)]) expect(isBroken(`${key}=1`), key).toBe(true)
  })
})

describe('section 3.3, value', () => {
  test('is 1 to 256 printable characters without comma and equals sign; inner and leading blanks belong to it', () => {
    for (const value of ['1', ' 1', 'a b', '!~;:/"', 'v'.repeat(256)]) expect(passed(`a=${value}`)).toBe(`a=${value}`)
    for (const value of ['', '   ', '1=2', '=', 'a\tb', 'é', '\u007f', '\n1', 'v'.repeat(257)]) expect(isBroken(`a=${value}`), value).toBe(true)
    expect([isBroken('a'), isBroken('a=1,b'), isBroken('a=1;b=2')]).toEqual([true, true, true])
  })
})

test('section 3.3, combined value: one entry a key, the first, which is the later one', () => {
  expect(passed('a=1,b=2,a=3')).toBe('a=1,b=2')
  expect(passed('ot=th:8,b=2,ot=th:4')).toBe('ot=th:8,b=2')
})

describe('section 3.3, limits: 512 characters', () => {
  test('members longer than 128 characters go first, from the end', () => {
    const long = (key: string): string => `${key}=${'v'.repeat(200)}`
    expect(passed([long('a'), 'b=1', long('c'), 'd=2', long('e')].join(','))).toBe([long('a'), 'b=1', long('c'), 'd=2'].join(','))
  })

  test('then members go from the end, whole', () => {
    const all = Array.from({ length: 10 }, (_, at) => `k${at}=${'v'.repeat(97)}`)
    expect(passed(all.join(','))).toBe(all.slice(0, 5).join(','))
  })

  test('whatever came, what goes out is within the limits, in order, of whole members, and reads the same again', () => {
    fc.assert(fc.property(fc.uniqueArray(member, { selector: keyOf, maxLength: maxMembers - 1 }), hex(14), fc.nat(31), (members, threshold, at) => {
      const all = [...members]
      all.splice(at, 0, `ot=th:${threshold}`)
      const out = passed(all.join(', '))
      const left = out.split(',')
      expect(out.length).toBeLessThanOrEqual(maxLength)
      expect(left).toEqual(all.filter((one) => left.includes(one)))
      expect(left).toContain(`ot=th:${threshold}`)
      expect(all.join(',').length <= maxLength ? left : all).toEqual(all)
      expect(passed(out)).toBe(out)
    }))
  })
})

describe('section 3.5, mutating', () => {
  test('what is not changed keeps its place', () => {
    expect(passed('a=1,ot=th:8,b=2')).toBe('a=1,ot=th:8,b=2')
    expect(writeTracestate(withThreshold(contextOf('a=1,ot=th:8'), '8'))).toBe('a=1,ot=th:8')
  })

  test('a changed member and a new one move to the front', () => {
    expect(writeTracestate(withThreshold(contextOf('a=1,ot=th:8;rv:0123456789abcd;x:y,b=2'), 'c'))).toBe('ot=th:c;rv:0123456789abcd;x:y,a=1,b=2')
    expect(writeTracestate(withThreshold(contextOf('a=1,b=2'), 'c'))).toBe('ot=th:c,a=1,b=2')
    expect(writeTracestate(withThreshold(contextOf('a=1,ot=th:8'), ''))).toBe('a=1')
  })

  test('a member that comes to 32 others pushes the last one out', () => {
    expect(writeTracestate(withThreshold(contextOf(many(32)), '8'))).toBe(`ot=th:8,${many(31)}`)
  })
})

describe('OpenTelemetry, TraceState handling', () => {
  test('threshold and randomness are read, other sub-keys passed on behind them', () => {
    expect(parseTracestate('ot=x:y;rv:0123456789abcd;th:fe8')).toMatchObject({ threshold: 'fe8', randomness: '0123456789abcd', otherOt: 'x:y', broken: null })
    expect(passed('ot=x:y;rv:0123456789abcd;th:fe8;p:8')).toBe('ot=th:fe8;rv:0123456789abcd;x:y;p:8')
  })

  test.each([
    ['th:', ''], ['th:X', ''], ['th:FE', ''], ['th:0123456789abcde', ''], ['rv:123', ''], ['rv:0123456789abcX', ''], ['th:8;rv:1', 'th:8'],
    ['th', ''], ['th:8;;a:b', 'th:8;a:b'], ['Bad:1;a:b', 'a:b'], ['th:8;th:4', 'th:8'],
  ])('of ot=%s only what is whole is used', (value, left) => {
    expect(parseTracestate(`ot=${value},a=1`)).toMatchObject({ broken: 'ot', tracestate: 'a=1' })
    expect(passed(`ot=${value},a=1`)).toBe(left === '' ? 'a=1' : `ot=${left},a=1`)
  })

  test('the member never exceeds 256 characters: what is not known goes from the end', () => {
    const others = Array.from({ length: 30 }, (_, at) => `k${at}:${'v'.repeat(8)}`).join(';')
    const out = writeTracestate({ ...base, threshold: '8', otherOt: others })
    expect(out.length).toBeLessThanOrEqual('ot='.length + 256)
    expect(`ot=th:8;${others}`.startsWith(`${out};`)).toBe(true)
  })
})
