// The queue against the obvious oracle: a list sorted by time, then by the order of posting.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventQueue } from './queue.ts'

interface Posted { atUs: number; order: number }

class SortedList {
  readonly #pending: Posted[] = []
  #posted = 0

  push(atUs: number): number {
    this.#pending.push({ atUs, order: this.#posted })
    return this.#posted++
  }

  take(untilUs: number): Posted | null {
    this.#pending.sort((x, y) => x.atUs - y.atUs || x.order - y.order)
    return this.#pending.length > 0 && this.#pending[0].atUs <= untilUs ? this.#pending.shift()! : null
  }
}

/** Now, within the bucket, within the stretch, past it, past the coarse ring; whole and fractional microseconds. */
const delayUs = fc.oneof(
  fc.constantFrom(0, 0, 1, 16, 16 * 32_768, 16 * 32_768 * 1024),
  fc.double({ min: 0, max: 20, noNaN: true }),
  fc.integer({ min: 0, max: 100_000 }),
  fc.double({ min: 0, max: 3_000_000, noNaN: true }),
  fc.double({ min: 0, max: 1e10, noNaN: true }),
)
const step = fc.record({
  delays: fc.array(delayUs, { maxLength: 12 }),
  /** How many are then taken, and how far ahead the taker looks. */
  takes: fc.integer({ min: 0, max: 12 }),
  aheadUs: fc.oneof(fc.constant(Infinity), delayUs),
})

it('gives every event once, by time and then by posting, wherever it is posted from', () => {
  fc.assert(fc.property(fc.double({ min: -5e6, max: 5e6, noNaN: true }), fc.array(step, { maxLength: 40 }), (fromUs, steps) => {
    const queue = new EventQueue(fromUs, 2)
    const model = new SortedList()
    let nowUs = fromUs
    const agree = (untilUs: number): boolean => {
      const expected = model.take(untilUs)
      expect(queue.take(untilUs)).toBe(expected !== null)
      if (expected === null) return false
      expect([queue.atUs, queue.a, queue.b, queue.kind]).toEqual([expected.atUs, expected.order, ~expected.order, expected.order & 63])
      expect(new Float64Array(Int32Array.of(queue.atLow, queue.atHigh).buffer)[0]).toBe(expected.atUs)
      nowUs = expected.atUs
      return true
    }
    for (const { delays, takes, aheadUs } of steps) {
      for (const delay of delays) {
        const order = model.push(nowUs + delay)
        queue.push(nowUs + delay, order & 63, order, ~order)
      }
      for (let taken = 0; taken < takes && agree(nowUs + aheadUs); taken++);
    }
    while (agree(Infinity));
    expect(queue.size).toBe(0)
  }), { numRuns: 300 })
})

it('keeps the order of posting in a crowded bucket, and of what is posted into it while it is handled', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 30, maxLength: 2000 }), (offsets) => {
    const queue = new EventQueue(0)
    const model = new SortedList()
    const post = (atUs: number): void => queue.push(atUs, 4, model.push(atUs), 0)
    for (const offset of offsets) post(1_000_000 + offset)
    for (let handled = 0; handled < offsets.length * 2; handled++) {
      expect(queue.take(Infinity)).toBe(true)
      expect({ atUs: queue.atUs, order: queue.a }).toEqual(model.take(Infinity))
      if (handled < offsets.length) post(queue.atUs + (offsets[handled] & 3))
    }
    expect(queue.take(Infinity)).toBe(false)
  }), { numRuns: 20 })
})
