// Spans as bytes, written straight into a buffer from what the data plane knows anyway, and read in the exporting thread. The
// format is private to one process: both ends are this file. Big-endian; text is latin1, as on the wire of HTTP/1.1.
//
//    0 u16 length, all of it     44 f64 duration, µs          64 u32 service (a name)
//    2 u8  0 server, 1 client    52 u16 status                68 u32 region (a name)
//    3 u8  W3C trace flags       54 u8  outcome               72 u32 protocol (a name)
//    4 16  trace id              55 u8  from a peer, or link  76 u32 decision ns, or target (a name)
//   20  8  span id               56 u16 attempts, or number   80 texts, each u16 length and octets: threshold, request id,
//   28  8  parent, 0 = none      58 u8  why kept, 255 = not        method; of servers also path, host, context problem
//   36 f64 start, µs             59 u8  reason of the attempt
//                                60 u32 route (a name)

import { gatewayError } from '../../errors.ts'
import type { AttemptRecord } from '../../ports.ts'
import { hexNumber } from '../context/hex.ts'
import type { KeptSpan, SpanBatch, SpanDecoder } from '../export/exporter.ts'
import { attemptOutcomes, attemptReasons, requestOutcomes } from '../metrics.ts'
import { hexOf } from './ids.ts'
import type { NameTable } from './names.ts'
import { keepReasons, type ClientSpan, type KeepReason, type ServerSpan, type SpanRecord } from './span.ts'
import type { BeginningRequest, EndedAttempt, EndedRequest, TracedRoute } from './tracing.ts'

const fixed = 80
/** Longest texts, octets; what is longer is cut. A threshold has 14 digits at most, a request id 128 (dataplane/request-fields.ts). */
const longest = { threshold: 14, requestId: 128, method: 32, path: 256, host: 256, problem: 128 } as const
/** No span is longer. A multiple of eight. */
export const maxSpanBytes = 912

/** The words of a trace id. */
export interface TraceIds { trace0: number; trace1: number; trace2: number; trace3: number }

/** Who a span is: its trace, and words of itself and of its parent. */
export interface SpanIds {
  traceId: string
  span0: number; span1: number
  /** Both nought = none. */
  parent0: number; parent1: number
  flags: number
  threshold: string
}

/** What spans say of the request. */
export type SpanRequest = Omit<BeginningRequest, 'fields'>
/** Route and protocol by the numbers of their names. */
export type SpanRoute = Pick<TracedRoute, 'routeName' | 'protocolName'>

/** Writes at `at`, where `maxSpanBytes` must be free; returns the length. */
export function encodeServer(
  view: DataView, at: number, names: NameTable, ids: SpanIds, request: SpanRequest, route: SpanRoute, ended: EndedRequest, contextProblem: string, nowUs: number,
): number {
  writeIds(view, at, 0, ids)
  writeTimes(view, at, request.startUs, nowUs)
  view.setUint16(at + 52, ended.status)
  view.setUint8(at + 54, requestOutcomes.indexOf(ended.outcome))
  view.setUint8(at + 55, request.fromPeer ? 1 : 0)
  view.setUint16(at + 56, Math.min(ended.attempts, 0xffff))
  view.setUint8(at + 59, 0)
  view.setUint32(at + 60, route.routeName)
  view.setUint32(at + 64, names.numberOf(ended.service))
  view.setUint32(at + 68, names.numberOf(ended.region))
  view.setUint32(at + 72, route.protocolName)
  view.setUint32(at + 76, Math.min(ended.decisionNs, 0xffff_ffff))
  let end = writeText(view, at + fixed, ids.threshold, longest.threshold)
  end = writeText(view, end, request.requestId, longest.requestId)
  end = writeText(view, end, request.method, longest.method)
  end = writeText(view, end, request.path, longest.path)
  end = writeText(view, end, request.host, longest.host)
  end = writeText(view, end, contextProblem, longest.problem)
  view.setUint16(at, end - at)
  return end - at
}

/** Writes at `at`, where `maxSpanBytes` must be free; returns the length. */
export function encodeClient(
  view: DataView, at: number, names: NameTable, ids: SpanIds, { requestId, method }: Pick<SpanRequest, 'requestId' | 'method'>, route: SpanRoute, ended: EndedAttempt, nowUs: number,
): number {
  writeIds(view, at, 1, ids)
  writeTimes(view, at, ended.startUs, nowUs)
  view.setUint16(at + 52, ended.status)
  view.setUint8(at + 54, attemptOutcomes.indexOf(ended.outcome))
  view.setUint8(at + 55, ended.isLink ? 1 : 0)
  view.setUint16(at + 56, Math.min(ended.attempt, 0xffff))
  view.setUint8(at + 59, attemptReasons.indexOf(ended.reason))
  view.setUint32(at + 60, route.routeName)
  view.setUint32(at + 64, names.numberOf(ended.service))
  view.setUint32(at + 68, names.numberOf(ended.region))
  view.setUint32(at + 72, route.protocolName)
  view.setUint32(at + 76, names.numberOf(ended.target))
  let end = writeText(view, at + fixed, ids.threshold, longest.threshold)
  end = writeText(view, end, requestId, longest.requestId)
  end = writeText(view, end, method, longest.method)
  view.setUint16(at, end - at)
  return end - at
}

/** Says in a span's bytes why its trace is kept. */
export function markKept(view: DataView, at: number, reason: KeepReason): void {
  view.setUint8(at + 58, keepReasons.indexOf(reason))
}

/** Whether the span at `at` is of this trace. */
export function sameTrace(view: DataView, at: number, { trace0, trace1, trace2, trace3 }: TraceIds): boolean {
  return view.getUint32(at + 16) === trace3 && view.getUint32(at + 12) === trace2 && view.getUint32(at + 8) === trace1 && view.getUint32(at + 4) === trace0
}

/** Of the span at `at`. */
export function traceIdsAt(view: DataView, at: number): TraceIds {
  return { trace0: view.getUint32(at + 4), trace1: view.getUint32(at + 8), trace2: view.getUint32(at + 12), trace3: view.getUint32(at + 16) }
}

/** Spreads trace ids over buckets by all their words and `seed`; rounds and constants of MurmurHash3 (Austin Appleby, public domain). */
export function traceHash({ trace0, trace1, trace2, trace3 }: TraceIds, seed: number): number {
  let hash = Math.imul(trace0 ^ seed, 0x85ebca6b)
  hash = Math.imul((hash ^ (hash >>> 13)) + trace1, 0xc2b2ae35)
  hash = Math.imul((hash ^ (hash >>> 16)) + trace2, 0x85ebca6b)
  hash = Math.imul((hash ^ (hash >>> 13)) + trace3, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

export function traceIdsOf(traceId: string): TraceIds {
  return { trace0: wordOf(traceId, 0), trace1: wordOf(traceId, 8), trace2: wordOf(traceId, 16), trace3: wordOf(traceId, 24) }
}

/** A record as bytes, for those who have one: tests, benchmarks, and spans that come from elsewhere. Returns the length. */
export function encodeSpan(view: DataView, at: number, names: NameTable, span: SpanRecord): number {
  const { flags, threshold, traceId, spanId, parentSpanId: parent } = span
  const ids: SpanIds = {
    traceId, flags, threshold,
    span0: wordOf(spanId, 0), span1: wordOf(spanId, 8), parent0: wordOf(parent, 0), parent1: wordOf(parent, 8),
  }
  const nowUs = span.startUs + span.durationUs
  const route = { routeName: names.numberOf(span.route), protocolName: names.numberOf(span.protocol) }
  return span.kind === 'server'
    ? encodeServer(view, at, names, ids, span, route, span, span.contextProblem, nowUs)
    : encodeClient(view, at, names, ids, span, route, span, nowUs)
}

/** Reads the batches of one process in their order. `decode` throws RGT_SPAN_BATCH when the bytes are no batch. */
export function createSpanDecoder(): SpanDecoder {
  const names = new Map<number, string>([[0, '']])
  return {
    decode(batch: SpanBatch): KeptSpan[] {
      for (const [number, name] of batch.names) names.set(number, name)
      const view = new DataView(batch.bytes)
      const spans: KeptSpan[] = []
      let at = 0
      for (; spans.length < batch.spans; at += view.getUint16(at)) {
        if (at + fixed > view.byteLength || at + view.getUint16(at) > view.byteLength) throw broken(`${batch.spans} spans`, `${spans.length} in ${at} octets`)
        spans.push(decodeSpan(view, at, names))
      }
      return spans
    },
  }
}

function decodeSpan(view: DataView, at: number, names: ReadonlyMap<number, string>): KeptSpan {
  const name = (offset: number): string => {
    const number = view.getUint32(at + offset)
    const found = names.get(number)
    if (found === undefined) throw broken('a name that was told', `number ${number}`)
    return found
  }
  const octets = Buffer.from(view.buffer)
  const texts: string[] = []
  const end = at + view.getUint16(at)
  for (let from = at + fixed; from < end;) {
    const length = view.getUint16(from)
    texts.push(octets.latin1Slice(from + 2, from + 2 + length))
    from += 2 + length
  }
  const kept = keepReasons[view.getUint8(at + 58)]
  if (kept === undefined) throw broken('why a span is kept', `octet ${view.getUint8(at + 58)}`)
  const span = (offset: number): string => hexOf(view.getUint32(at + offset)) + hexOf(view.getUint32(at + offset + 4))
  const parent = span(28)
  const both = {
    traceId: span(4) + span(12), spanId: span(20), parentSpanId: parent === noSpan ? '' : parent, flags: view.getUint8(at + 3), kept,
    startUs: view.getFloat64(at + 36), durationUs: view.getFloat64(at + 44), status: view.getUint16(at + 52),
    route: name(60), service: name(64), region: name(68), protocol: name(72), threshold: texts[0], requestId: texts[1], method: texts[2],
  }
  const [outcome, bit, count] = [view.getUint8(at + 54), view.getUint8(at + 55) === 1, view.getUint16(at + 56)]
  if (view.getUint8(at + 2) === 0) {
    return {
      ...both, kind: 'server', path: texts[3], host: texts[4], contextProblem: texts[5], fromPeer: bit, attempts: count,
      decisionNs: view.getUint32(at + 76), outcome: requestOutcomes[outcome],
    } satisfies ServerSpan & KeptSpan
  }
  const reason: AttemptRecord['reason'] = attemptReasons[view.getUint8(at + 59)]
  return { ...both, kind: 'client', target: name(76), isLink: bit, attempt: count, reason, outcome: attemptOutcomes[outcome] } satisfies ClientSpan & KeptSpan
}

/** A word of an id: eight hex digits; 0 where there is no id. */
export const wordOf = (id: string, at: number): number => (id === '' ? 0 : hexNumber(id, at, at + 8))

const noSpan = '0'.repeat(16)

const broken = (expected: string, found: string) => gatewayError('RGT_SPAN_BATCH', 'a batch of spans cannot be read', { expected, found, hint: 'this is a defect' })

function writeIds(view: DataView, at: number, kind: number, ids: SpanIds): void {
  view.setUint8(at + 2, kind)
  view.setUint8(at + 3, ids.flags)
  for (let word = 0; word < 4; word++) view.setUint32(at + 4 + word * 4, wordOf(ids.traceId, word * 8))
  view.setUint32(at + 20, ids.span0)
  view.setUint32(at + 24, ids.span1)
  view.setUint32(at + 28, ids.parent0)
  view.setUint32(at + 32, ids.parent1)
  view.setUint8(at + 58, 255)
}

function writeTimes(view: DataView, at: number, startUs: number, nowUs: number): void {
  view.setFloat64(at + 36, startUs)
  view.setFloat64(at + 44, nowUs - startUs)
}

/** Returns where the next text goes. What is beyond latin1 becomes '?': nothing on the wire of HTTP/1.1 is. */
function writeText(view: DataView, at: number, text: string, max: number): number {
  const length = text.length < max ? text.length : max
  view.setUint16(at, length)
  const from = at + 2
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    view.setUint8(from + index, code < 256 ? code : 0x3f)
  }
  return from + length
}
