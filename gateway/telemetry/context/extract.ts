// What a request brings, from whichever protocol. A request without context costs two look-ups (four where B3 is accepted).

import { parseBaggage } from './baggage.ts'
import { extractB3 } from './b3.ts'
import type { TraceCarrier } from './carrier.ts'
import type { ContextProblem, Extracted, TraceContext } from './context.ts'
import { flagsIn, isTraceparent, parentIdIn, traceIdIn } from './traceparent.ts'
import { parseTracestate } from './tracestate.ts'

export interface ExtractOptions {
  /** Only where clients enter: gateways and services of a federation speak W3C trace context. */
  acceptB3: boolean
}

const nothing: Extracted = Object.freeze({ context: null, format: 'none', problem: null, baggage: '' })

/** Never throws. Where both formats came, W3C's counts, also when it is broken. */
export function extract(carrier: TraceCarrier, { acceptB3 }: ExtractOptions): Extracted {
  const traceparent = carrier.get('traceparent')
  const baggage = carrier.get('baggage')
  if (traceparent === undefined && baggage === undefined && !acceptB3) return nothing
  let found = nothing
  if (traceparent !== undefined) found = fromW3c(traceparent, carrier)
  else if (acceptB3) found = fromB3(carrier)
  return baggage === undefined ? found : withBaggage(found, baggage)
}

function fromW3c(traceparent: string, carrier: TraceCarrier): Extracted {
  // With a broken traceparent, tracestate is not even looked at (section 3.3).
  if (!isTraceparent(traceparent)) return { context: null, format: 'w3c', problem: 'traceparent-malformed', baggage: '' }
  const context: TraceContext = {
    traceId: traceIdIn(traceparent), spanId: parentIdIn(traceparent), flags: flagsIn(traceparent),
    tracestate: '', threshold: '', randomness: '', otherOt: '', otAt: 0,
  }
  const tracestate = carrier.get('tracestate')
  const problem = tracestate === undefined ? null : addTracestate(context, tracestate)
  return { context, format: 'w3c', problem, baggage: '' }
}

function addTracestate(context: TraceContext, text: string): ContextProblem | null {
  const { broken, tracestate, threshold, randomness, otherOt, otAt } = parseTracestate(text)
  context.tracestate = tracestate
  context.threshold = threshold
  context.randomness = randomness
  context.otherOt = otherOt
  context.otAt = otAt
  if (broken === null) return null
  return broken === 'ot' ? 'tracestate-ot' : 'tracestate-malformed'
}

function fromB3(carrier: TraceCarrier): Extracted {
  const context = extractB3(carrier)
  if (context === undefined) return nothing
  return { context, format: 'b3', problem: context === null ? 'b3-malformed' : null, baggage: '' }
}

function withBaggage({ context, format, problem }: Extracted, text: string): Extracted {
  const found = parseBaggage(text)
  return { context, format, problem: problem ?? found.problem, baggage: found.baggage }
}
