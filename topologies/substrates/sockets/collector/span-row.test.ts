// What a span stands for, and that rows survive the lines in which they are told.

import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Scheduler } from '../../../../gateway/ports.ts'
import type { SpanRow } from '../../../history.ts'
import { openSpanWriter, parseSpansLine } from './lines.ts'
import { readExportRequest } from './otlp-message.ts'
import { adjustedCount } from './span-row.ts'

describe('the adjusted count of a span', () => {
  it.each([
    ['', 1], ['ot=th:0', 1], ['ot=th:8', 2], ['ot=th:c', 4], ['ot=rv:0123456789abcd;th:fd70a4', 100], ['congo=t61,ot=th:8', 2], ['congo=th:8', 1], ['ot=th:xyz', 1],
    ['ot=th:123456789abcdef', 1],
  ])('of tracestate %j is %d', (state, count) => {
    expect(adjustedCount(state)).toBeCloseTo(count, 3)
  })
})

const text = fc.string({ unit: 'grapheme', maxLength: 60 })
const row: fc.Arbitrary<SpanRow> = fc.record({
  traceId: text, spanId: text, parentSpanId: text, process: text, kind: fc.constantFrom('server', 'client', 'internal'), name: text, startUs: fc.integer(),
  durationUs: fc.nat(), requestId: text, route: text, service: text, region: text, target: text, status: fc.nat(999), attempt: fc.nat(9), outcome: text, kept: text,
  adjustedCount: fc.double({ noNaN: true, min: 0, max: 1e9 }).map((value) => value + 0),
})
const still: Scheduler = { after: () => () => {}, every: () => () => {}, afterReading: () => () => {} }

it('rows come back from their lines, none of which is too long', () => {
  fc.assert(fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
    const stream = new PassThrough()
    const writer = openSpanWriter(stream, still)
    rows.forEach(writer.span)
    writer.flush()
    const lines = String(stream.read() ?? '').split('\n').slice(0, -1)
    expect(lines.flatMap((line) => parseSpansLine(line) ?? [])).toEqual(rows)
    expect(lines.every((line) => line.length <= 12_000)).toBe(true)
  }))
})

it('whatever the bytes are, they are read or refused with a code', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      readExportRequest(bytes, new Set())
    } catch (error) {
      expect((error as { code: string }).code).toBe('RGT_OTLP')
    }
  }))
})
