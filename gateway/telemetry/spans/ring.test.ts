// The ring against a model that anybody can follow: a list of spans, from which the oldest go.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeSpan, maxSpanBytes, traceIdsOf } from './codec.ts'
import { NameTable } from './names.ts'
import { minRingBytes, TraceRing } from './ring.ts'
import type { ClientSpan } from './span.ts'

const traces = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32))

/** `length` octets of method and request id make entries of different sizes. */
function span(traceId: string, length: number): ClientSpan {
  return {
    kind: 'client', traceId, spanId: '1'.repeat(16), parentSpanId: '', flags: 0, threshold: '', startUs: 0, durationUs: 0, route: '', service: '',
    requestId: 'r'.repeat(Math.min(length, 128)), method: 'm'.repeat(Math.max(0, length - 128)), region: '', protocol: '', status: 0,
    target: '', isLink: false, attempt: 0, reason: 'first', outcome: 'ok',
  }
}

function put(ring: TraceRing, names: NameTable, traceId: string, length: number, number: number): void {
  const at = ring.reserve()
  expect(at + maxSpanBytes).toBeLessThanOrEqual(ring.octets)
  const written = encodeSpan(ring.view, at, names, { ...span(traceId, length), attempt: number })
  ring.commit(written)
}

/** The numbers of the spans that come out. */
function take(ring: TraceRing, traceId: string): number[] {
  const numbers: number[] = []
  const taken = ring.take(traceIdsOf(traceId), (view, at) => numbers.push(view.getUint16(at + 56)))
  expect(taken).toBe(numbers.length)
  return numbers
}

const step = fc.oneof(
  { weight: 20, arbitrary: fc.record({ put: fc.constantFrom(...traces), length: fc.nat(160) }) },
  { weight: 1, arbitrary: fc.record({ take: fc.constantFrom(...traces) }) },
)

describe('the ring', () => {
  it('gives back the newest spans of a trace, all that are not overwritten, and loses the oldest first', () => {
    const shared = fc.boolean()
    fc.assert(fc.property(fc.array(step, { maxLength: 600, size: 'max' }), fc.nat(), shared, (steps, seed, isShared) => {
      const ring = new TraceRing(isShared ? new SharedArrayBuffer(minRingBytes) : new ArrayBuffer(minRingBytes), seed)
      const names = new NameTable()
      /** All that were put and not taken, oldest first. */
      let waiting: { traceId: string; number: number }[] = []
      let number = 0
      for (const one of steps) {
        if ('put' in one) {
          put(ring, names, one.put, one.length, ++number)
          waiting.push({ traceId: one.put, number })
        } else {
          // What is no longer there must be the oldest of all.
          waiting = waiting.slice(waiting.length - ring.waiting)
          const expected = waiting.filter(({ traceId }) => traceId === one.take).map(({ number: which }) => which).reverse()
          expect(take(ring, one.take)).toEqual(expected)
          waiting = waiting.filter(({ traceId }) => traceId !== one.take)
          expect(ring.waiting).toBe(waiting.length)
        }
        // Even where every span were as long as one may be, half of the room at least is in use.
        expect(ring.waiting).toBeGreaterThanOrEqual(Math.min(waiting.length, Math.floor((ring.octets * 31) / 32 / (2 * (maxSpanBytes + 16)))))
      }
    }), { numRuns: 60 })
  })

  it('counts what newer spans took the place of', () => {
    const ring = new TraceRing(new ArrayBuffer(minRingBytes), 1)
    const names = new NameTable()
    for (let number = 0; number < 1000; number++) put(ring, names, traces[number % 4], 20, number)
    expect(ring.overwritten + ring.waiting).toBe(1000)
    expect(ring.overwritten).toBeGreaterThan(800)
    const before = ring.overwritten
    for (const traceId of traces) take(ring, traceId)
    expect([ring.waiting, ring.overwritten]).toEqual([0, before])
    // What was taken is not lost a second time when its room is used again.
    for (let number = 0; number < 50; number++) put(ring, names, traces[0], 20, number)
    expect([ring.waiting, ring.overwritten]).toEqual([50, before])
  })

  it('is refused a buffer in which hardly a span fits', () => {
    expect(() => new TraceRing(new ArrayBuffer(minRingBytes - 1), 1)).toThrow(RangeError)
  })
})
