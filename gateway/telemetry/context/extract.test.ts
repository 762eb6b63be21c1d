// Context from a request as a whole: which of several counts, what is named when it is broken, and what it costs.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baggageMember, carrierOf, carrierOfPairs, hex, idOf, keyOf, member } from './context.case.ts'
import { contextProblems, extract, inject, traceFields, traceparentOf, tracestateOf, withThreshold } from './index.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const b3 = '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1'
const from = (fields: Record<string, string>, acceptB3 = true) => extract(carrierOf(fields), { acceptB3 })

describe('what counts', () => {
  test('nothing came', () => {
    expect(from({})).toEqual({ context: null, format: 'none', problem: null, baggage: '' })
  })

  test('section 3.3: without a usable traceparent, tracestate is not read; the trace restarts', () => {
    expect(from({ tracestate: 'a=1' })).toMatchObject({ context: null, format: 'none', problem: null })
    expect(from({ traceparent: 'x', tracestate: '=' })).toMatchObject({ context: null, format: 'w3c', problem: 'traceparent-malformed' })
  })

  test('section 3.3: a broken tracestate does not touch traceparent', () => {
    expect(from({ traceparent, tracestate: 'A=1' })).toMatchObject({ context: { flags: 1, tracestate: '' }, problem: 'tracestate-malformed' })
    expect(from({ traceparent, tracestate: 'a=1,ot=th:X' })).toMatchObject({ context: { tracestate: 'a=1', threshold: '' }, problem: 'tracestate-ot' })
  })

  test('of W3C and B3, W3C counts, also when it is broken', () => {
    expect(from({ traceparent, b3 })).toMatchObject({ format: 'w3c', context: { spanId: '00f067aa0ba902b7' } })
    expect(from({ traceparent: '', b3 })).toMatchObject({ format: 'w3c', context: null })
  })

  test('B3 counts only where it is accepted', () => {
    expect(from({ b3 })).toMatchObject({ format: 'b3', context: { spanId: 'e457b5a2e4d86bd1', flags: 1 }, problem: null })
    expect(from({ b3 }, false)).toMatchObject({ format: 'none', context: null })
    expect(from({ b3: 'x' })).toMatchObject({ format: 'b3', context: null, problem: 'b3-malformed' })
  })

  test('baggage travels with context or without, and what is graver is named', () => {
    expect(from({ baggage: 'a=1' }, false)).toEqual({ context: null, format: 'none', problem: null, baggage: 'a=1' })
    expect(from({ traceparent, baggage: 'a' })).toMatchObject({ context: { flags: 1 }, problem: 'baggage-malformed', baggage: '' })
    expect(from({ traceparent: 'x', baggage: 'a' })).toMatchObject({ problem: 'traceparent-malformed', baggage: '' })
    expect(from({ traceparent: 'x', baggage: 'a=1' })).toMatchObject({ problem: 'traceparent-malformed', baggage: 'a=1' })
  })
})

test('a request without context costs two look-ups, four where B3 is accepted', () => {
  const asked: string[] = []
  const carrier = { get: (name: string) => void asked.push(name) }
  extract(carrier, { acceptB3: false })
  expect(asked).toHaveLength(2)
  extract(carrier, { acceptB3: true })
  expect(asked).toHaveLength(6)
})

test('any text in any field: nothing throws, and what is used can be passed on and read again', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }), fc.constant(traceparent), fc.constant(b3), fc.array(member).map((all) => all.join(',')),
    fc.array(fc.constantFrom('ot=', 'th:', ';', ',', '=', 'rv:', 'a', '0', ' ', '\t', '-'), { maxLength: 60 }).map((all) => all.join('')),
  )
  fc.assert(fc.property(fc.dictionary(fc.constantFrom(...traceFields), anything), fc.boolean(), (fields, acceptB3) => {
    const { context, problem, baggage, format } = from(fields, acceptB3)
    if (problem !== null) expect(contextProblems).toContain(problem)
    if (context === null) {
      expect(format !== 'none').toBe(problem === 'traceparent-malformed' || problem === 'b3-malformed')
      return
    }
    const again = extract(carrierOfPairs(inject(context, context.spanId, baggage)), { acceptB3: false })
    // Which members stood where `ot` was dropped as broken is all that may be lost.
    expect(again).toEqual({ context: { ...context, otAt: again.context?.otAt }, format: 'w3c', problem: null, baggage })
  }), { numRuns: 2000 })
})

test('what one gateway writes, the next one reads', () => {
  fc.assert(fc.property(
    idOf(32), idOf(16), fc.nat(3), fc.uniqueArray(member, { selector: keyOf, maxLength: 6 }), hex(14), fc.array(baggageMember, { maxLength: 5 }), idOf(16),
    (traceId, spanId, flags, members, threshold, baggage, own) => {
      const before = { traceId, spanId, flags, tracestate: members.join(','), threshold: '', randomness: '', otherOt: '' }
      const { context } = extract(carrierOfPairs(inject(withThreshold(before, threshold), own, baggage.join(','))), { acceptB3: false })
      expect(context).toEqual({ ...before, threshold, spanId: own, otAt: 0 })
      expect([traceparentOf(context!, own), tracestateOf(context!).startsWith(`ot=th:${threshold}`)]).toEqual([traceparentOf(before, own), true])
    }))
})

test('empty fields are left out', () => {
  const context = from({ traceparent }).context!
  expect(inject(context, 'b7ad6b7169203331', '')).toEqual(['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01'])
})
