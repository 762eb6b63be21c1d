// That spans come out of bytes as they went in, cut where they must be, and that broken bytes are refused.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptOutcomes, attemptReasons, requestOutcomes } from '../metrics.ts'
import { createSpanDecoder, encodeSpan, markKept, maxSpanBytes } from './codec.ts'
import { NameTable } from './names.ts'
import { keepReasons, type KeepReason, type SpanRecord } from './span.ts'

const latin1 = (maxLength: number) => fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)), maxLength })
const hex = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }).map((text) => text.replace(/^0/, '1'))
const name = fc.constantFrom('', 'default/echo/0', 'eu-west', 'http1', 'a:80')
const both = {
  traceId: hex(32), spanId: hex(16), parentSpanId: fc.oneof(fc.constant(''), hex(16)), flags: fc.integer({ min: 0, max: 3 }),
  threshold: fc.oneof(fc.constant(''), hex(14)), startUs: fc.double({ min: 0, max: 1e15, noNaN: true }).map(Math.round), durationUs: fc.nat(),
  requestId: latin1(128), route: name, service: name, region: name, method: latin1(32), protocol: name, status: fc.nat(599),
}
const server = fc.record({
  ...both, kind: fc.constant('server' as const), path: latin1(256), host: latin1(256), fromPeer: fc.boolean(), contextProblem: latin1(128),
  attempts: fc.nat(100), decisionNs: fc.nat(), outcome: fc.constantFrom(...requestOutcomes),
})
const client = fc.record({
  ...both, kind: fc.constant('client' as const), target: name, isLink: fc.boolean(), attempt: fc.nat(100),
  reason: fc.constantFrom(...attemptReasons), outcome: fc.constantFrom(...attemptOutcomes),
})
const kept: fc.Arbitrary<[SpanRecord, KeepReason]> = fc.tuple(fc.oneof(server, client), fc.constantFrom(...keepReasons))

function batchOf(spans: readonly [SpanRecord, KeepReason][], names: NameTable) {
  const bytes = new ArrayBuffer(spans.length * maxSpanBytes)
  const view = new DataView(bytes)
  let at = 0
  for (const [span, reason] of spans) {
    const length = encodeSpan(view, at, names, span)
    markKept(view, at, reason)
    at += length
  }
  const batch = { spans: spans.length, bytes: bytes.slice(0, at), names: names.untold }
  names.told()
  return batch
}

describe('spans', () => {
  it('come out as they went in, whatever they say, over batches that tell each name once', () => {
    fc.assert(fc.property(fc.array(fc.array(kept, { maxLength: 5 }), { maxLength: 3 }), (batches) => {
      const names = new NameTable()
      const decoder = createSpanDecoder()
      for (const spans of batches) {
        expect(decoder.decode(batchOf(spans, names))).toEqual(spans.map(([span, reason]) => ({ ...span, kept: reason })))
      }
    }))
  })

  it('are never longer than they may be', () => {
    const long = 'ü'.repeat(5000)
    const [span] = fc.sample(server, { numRuns: 1, seed: 1 })
    const longest = { ...span, requestId: long, method: long, path: long, host: long, contextProblem: long, threshold: 'f'.repeat(40) }
    const batch = batchOf([[longest, 'slow']], new NameTable())
    expect(batch.bytes.byteLength).toBeLessThanOrEqual(maxSpanBytes)
    expect(createSpanDecoder().decode(batch)[0]).toMatchObject({ path: long.slice(0, 256), requestId: long.slice(0, 128) })
  })

  it('are refused when cut short, when a name was never told, and when nobody said why they are kept', () => {
    const spans = fc.sample(kept, { numRuns: 3, seed: 2 })
    const batch = batchOf(spans, new NameTable())
    expect(() => createSpanDecoder().decode({ ...batch, bytes: batch.bytes.slice(0, -1) })).toThrow('cannot be read')
    expect(() => createSpanDecoder().decode({ ...batch, spans: 4 })).toThrow('cannot be read')
    const nameless = batchOf([[{ ...spans[0][0], route: 'default/echo/0' }, 'error']], new NameTable())
    expect(() => createSpanDecoder().decode({ ...nameless, names: [] })).toThrow('cannot be read')
    const bytes = new ArrayBuffer(maxSpanBytes)
    encodeSpan(new DataView(bytes), 0, new NameTable(), { ...spans[0][0], route: '', service: '', region: '', protocol: '' })
    expect(() => createSpanDecoder().decode({ spans: 1, bytes, names: [] })).toThrow('cannot be read')
  })
})
