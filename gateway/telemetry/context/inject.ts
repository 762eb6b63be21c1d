// What goes out with an attempt: this gateway's span as the parent, everything else as it came.

import type { CarriedFields } from './carrier.ts'
import type { TraceContext } from './context.ts'
import { writeTraceparent } from './traceparent.ts'
import { writeTracestate } from './tracestate.ts'

/** `spanId`: the span that the receiver's will be a child of. */
export const traceparentOf = ({ traceId, flags }: TraceContext, spanId: string): string => writeTraceparent(traceId, spanId, flags)

/** '' = the field is left out. */
export const tracestateOf = writeTracestate

/** Adds to `fields` and returns them. `baggage`: as extracted; '' = none. */
export function inject(context: TraceContext, spanId: string, baggage: string, fields: string[] = []): CarriedFields {
  fields.push('traceparent', traceparentOf(context, spanId))
  const tracestate = tracestateOf(context)
  if (tracestate !== '') fields.push('tracestate', tracestate)
  if (baggage !== '') fields.push('baggage', baggage)
  return fields
}

/** With another threshold, hex digits or ''. A member that changes moves to the front of `tracestate` (section 3.5). */
export function withThreshold(context: TraceContext, threshold: string): TraceContext {
  return threshold === context.threshold ? context : { ...context, threshold, otAt: 0 }
}
