// `baggage` (W3C baggage, section 3): application data that a request takes along. A gateway passes it on and makes nothing
// of it, but does not hand broken or unbounded data to services either.

/** What everybody must pass on at least, and this gateway at most (W3C baggage, "Limits"). */
export const maxBaggageMembers = 64
export const maxBaggageBytes = 8192

export interface Baggage {
  /** Members within the limits, as they came, joined by commas; '' = none. */
  baggage: string
  problem: 'baggage-malformed' | 'baggage-limits' | null
}

const Token = 1
const Octet = 2
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  // RFC 9110, section 5.6.2; and `baggage-octet`: printable ASCII without quote, comma, semicolon and backslash.
  return (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char) ? Token : 0) | (/[!-~]/.test(char) && !'",;\\'.includes(char) ? Octet : 0)
})
const semicolon = 59
const equals = 61

const malformed: Baggage = Object.freeze({ baggage: '', problem: 'baggage-malformed' })

/** One broken member spoils all: there is no telling what the others mean without it. */
export function parseBaggage(text: string): Baggage {
  let baggage = ''
  let count = 0
  let beyond = false
  for (let from = 0; from < text.length;) {
    const comma = text.indexOf(',', from)
    const next = comma === -1 ? text.length : comma
    let to = next
    from = skipBlank(text, from, to)
    while (from < to && isBlank(text.charCodeAt(to - 1))) to--
    // Empty elements of a list mean nothing (RFC 9110, section 5.6.1.2).
    if (from < to) {
      if (!isMember(text, from, to)) return malformed
      beyond ||= count === maxBaggageMembers || baggage.length + Math.sign(count) + to - from > maxBaggageBytes
      if (!beyond) baggage += (count++ === 0 ? '' : ',') + text.slice(from, to)
    }
    from = next + 1
  }
  return { baggage, problem: beyond ? 'baggage-limits' : null }
}

/** key = value *( ; property ), with blanks around each. */
function isMember(text: string, from: number, to: number): boolean {
  let at = skipPair(text, from, to, true)
  while (at !== -1 && at < to) {
    if (text.charCodeAt(at) !== semicolon) return false
    at = skipPair(text, skipBlank(text, at + 1, to), to, false)
  }
  return at !== -1
}

/** Past a key, its value and blanks; -1 = there is no key, or no value although one is needed. */
function skipPair(text: string, from: number, to: number, needsValue: boolean): number {
  let at = skip(text, from, to, Token)
  if (at === from) return -1
  at = skipBlank(text, at, to)
  if (at >= to || text.charCodeAt(at) !== equals) return needsValue ? -1 : at
  at = skip(text, skipBlank(text, at + 1, to), to, Octet)
  return skipBlank(text, at, to)
}

function skip(text: string, from: number, to: number, which: number): number {
  let at = from
  for (; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code >= 128 || (classes[code] & which) === 0) break
  }
  return at
}

function skipBlank(text: string, from: number, to: number): number {
  let at = from
  while (at < to && isBlank(text.charCodeAt(at))) at++
  return at
}

const isBlank = (code: number): boolean => code === 32 || code === 9
