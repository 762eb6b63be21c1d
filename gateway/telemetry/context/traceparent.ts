// `traceparent` (W3C trace context level 2, section 3.2): `00-TRACE-ID-PARENT-ID-FLAGS`, and what later versions may append
// to it. Fixed places, so reading is one walk over character codes, and one small piece of code: most requests bring one.

import { TraceFlag } from './context.ts'
import { hexNumber, hexValue, isHexDigit } from './hex.ts'

const dash = 45
/** Where the dashes stand. */
const [afterVersion, afterTraceId, afterParentId] = [2, 35, 52]
/** Characters of version 00; later versions are at least as long, and go on after a dash (section 3.2.4). */
const length00 = 55
const knownFlags = TraceFlag.Sampled | TraceFlag.Random

/** Is `text` a traceparent of any version that this one can read? If not, the trace restarts. */
export function isTraceparent(text: string): boolean {
  if (text.length < length00) return false
  /** Of the number that is walked over: not nought as soon as one digit is not. */
  let any = 0
  let version = 0
  for (let at = 0; at < length00; at++) {
    const code = text.charCodeAt(at)
    if (at === afterVersion || at === afterTraceId || at === afterParentId) {
      if (code !== dash || (any === 0 && at !== afterVersion)) return false
      if (at === afterVersion) version = any
      any = 0
      continue
    }
    if (!isHexDigit(code)) return false
    any |= hexValue(code)
  }
  if (text.length > length00 && (version === 0 || text.charCodeAt(length00) !== dash)) return false
  return version === 0 || !text.startsWith('ff')
}

/** Of a text that `isTraceparent`. */
export const traceIdIn = (traceparent: string): string => traceparent.slice(3, 35)
export const parentIdIn = (traceparent: string): string => traceparent.slice(36, 52)
/** Without those that are reserved: they are neither believed nor passed on (section 3.2.2.5.3). Known ones stand in the last digit. */
export const flagsIn = (traceparent: string): number => hexNumber(traceparent, length00 - 1, length00) & knownFlags

/** Always version 00, the highest that is known here. `spanId`: what the receiver's span is a child of. */
export function writeTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags & knownFlags}`
}
