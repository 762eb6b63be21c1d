// Reads the head of a request (RFC 9112), strictly: whatever two implementations could frame or route
// differently is refused, because the service behind this gateway is such another implementation.

import { Fields } from '../fields.ts'
import { BodyLength, type RequestHead } from '../message.ts'
import { Problem, smugglingProblem, syntaxProblem, unsupportedProblem } from '../problem.ts'
import { readConnection, readContentLength, readFieldLines } from './field-lines.ts'
import { readHost, readTarget } from './target.ts'

const commonMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const version = /^HTTP\/(\d)\.(\d)$/

/** `text` is the whole header section in latin1, its empty line included, as the scanner passed it. */
export function readRequestHead(text: string): RequestHead | Problem {
  const lineEnd = text.indexOf('\r\n')
  const methodEnd = text.indexOf(' ')
  const targetEnd = text.indexOf(' ', methodEnd + 1)
  if (methodEnd <= 0 || targetEnd === -1 || targetEnd > lineEnd || targetEnd === methodEnd + 1) {
    return syntaxProblem('the request line is not `METHOD TARGET HTTP/1.1`')
  }
  const method = text.slice(0, methodEnd)
  if (!commonMethods.has(method) && !token.test(method)) return syntaxProblem('the method is not a token')
  const minor = readVersion(text.slice(targetEnd + 1, lineEnd))
  if (typeof minor !== 'number') return minor
  if (method === 'CONNECT' || method === 'TRACE') {
    return unsupportedProblem(501, `${method} is not served`, 'a reverse proxy has no use for it')
  }
  const target = readTarget(text.slice(methodEnd + 1, targetEnd), method)
  if (target instanceof Problem) return target
  const fields = new Fields()
  const problem = readFieldLines(text, lineEnd + 2, fields)
  if (problem !== null) return problem
  const authority = readAuthority(fields, target.authority, minor)
  if (typeof authority !== 'string') return authority
  const host = readHost(authority)
  if (host === null) return syntaxProblem('the host is malformed')
  const bodyLength = readRequestFraming(fields, minor)
  if (typeof bodyLength !== 'number') return bodyLength
  const connection = readConnection(fields)
  const refusal = readExpectations(fields, connection.upgrade, minor)
  if (typeof refusal !== 'boolean') return refusal
  return {
    method, path: target.path, query: target.query, hasQuery: target.hasQuery, authority, host, fields, bodyLength,
    expectsContinue: refusal && bodyLength !== 0,
    keepAlive: minor === 1 ? !connection.close : connection.keepAlive && !connection.close,
    minor,
  }
}

function readVersion(text: string): number | Problem {
  if (text === 'HTTP/1.1') return 1
  const parts = version.exec(text)
  if (parts === null) return syntaxProblem('the protocol version is malformed')
  if (parts[1] !== '1') return unsupportedProblem(505, `HTTP/${parts[1]} is not spoken on this listener`, 'use HTTP/1.1')
  return parts[2] === '0' ? 0 : 1
}

function readAuthority(fields: Fields, fromTarget: string | null, minor: number): string | Problem {
  const index = fields.names.indexOf('host')
  if (index === -1) {
    if (minor === 0) return fromTarget ?? ''
    return syntaxProblem('the Host field is missing', 'HTTP/1.1 asks for exactly one Host')
  }
  if (fields.names.indexOf('host', index + 1) !== -1) return syntaxProblem('more than one Host field', 'send exactly one Host')
  return fromTarget ?? fields.values[index]
}

/** Bytes of the body, or `BodyLength.Unknown` when chunked (RFC 9112, section 6). */
function readRequestFraming(fields: Fields, minor: number): number | Problem {
  const length = readContentLength(fields)
  if (length === -2) return smugglingProblem('Content-Length is repeated or not a plain number')
  const coding = fields.get('transfer-encoding')
  if (coding === undefined) return length === -1 ? 0 : length
  if (length !== -1) return smugglingProblem('both Transfer-Encoding and Content-Length are there')
  if (minor === 0) return smugglingProblem('Transfer-Encoding in an HTTP/1.0 request')
  const lower = coding.toLowerCase()
  if (lower === 'chunked') return BodyLength.Unknown
  if (/^(gzip|x-gzip|deflate|compress|x-compress)\s*,\s*chunked$/.test(lower)) {
    return unsupportedProblem(501, 'a transfer coding besides chunked', 'use Content-Encoding')
  }
  return smugglingProblem('the transfer coding is not exactly `chunked`')
}

/** True when the client waits for 100 Continue. */
function readExpectations(fields: Fields, upgrade: boolean, minor: number): boolean | Problem {
  if (upgrade) {
    const protocol = (fields.get('upgrade') ?? '').toLowerCase()
    // A server may ignore an upgrade (RFC 9110, section 7.8): h2c is offered by clients that go on in HTTP/1.1.
    if (protocol !== 'h2c') return unsupportedProblem(501, 'the upgrade is not served', 'this listener speaks plain HTTP/1.1')
  }
  const expectation = fields.get('expect')
  if (expectation === undefined) return false
  if (expectation.toLowerCase() === '100-continue') return minor === 1
  return unsupportedProblem(417, 'the expectation is unknown', 'only 100-continue is understood')
}
