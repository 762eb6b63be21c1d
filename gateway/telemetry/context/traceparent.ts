// `traceparent` (W3C trace context level 2, section 3.2): `00-TRACE-ID-PARENT-ID-FLAGS`, and what later versions may append
// to it. Fixed places, so reading is a walk over character codes.

import { TraceFlag } from './context.ts'
import { hexBits, hexNumber } from './hex.ts'

const dash = 45
/** Characters of version 00; later versions are at least as long, and go on after a dash (section 3.2.4). */
const length00 = 55
const knownFlags = TraceFlag.Sampled | TraceFlag.Random

/** Is `text` a traceparent of any version that this one can read? If not, the trace restarts. */
export function isTraceparent(text: string): boolean {
  if (text.length < length00 || text.charCodeAt(2) !== dash || text.charCodeAt(35) !== dash || text.charCodeAt(52) !== dash) return false
  const version = hexBits(text, 0, 2)
  if (version < 0 || (text.charCodeAt(0) === 102 && text.charCodeAt(1) === 102)) return false
  if (text.length > length00 && (version === 0 || text.charCodeAt(length00) !== dash)) return false
  return hexBits(text, 3, 35) > 0 && hexBits(text, 36, 52) > 0 && hexBits(text, 53, 55) >= 0
}

/** Of a text that `isTraceparent`. */
export const traceIdIn = (traceparent: string): string => traceparent.slice(3, 35)
export const parentIdIn = (traceparent: string): string => traceparent.slice(36, 52)
/** Without those that are reserved: they are neither believed nor passed on (section 3.2.2.5.3). */
export const flagsIn = (traceparent: string): number => hexNumber(traceparent, 53, 55) & knownFlags

/** Always version 00, the highest that is known here. `spanId`: what the receiver's span is a child of. */
export function writeTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags & knownFlags}`
}
