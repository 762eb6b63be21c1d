// Field lines of a header or trailer section, from text that the scanner has already cleared of bare line
// ends and control characters.

import { FieldFlag, Fields, nameInfo } from '../fields.ts'
import { Problem, syntaxProblem } from '../problem.ts'

export const maxFields = 128

const space = 0x20
const tab = 0x09

/** Reads lines from `from` to the empty line. Returns null, or why the section is refused. */
export function readFieldLines(text: string, from: number, fields: Fields): Problem | null {
  const { names, values, flags } = fields
  let position = from
  for (;;) {
    const lineEnd = text.indexOf('\r\n', position)
    if (lineEnd === position || lineEnd === -1) return null
    const first = text.charCodeAt(position)
    if (first === space || first === tab) {
      return syntaxProblem('a header line starts with white space (obsolete line folding)', 'send each field on one line')
    }
    const colon = text.indexOf(':', position)
    if (colon === -1 || colon > lineEnd) return syntaxProblem('a header line has no colon')
    const info = nameInfo(text.slice(position, colon))
    if (info === null) {
      return syntaxProblem('a field name holds a character that is not allowed', 'no white space stands between a name and its colon')
    }
    if (names.length === maxFields) {
      return new Problem(431, 'RGT_HTTP_HEADER_LIMIT', `more than ${maxFields} header fields`, 'send fewer fields')
    }
    let start = colon + 1
    let end = lineEnd
    while (start < end && isBlank(text.charCodeAt(start))) start++
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--
    names.push(info.name)
    values.push(text.slice(start, end))
    flags.push(info.flags)
    position = lineEnd + 2
  }
}

const isBlank = (code: number): boolean => code === space || code === tab

/** What the Connection field says. Fields that it names are marked as belonging to this hop. */
export interface ConnectionOptions { close: boolean; keepAlive: boolean; upgrade: boolean }

const none: ConnectionOptions = { close: false, keepAlive: false, upgrade: false }
const closeOnly: ConnectionOptions = { close: true, keepAlive: false, upgrade: false }
const keepAliveOnly: ConnectionOptions = { close: false, keepAlive: true, upgrade: false }

export function readConnection(fields: Fields): ConnectionOptions {
  const value = fields.get('connection')
  if (value === undefined) return none
  const lower = value.toLowerCase()
  if (lower === 'keep-alive') return keepAliveOnly
  if (lower === 'close') return closeOnly
  const options: ConnectionOptions = { close: false, keepAlive: false, upgrade: false }
  for (const part of lower.split(',')) {
    const name = part.trim()
    if (name === 'close') options.close = true
    else if (name === 'keep-alive') options.keepAlive = true
    else if (name === 'upgrade') options.upgrade = true
    else markHopByHop(fields, name)
  }
  return options
}

function markHopByHop(fields: Fields, name: string): void {
  for (let index = fields.names.indexOf(name); index !== -1; index = fields.names.indexOf(name, index + 1)) {
    fields.flags[index] |= FieldFlag.HopByHop
  }
}

/** Content-Length as a number, -1 when absent, -2 when repeated or not plain digits (RFC 9112, section 6.3). */
export function readContentLength(fields: Fields): number {
  const first = fields.names.indexOf('content-length')
  if (first === -1) return -1
  if (fields.names.indexOf('content-length', first + 1) !== -1) return -2
  const value = fields.values[first]
  const length = value.length
  if (length === 0 || length > 15) return -2
  let number = 0
  for (let index = 0; index < length; index++) {
    const digit = value.charCodeAt(index) - 0x30
    if (digit < 0 || digit > 9) return -2
    number = number * 10 + digit
  }
  return number
}
