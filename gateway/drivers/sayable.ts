// Text that goes into a line of somebody else's configuration language. What could end the line or the word there is
// refused, whoever wrote it.

import { gatewayError } from '../errors.ts'

/** Throws RGT_DRIVER_UNSUPPORTED on control characters, and on whatever `allowed` does not match. */
export function sayable(kind: string, text: string, allowed: RegExp = /^[^\p{Cc}]*$/u): string {
  if (allowed.test(text)) return text
  throw gatewayError('RGT_DRIVER_UNSUPPORTED', `${kind} cannot be told a text`, {
    expected: `text of ${allowed}`, found: JSON.stringify(text), hint: 'take a simpler value, or the reference gateway',
  })
}
