// B3, Zipkin's context (github.com/openzipkin/b3-propagation), in one field or in several: read at the edge, so that clients
// can move to W3C trace context one by one; never written.

import { TraceFlag, type TraceContext } from './context.ts'
import type { TraceCarrier } from './carrier.ts'
import { hexBits } from './hex.ts'

/** undefined: there is none, or only a wish without ids, which this gateway's own policy overrules. null: it is broken. */
export function extractB3(carrier: TraceCarrier): TraceContext | null | undefined {
  const single = carrier.get('b3')
  if (single !== undefined) return parseSingle(single)
  const traceId = carrier.get('x-b3-traceid')
  if (traceId === undefined) return undefined
  const isSampled = isYes(carrier.get('x-b3-sampled')) || carrier.get('x-b3-flags') === '1'
  return contextOf(traceId, carrier.get('x-b3-spanid') ?? '', isSampled)
}

/** `TRACE-ID-SPAN-ID[-STATE[-PARENT]]`, or the state alone: 0 = no, 1 = yes, d = debug. */
function parseSingle(text: string): TraceContext | null | undefined {
  if (text === '0' || text === '1' || text === 'd') return undefined
  const [traceId, spanId = '', state = '0', parent = spanId, ...rest] = text.split('-', 5)
  const isState = state === '0' || state === '1' || state === 'd'
  if (!isState || rest.length > 0 || parent.length !== 16 || hexBits(parent, 0, 16) < 0) return null
  return contextOf(traceId, spanId, state !== '0')
}

const isYes = (text: string | undefined): boolean => text === '1' || text === 'true'

/** Trace ids have 64 or 128 bits. Nothing says whether they are random. */
function contextOf(traceId: string, spanId: string, isSampled: boolean): TraceContext | null {
  const { length } = traceId
  if ((length !== 32 && length !== 16) || spanId.length !== 16 || hexBits(traceId, 0, length) <= 0 || hexBits(spanId, 0, 16) <= 0) return null
  return {
    traceId: length === 32 ? traceId : `0000000000000000${traceId}`, spanId, flags: isSampled ? TraceFlag.Sampled : 0,
    tracestate: '', threshold: '', randomness: '', otherOt: '', otAt: 0,
  }
}
