// The merged schedule against the obvious oracle: all arrivals of all streams, sorted.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { arrivalsOf, requestId, streamLabel } from './arrivals.ts'
import type { LoadSpec } from './substrate.ts'
import { Schedule } from './schedule.ts'

const anyLoad = fc.record({
  rates: fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 6 }),
  fromUs: fc.integer({ min: 0, max: 300_000 }),
  poisson: fc.boolean(),
})

it('gives every arrival once, in order, ties by stream', () => {
  fc.assert(fc.property(fc.array(anyLoad, { maxLength: 3 }), (parts) => {
    const loads = parts.map(({ rates, fromUs, poisson }, at): LoadSpec => ({
      name: `load${at}`, source: 'load', engine: 'open-loop', fromUs, toUs: 500_000,
      streams: rates.map((ratePerSecond, i) => ({
        group: `g${i}`, entry: null, ratePerSecond, arrivals: poisson ? 'poisson' : 'constant', seed: i, phaseUs: 0, timeoutMs: 1, pinned: null,
        templates: [{ name: 'a', weight: 1, method: 'GET', host: 'h', path: '/', headers: {}, bodyBytes: 0 }],
      })),
    }))
    const expected = loads.flatMap((load) => load.streams.flatMap((_, at) => [...arrivalsOf(load, at)]))
    const schedule = new Schedule(loads)
    const found: { atUs: number; id: string }[] = []
    while (schedule.nextUs !== Infinity) {
      const { load, streamIndex, cursor } = schedule.head
      expect(schedule.nextUs).toBe(cursor.atUs)
      found.push({ atUs: cursor.atUs, id: requestId(streamLabel(load, streamIndex), cursor.index) })
      schedule.advance()
    }
    // A stable sort keeps the order of streams among equal times.
    expect(found).toEqual(expected.sort((a, b) => a.atUs - b.atUs).map(({ atUs, id }) => ({ atUs, id })))
  }), { numRuns: 60 })
})
