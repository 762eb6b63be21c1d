// What a request head may look like, and everything that is refused, without sockets.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyLength, type RequestHead } from '../message.ts'
import { Problem } from '../problem.ts'
import { readRequestHead } from './request.ts'
import { normalisePath, readHost } from './target.ts'

const read = (line: string, fields = 'Host: example.test\r\n'): RequestHead | Problem => readRequestHead(`${line}\r\n${fields}\r\n`)
const accepted = (line: string, fields?: string): RequestHead => {
  const head = read(line, fields)
  if (head instanceof Problem) throw new Error(`refused: ${head.message}`)
  return head
}
const refused = (line: string, fields?: string): [number, string] => {
  const problem = read(line, fields)
  if (!(problem instanceof Problem)) throw new Error('was not refused')
  return [problem.status, problem.code]
}

test('the parts of a request', () => {
  const head = accepted('GET /a/b?c=d HTTP/1.1', 'Host: Example.Test:8080\r\nX-Two: 1\r\nx-two:\t2 \r\nContent-Length: 12\r\n')
  expect(head).toMatchObject({ method: 'GET', path: '/a/b', query: 'c=d', host: 'example.test', authority: 'Example.Test:8080', bodyLength: 12, keepAlive: true })
  expect(head.fields.get('x-two')).toBe('1, 2')
  expect(head.fields.get('x-three')).toBeUndefined()
})

test.each([
  ['HTTP/1.1', '', true], ['HTTP/1.1', 'Connection: close\r\n', false], ['HTTP/1.1', 'Connection: Keep-Alive, Close\r\n', false],
  ['HTTP/1.0', '', false], ['HTTP/1.0', 'Connection: keep-alive\r\n', true],
])('%s with %j keeps the connection: %s', (version, fields, keepAlive) => {
  expect(accepted(`GET / ${version}`, `Host: h\r\n${fields}`).keepAlive).toBe(keepAlive)
})

test('absolute form replaces Host', () => {
  expect(accepted('GET http://Other.test:81?q HTTP/1.1')).toMatchObject({ host: 'other.test', authority: 'Other.test:81', path: '/', query: 'q', hasQuery: true })
})

test.each([
  ['/a/./b', '/a/b'], ['/a/../b', '/b'], ['/../..', '/'], ['/a/..', '/'], ['/a/.', '/a/'], ['/a//b', '/a//b'], ['//', '//'], ['/a//../b', '/a/b'],
  ['/%61%7E', '/a~'], ['/%2e%2e/x', '/x'], ['/a/%2E/b', '/a/b'], ['/a%2fb', '/a%2fb'], ['/a%5c', '/a%5c'], ['/...', '/...'], ['/.a', '/.a'],
])('path %s becomes %s', (raw, normal) => {
  expect(accepted(`GET ${raw} HTTP/1.1`).path).toBe(normal)
})

test('normalising twice changes nothing more, and never climbs above the root', () => {
  const segment = fc.constantFrom('a', '.', '..', '', '%2e', '%2E%2e', '%41', '%2f', '%25', 'b.c', '...')
  fc.assert(fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
    const once = normalisePath(`/${segments.join('/')}`)!
    expect(once.startsWith('/')).toBe(true)
    expect(once.split('/')).not.toContain('..')
    expect(normalisePath(once)).toBe(once)
  }))
})

test.each(['h', 'a.b:80', '[::1]:8080', '127.0.0.1', ''])('host %j is well formed', (host) => expect(readHost(host)).not.toBeNull())
test.each(['a b', 'a/b', 'u@h', 'h:port', 'a:1:2', '[::1', 'h:123456'])('host %j is malformed', (host) => expect(readHost(host)).toBeNull())

test.each<[string, number, string]>([
  ['Content-Length: 5\r\n', 5, ''], ['Transfer-Encoding: Chunked\r\n', BodyLength.Unknown, ''], ['', 0, ''],
])('body framing of %j', (fields, length) => {
  expect(accepted('POST / HTTP/1.1', `Host: h\r\n${fields}`).bodyLength).toBe(length)
})

test.each<[string, string, number, string]>([
  ['GET /', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1 x', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['G(T / HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET  / HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / http/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/2.0', 'Host: h\r\n', 505, 'RGT_HTTP_UNSUPPORTED'],
  ['GET / HTTP/0.9', 'Host: h\r\n', 505, 'RGT_HTTP_UNSUPPORTED'],
  ['GET a HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET * HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET ftp://h/ HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET http://u@h/ HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET /a\\b HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET /a#b HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET /\u00e9 HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET /%zz HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET /% HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET /%00 HTTP/1.1', 'Host: h\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['CONNECT h:443 HTTP/1.1', 'Host: h\r\n', 501, 'RGT_HTTP_UNSUPPORTED'],
  ['TRACE / HTTP/1.1', 'Host: h\r\n', 501, 'RGT_HTTP_UNSUPPORTED'],
  ['GET / HTTP/1.1', '', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', 'Host: a\r\nHost: a\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', 'Host: a b\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', 'Host : a\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', ' Host: a\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', 'Host: a\r\nX: 1\r\n folded\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', 'Host: a\r\nno colon\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', 'Host: a\r\n: empty\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', 'Host: a\r\nX(: 1\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['GET / HTTP/1.1', `Host: a\r\n${'X: 1\r\n'.repeat(128)}`, 431, 'RGT_HTTP_HEADER_LIMIT'],
  ['POST / HTTP/1.1', 'Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nContent-Length: 5, 5\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nContent-Length: +5\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nContent-Length: 0x5\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nContent-Length: \r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nContent-Length: 9999999999999999\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nTransfer-Encoding: chunked, chunked\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nTransfer-Encoding: chunked, identity\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nTransfer-Encoding: xchunked\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nTransfer-Encoding: \r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['POST / HTTP/1.1', 'Host: a\r\nTransfer-Encoding: gzip, chunked\r\n', 501, 'RGT_HTTP_UNSUPPORTED'],
  ['POST / HTTP/1.0', 'Host: a\r\nTransfer-Encoding: chunked\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['GET / HTTP/1.1', 'Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n', 501, 'RGT_HTTP_UNSUPPORTED'],
  ['GET / HTTP/1.1', 'Host: a\r\nExpect: magic\r\n', 417, 'RGT_HTTP_UNSUPPORTED'],
])('%j with %j is refused', (line, fields, status, code) => {
  expect(refused(line, fields)).toEqual([status, code])
})

test('h2c is offered by clients that go on in HTTP/1.1, so the offer is ignored', () => {
  expect(accepted('GET / HTTP/1.1', 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n').method).toBe('GET')
})
