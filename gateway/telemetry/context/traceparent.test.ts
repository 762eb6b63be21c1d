// `traceparent` as W3C trace context level 2, section 3.2, wants it.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, idOf } from './context.case.ts'
import { flagsIn, isTraceparent, parentIdIn, traceIdIn, writeTraceparent } from './traceparent.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = '00f067aa0ba902b7'
const good = `00-${trace}-${parent}-01`

describe('section 3.2.2.1, version', () => {
  test('00 is read; ff is forbidden; what is not two lower-case hex digits and a dash restarts the trace', () => {
    expect(isTraceparent(good)).toBe(true)
    for (const version of ['ff', 'FF', '0A', '0', '000', '  ', '.0', '0.', '-0']) expect(isTraceparent(`${version}-${trace}-${parent}-01`), version).toBe(false)
    expect(isTraceparent(good.replace('-', '_'))).toBe(false)
  })
})

describe('section 3.2.2.2, version-format of 00', () => {
  test('is exactly 55 characters', () => {
    for (const text of ['', good.slice(0, -1), `${good}0`, `${good}-`, `${good}-00`, `${good} `, ` ${good}`]) expect(isTraceparent(text), text).toBe(false)
  })

  test('has its dashes where they belong', () => {
    for (const at of [2, 35, 52]) expect(isTraceparent(`${good.slice(0, at)}0${good.slice(at + 1)}`)).toBe(false)
  })
})

test('sections 3.2.2.3 and 3.2.2.4: ids of noughts, capitals or other characters are invalid', () => {
  const ids = (traceId: string, spanId: string): boolean => isTraceparent(`00-${traceId}-${spanId}-01`)
  expect([ids('0'.repeat(32), parent), ids(trace, '0'.repeat(16))]).toEqual([false, false])
  expect([ids(trace.toUpperCase(), parent), ids(trace, parent.toUpperCase())]).toEqual([false, false])
  fc.assert(fc.property(fc.nat(47), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((char) => char.length === 1 && !/[0-9a-f]/.test(char)), (at, char) => {
    const both = trace + parent
    const bad = both.slice(0, at) + char + both.slice(at + 1)
    expect(ids(bad.slice(0, 32), bad.slice(32))).toBe(false)
  }))
})

test('section 3.2.2.5: flags are a bit field of two hex digits; section 3.2.2.5.3: others than sampled and random are not passed on', () => {
  for (let flags = 0; flags < 256; flags++) {
    const text = `00-${trace}-${parent}-${flags.toString(16).padStart(2, '0')}`
    expect([isTraceparent(text), flagsIn(text)]).toEqual([true, flags & 3])
    expect(writeTraceparent(trace, parent, flags)).toBe(`00-${trace}-${parent}-0${flags & 3}`)
  }
  for (const flags of ['0', 'x1', '0X', '.0', 'FF']) expect(isTraceparent(`00-${trace}-${parent}-${flags}`)).toBe(false)
})

test('section 3.2.4: of a later version the known fields are read, when they end or go on after a dash', () => {
  const later = (rest: string): boolean => isTraceparent(`cc-${trace}-${parent}-01${rest}`)
  expect(['', '-', '-what-the-future', '-01-'].map(later)).toEqual([true, true, true, true])
  expect(['0', '.', '.what', ' '].map(later)).toEqual([false, false, false, false])
  expect(isTraceparent(`cc-${trace}-${parent}-0`)).toBe(false)
})

test('whatever is written is read again, and whatever is read is written as version 00', () => {
  fc.assert(fc.property(idOf(32), idOf(16), fc.nat(3), hex(2).filter((version) => version !== 'ff' && version !== '00'), (traceId, spanId, flags, version) => {
    const text = writeTraceparent(traceId, spanId, flags)
    expect([isTraceparent(text), traceIdIn(text), parentIdIn(text), flagsIn(text)]).toEqual([true, traceId, spanId, flags])
    const later = `${version}${text.slice(2)}-later`
    expect(isTraceparent(later)).toBe(true)
    expect(writeTraceparent(traceIdIn(later), parentIdIn(later), flagsIn(later))).toBe(text)
  }))
})

test('agrees with a regular expression of the grammar on anything near it', () => {
  const grammar = /^(?!ff)(?:00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}|(?!00)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)$/s
  fc.assert(fc.property(fc.nat(57), fc.constantFrom('', '0', 'f', '-', 'g', 'A', '\u0130', '-x'), fc.boolean(), fc.constantFrom('00', '01', 'ff'), (at, piece, insert, version) => {
    const base = version + good.slice(2)
    const text = base.slice(0, at) + piece + base.slice(insert ? at : at + 1)
    expect(isTraceparent(text), text).toBe(grammar.test(text))
  }), { numRuns: 2000 })
})
