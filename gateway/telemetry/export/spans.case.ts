// Spans and batches for tests of exporting.

import { encodeSpan, markKept, maxSpanBytes } from '../spans/codec.ts'
import { NameTable } from '../spans/names.ts'
import type { ClientSpan, KeepReason, ServerSpan, SpanRecord } from '../spans/span.ts'
import type { SpanBatch } from './exporter.ts'

export const serverSpan = (number: number, given: Partial<ServerSpan> = {}): ServerSpan => ({
  kind: 'server', traceId: hex(number, 32), spanId: hex(number, 16), parentSpanId: '', flags: 3, threshold: '', startUs: 1_000_000 + number, durationUs: 1_500,
  requestId: `r-${number}`, route: 'shop/catalog/0', service: 'shop/catalog:8080', region: 'eu-west', method: 'GET', protocol: 'http1', status: 200,
  path: '/catalog', host: 'shop.example:8443', fromPeer: false, contextProblem: '', attempts: 1, decisionNs: 700, outcome: 'ok', ...given,
})

export const clientSpan = (number: number, given: Partial<ClientSpan> = {}): ClientSpan => ({
  kind: 'client', traceId: hex(number, 32), spanId: hex(number + 0x1000, 16), parentSpanId: hex(number, 16), flags: 3, threshold: '', startUs: 1_000_100 + number,
  durationUs: 900, requestId: `r-${number}`, route: 'shop/catalog/0', service: 'shop/catalog:8080', region: 'eu-west', method: 'GET', protocol: 'http1',
  status: 200, target: '127.0.0.1:9000', isLink: false, attempt: 0, reason: 'first', outcome: 'ok', ...given,
})

export const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')

/** Writes batches as one process does: names are told once. */
export function batchWriter(): (spans: readonly SpanRecord[], kept?: KeepReason) => SpanBatch {
  const names = new NameTable()
  return (spans, kept = 'policy') => {
    const bytes = new ArrayBuffer(spans.length * maxSpanBytes)
    const view = new DataView(bytes)
    let at = 0
    for (const span of spans) {
      const length = encodeSpan(view, at, names, span)
      markKept(view, at, kept)
      at += length
    }
    const batch = { spans: spans.length, bytes: bytes.slice(0, at), names: names.untold }
    names.told()
    return batch
  }
}
