// B3 in one field and in several (openzipkin/b3-propagation).

import { expect, test } from 'vitest'
import { extractB3 } from './b3.ts'
import { carrierOf } from './context.case.ts'

const long = '80f198ee56343ba864fe8b2a57d3eff7'
const short = '64fe8b2a57d3eff7'
const span = 'e457b5a2e4d86bd1'
const one = (b3: string) => extractB3(carrierOf({ b3 }))
const several = (fields: Record<string, string>) => extractB3(carrierOf({ 'x-b3-traceid': long, 'x-b3-spanid': span, ...fields }))

test('one field: ids, state and parent', () => {
  expect(one(`${long}-${span}`)).toMatchObject({ traceId: long, spanId: span, flags: 0, tracestate: '' })
  expect(['0', '1', 'd'].map((state) => one(`${long}-${span}-${state}`)?.flags)).toEqual([0, 1, 1])
  expect(one(`${long}-${span}-1-05e3ac9a4f6e3b90`)).toMatchObject({ spanId: span, flags: 1 })
})

test('trace ids of 64 bits are filled up from the left, and are never said to be random', () => {
  expect(one(`${short}-${span}-1`)).toMatchObject({ traceId: `0000000000000000${short}`, flags: 1 })
})

test('a wish without ids is no context', () => {
  expect(['0', '1', 'd'].map(one)).toEqual([undefined, undefined, undefined])
  expect(extractB3(carrierOf({ 'x-b3-sampled': '1' }))).toBeUndefined()
})

test.each(['', '-', 'x', long, `${long}-`, `${long}-${span}-`, `${long}-${span}-2`, `${long}-${span}-1-`, `${long}-${span}-1-${span}-1`, `${long}-${span.slice(1)}-1`,
  `${long.toUpperCase()}-${span}-1`, `${'0'.repeat(32)}-${span}-1`, `${long}-${'0'.repeat(16)}-1`, `${long}0-${span}-1`])('%j is broken', (text) => {
  expect(one(text)).toBeNull()
})

test('several fields: ids, and the state as Zipkin and its elders wrote it', () => {
  expect(several({})).toMatchObject({ traceId: long, spanId: span, flags: 0 })
  expect(several({ 'x-b3-traceid': short })).toMatchObject({ traceId: `0000000000000000${short}` })
  const states = [['x-b3-sampled', '1'], ['x-b3-sampled', 'true'], ['x-b3-flags', '1'], ['x-b3-sampled', '0'], ['x-b3-sampled', 'false']]
  expect(states.map(([name, value]) => several({ [name]: value })?.flags)).toEqual([1, 1, 1, 0, 0])
  expect([several({ 'x-b3-traceid': 'x' }), several({ 'x-b3-spanid': '' })]).toEqual([null, null])
})
