// The member `ot` of `tracestate`: `th:THRESHOLD;rv:RANDOMNESS;…` (OpenTelemetry specification, "TraceState handling" and
// "Probability sampling"). Sub-keys that are not known here are passed on.

import type { TraceContext } from './context.ts'
import { hexBits } from './hex.ts'

export interface OtMember extends Pick<TraceContext, 'threshold' | 'randomness' | 'otherOt'> {
  /** Something in it is not as the specification wants it, and was left out. */
  broken: boolean
}

/** Characters of the member's value at most. */
const maxLength = 256
const subKey = /^[a-z][a-z0-9]*:[A-Za-z0-9._-]*$/

export function parseOt(value: string): OtMember {
  const ot: OtMember = { threshold: '', randomness: '', otherOt: '', broken: false }
  for (const part of value.split(';')) {
    // A threshold is 56 bits whose trailing noughts may be left out; randomness is all of its 56 bits.
    if (part.startsWith('th:') && ot.threshold === '' && part.length > 3 && part.length <= 17 && hexBits(part, 3, part.length) >= 0) {
      ot.threshold = part.slice(3)
    } else if (part.startsWith('rv:') && ot.randomness === '' && part.length === 17 && hexBits(part, 3, 17) >= 0) {
      ot.randomness = part.slice(3)
    } else if (!part.startsWith('th:') && !part.startsWith('rv:') && subKey.test(part)) {
      ot.otherOt += ot.otherOt === '' ? part : `;${part}`
    } else ot.broken = true
  }
  return ot
}

/** The member's value; '' = there is none. What does not fit goes from the end. */
export function writeOt({ threshold, randomness, otherOt }: TraceContext): string {
  let value = threshold === '' ? '' : `th:${threshold}`
  if (randomness !== '') value += value === '' ? `rv:${randomness}` : `;rv:${randomness}`
  if (otherOt !== '') value += value === '' ? otherOt : `;${otherOt}`
  return value.length <= maxLength ? value : value.slice(0, value.lastIndexOf(';', maxLength))
}
