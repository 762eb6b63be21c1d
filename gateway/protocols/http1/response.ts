// Reads the head of an upstream's response (RFC 9112), as strictly as a request's: a response that could be
// framed in two ways would let one service answer another client's request.

import { Fields } from '../fields.ts'
import { BodyLength, type ResponseHead } from '../message.ts'
import { Problem, smugglingProblem, syntaxProblem } from '../problem.ts'
import { readConnection, readContentLength, readFieldLines } from './field-lines.ts'

/** `text` is the whole header section in latin1, its empty line included, as the scanner passed it. */
export function readResponseHead(text: string): ResponseHead | Problem {
  const lineEnd = text.indexOf('\r\n')
  const status = readStatus(text)
  if (status === -1) return syntaxProblem('the status line is malformed')
  const fields = new Fields()
  const problem = readFieldLines(text, lineEnd + 2, fields)
  if (problem !== null) return problem
  const bodyLength = readResponseFraming(fields)
  if (typeof bodyLength !== 'number') return bodyLength
  const connection = readConnection(fields)
  const persistent = text.charCodeAt(7) === 0x30 ? connection.keepAlive && !connection.close : !connection.close
  return {
    status, reason: text.slice(13, lineEnd), fields, bodyLength,
    keepAlive: persistent,
    keepAliveSeconds: readKeepAlive(fields),
  }
}

/** Status of `HTTP/1.x NNN reason`, or -1. */
function readStatus(text: string): number {
  if (!text.startsWith('HTTP/1.') || text.charCodeAt(8) !== 0x20) return -1
  const minor = text.charCodeAt(7) - 0x30
  const after = text.charCodeAt(12)
  if (minor < 0 || minor > 9 || (after !== 0x20 && after !== 0x0d)) return -1
  const a = text.charCodeAt(9) - 0x30
  const b = text.charCodeAt(10) - 0x30
  const c = text.charCodeAt(11) - 0x30
  return a < 1 || a > 9 || b < 0 || b > 9 || c < 0 || c > 9 ? -1 : a * 100 + b * 10 + c
}

function readResponseFraming(fields: Fields): number | Problem {
  const length = readContentLength(fields)
  if (length === -2) return smugglingProblem('Content-Length is repeated or not a plain number')
  const coding = fields.get('transfer-encoding')
  if (coding === undefined) return length === -1 ? BodyLength.UntilClose : length
  if (length !== -1) return smugglingProblem('both Transfer-Encoding and Content-Length are there')
  return coding.toLowerCase() === 'chunked' ? BodyLength.Unknown : smugglingProblem('the transfer coding is not exactly `chunked`')
}

function readKeepAlive(fields: Fields): number {
  const value = fields.get('keep-alive')
  const parts = value === undefined ? null : /timeout=(\d{1,6})/i.exec(value)
  return parts === null ? 0 : Number(parts[1])
}

/** Responses that never have a body whatever their fields say (RFC 9112, section 6.3). */
export const hasNoBody = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 304 || status < 200
