// New ids, and the randomness that decides about a trace.

import { expect, test } from 'vitest'
import { seededRandom } from '../../runtime.ts'
import type { TraceContext } from './context.ts'
import { hexWord } from './hex.ts'
import { newSpanId, newTraceId, randomnessOf, traceIdRandomness } from './ids.ts'

const context: TraceContext = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '', flags: 0, tracestate: '', threshold: '', randomness: '', otherOt: '' }

test('ids have their form, follow from the seed, and none comes twice', () => {
  const random = seededRandom(7)
  const traces = Array.from({ length: 5000 }, () => newTraceId(random))
  expect(traces.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true)
  expect(new Set(traces).size).toBe(traces.length)
  expect(newSpanId(seededRandom(3))).toMatch(/^[0-9a-f]{16}$/)
  expect(newSpanId(seededRandom(3))).toBe(newSpanId(seededRandom(3)))
})

test('words are written as eight digits', () => {
  expect([0, 1, 0x89abcdef, 0xffffffff].map(hexWord)).toEqual(['00000000', '00000001', '89abcdef', 'ffffffff'])
})

test('an id of noughts is drawn again', () => {
  const drawn = [0, 0, 0, 0.5]
  expect(newSpanId({ next: () => drawn.shift()! })).toMatch(/^(?=.*[^0])[0-9a-f]{16}$/)
  expect(drawn).toEqual([])
})

test('section 3.2.2.5.2: the last 14 digits of a trace id are random where the flag says so; rv counts before them', () => {
  expect(randomnessOf({ ...context, flags: 2 })).toBe(0xce929d0e0e47)
  expect(randomnessOf({ ...context, flags: 3, randomness: '0123456789abcd' })).toBe(0x0123456789ab)
  expect(randomnessOf({ ...context, randomness: 'ffffffffffffff' })).toBe(2 ** 48 - 1)
})

test('where nothing says that there is randomness, there is none; whoever presumes it all the same may look at the id', () => {
  expect(randomnessOf({ ...context, flags: 1 })).toBeNull()
  expect(traceIdRandomness(context.traceId)).toBe(0xce929d0e0e47)
})
