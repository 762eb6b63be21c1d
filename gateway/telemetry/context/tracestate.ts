// `tracestate` (W3C trace context level 2, section 3.3): a list of members, the last changed one first. The member `ot` is
// OpenTelemetry's and read (opentelemetry-member.ts); all others are passed on untouched, in their order.

import { parseOt, writeOt } from './opentelemetry-member.ts'
import type { TraceContext } from './context.ts'

/** Members at most; a list of more is broken (section 3.3, `list`). */
export const maxMembers = 32
/** Characters passed on, commas included: what the specification asks of everybody ("tracestate Limits"). */
export const maxLength = 512
/** Of a list that is too long, members longer than this go first. */
const longMember = 128

const Key = 1
const KeyStart = 2
const Value = 4
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  const start = /[a-z0-9]/.test(char) ? Key | KeyStart : 0
  const key = '_-*/@'.includes(char) ? Key : 0
  return start | key | (code >= 0x20 && code <= 0x7e && char !== ',' && char !== '=' ? Value : 0)
})
const is = (code: number, which: number): boolean => code < 128 && (classes[code] & which) !== 0
const isBlank = (code: number): boolean => code === 32 || code === 9

export type Tracestate = Readonly<Pick<TraceContext, 'tracestate' | 'threshold' | 'randomness' | 'otherOt'> & { otAt: number; broken: 'list' | 'ot' | null }>

const none: Tracestate = Object.freeze({ tracestate: '', threshold: '', randomness: '', otherOt: '', otAt: 0, broken: null })
const unusable: Tracestate = Object.freeze({ ...none, broken: 'list' })

/** The last one that was read: behind an edge most requests bring the same, `ot=th:…` of the rate that holds. */
let lastText = ''
let last = none

/** A list with a broken member, or with more than 32, is not used at all. Of two members of one key the first counts, it is the later one. */
export function parseTracestate(text: string): Tracestate {
  if (text !== lastText) {
    last = read(text)
    lastText = text
  }
  return last
}

function read(text: string): Tracestate {
  const found = readMembers(text)
  if (found === null) return unusable
  const members = fit(found)
  const at = members.findIndex(isOt)
  if (at === -1) return members.length === 0 ? none : { ...none, tracestate: members.join(',') }
  const [member] = members.splice(at, 1)
  const { broken, ...ot } = parseOt(member.slice(3))
  return { tracestate: members.join(','), ...ot, otAt: at, broken: broken ? 'ot' : null }
}

/** '' = there is nothing to say. */
export function writeTracestate(context: TraceContext): string {
  const ot = writeOt(context)
  const { tracestate, otAt = 0 } = context
  if (ot === '') return tracestate
  if (tracestate === '') return `ot=${ot}`
  // 31 members beside `ot` are at least 123 characters.
  if (otAt === 0 && tracestate.length < 123 && ot.length < 256) return `ot=${ot},${tracestate}`
  const members = tracestate.split(',')
  members.splice(otAt, 0, `ot=${ot}`)
  return fit(members).join(',')
}

const isOt = (member: string): boolean => member.startsWith('ot=')

function readMembers(text: string): string[] | null {
  const members: string[] = []
  let count = 0
  for (let from = 0; from < text.length;) {
    const comma = text.indexOf(',', from)
    const next = comma === -1 ? text.length : comma
    let to = next
    while (from < to && isBlank(text.charCodeAt(from))) from++
    while (from < to && isBlank(text.charCodeAt(to - 1))) to--
    // Empty members are allowed and mean nothing.
    if (from < to) {
      const equals = keyEnd(text, from, to)
      if (equals === -1 || !isValue(text, equals + 1, to) || ++count > maxMembers) return null
      const key = text.slice(from, equals + 1)
      if (!members.some((member) => member.startsWith(key))) members.push(text.slice(from, to))
    }
    from = next + 1
  }
  return members
}

/** Where the equals sign after a key of at most 256 characters stands; -1 = it is no key. */
function keyEnd(text: string, from: number, to: number): number {
  if (!is(text.charCodeAt(from), KeyStart)) return -1
  let at = from + 1
  while (at < to && is(text.charCodeAt(at), Key)) at++
  return at < to && at - from <= 256 && text.charCodeAt(at) === 61 ? at : -1
}

function isValue(text: string, from: number, to: number): boolean {
  if (from >= to || to - from > 256) return false
  for (let at = from; at < to; at++) {
    if (!is(text.charCodeAt(at), Value)) return false
  }
  return true
}

/** Whole members go until the list is within the limits: long ones first, then from the end; never `ot`. */
function fit(members: string[]): string[] {
  let length = members.reduce((sum, member) => sum + member.length + 1, -1)
  let count = members.length
  if (length <= maxLength && count <= maxMembers) return members
  const drop = (at: number): void => {
    length -= members[at].length + 1
    count--
    members[at] = ''
  }
  for (let at = members.length - 1; at >= 0 && length > maxLength; at--) {
    if (members[at].length > longMember && !isOt(members[at])) drop(at)
  }
  for (let at = members.length - 1; at >= 0 && (length > maxLength || count > maxMembers); at--) {
    if (members[at] !== '' && !isOt(members[at])) drop(at)
  }
  return members.filter((member) => member !== '')
}
