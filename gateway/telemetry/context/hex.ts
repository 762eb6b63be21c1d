// Lower-case hex digits by character code. Each request's ids pass through here, so there is no regular expression.

const digits = '0123456789abcdef'
const codes = Uint8Array.from(digits, (digit) => digit.charCodeAt(0))
const [zero, nine, letterA, letterF] = [48, 57, 97, 102]

/** All values of `text[from..to)` or-ed: negative when one is no lower-case hex digit, 0 when all are nought. */
export function hexBits(text: string, from: number, to: number): number {
  let bits = 0
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    // Past the end the code is NaN, which is within nothing.
    bits |= isHexDigit(code) ? hexValue(code) : -1
  }
  return bits
}

/** The number that `text[from..to)` stands for: digits that were checked, at most 12 of them, so that it is exact. */
export function hexNumber(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = value * 16 + hexValue(text.charCodeAt(at))
  return value
}

/** Is this the character code of a lower-case hex digit? */
export const isHexDigit = (code: number): boolean => code >= zero && code <= letterF && (code <= nine || code >= letterA)

/** Of a code that `isHexDigit`. Reckoned, not looked up: a table is memory that the next request finds no longer in the processor's caches. */
export const hexValue = (code: number): number => (code <= nine ? code - zero : code - letterA + 10)

/** Eight digits of 32 bits. `toString(16)` with padding takes five times as long. */
export function hexWord(word: number): string {
  return String.fromCharCode(
    codes[word >>> 28], codes[(word >>> 24) & 15], codes[(word >>> 20) & 15], codes[(word >>> 16) & 15],
    codes[(word >>> 12) & 15], codes[(word >>> 8) & 15], codes[(word >>> 4) & 15], codes[word & 15],
  )
}
