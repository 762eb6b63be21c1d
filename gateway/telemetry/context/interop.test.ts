// With OpenTelemetry's own propagators: what they write is read here, and what is written here they read.

import { propagation, ROOT_CONTEXT, trace, type TextMapPropagator } from '@opentelemetry/api'
import { TraceState, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { carrierOf, hex, idOf, keyOf, member } from './context.case.ts'
import { extract, inject } from './index.ts'

type Wire = Record<string, string>
const setter = { set: (wire: Wire, name: string, value: string) => { wire[name.toLowerCase()] = value } }
const getter = { get: (wire: Wire, name: string) => wire[name.toLowerCase()], keys: (wire: Wire) => Object.keys(wire) }
const w3c = new W3CTraceContextPropagator()
const state = fc.uniqueArray(member, { selector: keyOf, minLength: 1, maxLength: 8 }).map((all) => all.join(','))

function written(propagator: TextMapPropagator, traceId: string, spanId: string, traceFlags: number, tracestate?: string): Wire {
  const spanContext = { traceId, spanId, traceFlags, ...(tracestate === undefined ? {} : { traceState: new TraceState(tracestate) }) }
  const wire: Wire = {}
  propagator.inject(trace.setSpanContext(ROOT_CONTEXT, spanContext), wire, setter)
  return wire
}

function wireOf(pairs: readonly string[]): Wire {
  return Object.fromEntries(Array.from({ length: pairs.length / 2 }, (_, at) => [pairs[2 * at], pairs[2 * at + 1]]))
}

test('traceparent and tracestate of W3CTraceContextPropagator are read', () => {
  fc.assert(fc.property(idOf(32), idOf(16), fc.nat(1), state, (traceId, spanId, flags, tracestate) => {
    const { context, problem } = extract(carrierOf(written(w3c, traceId, spanId, flags, tracestate)), { acceptB3: false })
    expect(problem).toBeNull()
    expect(context).toMatchObject({ traceId, spanId, flags, tracestate })
  }))
})

test('traceparent and tracestate of ours are read by W3CTraceContextPropagator', () => {
  fc.assert(fc.property(idOf(32), idOf(16), fc.nat(3), state, hex(12), (traceId, spanId, flags, tracestate, threshold) => {
    const wire = wireOf(inject({ traceId, spanId: '', flags, tracestate, threshold, randomness: '', otherOt: '' }, spanId, ''))
    const read = trace.getSpanContext(w3c.extract(ROOT_CONTEXT, wire, getter))
    expect(read).toMatchObject({ traceId, spanId, traceFlags: flags, isRemote: true })
    expect(read?.traceState?.serialize()).toBe(`ot=th:${threshold},${tracestate}`)
  }))
})

test.each([['single', B3InjectEncoding.SINGLE_HEADER], ['multi', B3InjectEncoding.MULTI_HEADER]])('B3 of B3Propagator (%s header) is read', (_, injectEncoding) => {
  const b3 = new B3Propagator({ injectEncoding })
  fc.assert(fc.property(idOf(32), idOf(16), fc.nat(1), (traceId, spanId, flags) => {
    expect(extract(carrierOf(written(b3, traceId, spanId, flags)), { acceptB3: true })).toMatchObject({ format: 'b3', problem: null, context: { traceId, spanId, flags } })
  }))
})

test('baggage of W3CBaggagePropagator is read, and ours by it, whatever its values', () => {
  const propagator = new W3CBaggagePropagator()
  const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,15}$/).filter((name) => !(name in {}))
  const entries = fc.dictionary(key, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => value.isWellFormed()), { minKeys: 1, maxKeys: 10 })
  fc.assert(fc.property(entries, (values) => {
    const wire: Wire = {}
    const bag = propagation.createBaggage(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])))
    propagator.inject(propagation.setBaggage(ROOT_CONTEXT, bag), wire, setter)
    const { baggage, problem } = extract(carrierOf(wire), { acceptB3: false })
    expect([baggage, problem]).toEqual([wire.baggage, null])
    const context = { traceId: '1'.repeat(32), spanId: '', flags: 0, tracestate: '', threshold: '', randomness: '', otherOt: '' }
    const read = propagation.getBaggage(propagator.extract(ROOT_CONTEXT, wireOf(inject(context, '2'.repeat(16), baggage)), getter))
    expect(Object.fromEntries(read!.getAllEntries().map(([name, { value }]) => [name, value]))).toEqual({ ...values })
  }))
})
