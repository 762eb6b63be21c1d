// Hostile and broken requests over real sockets: each gets its coded answer, the connection closes, and
// nothing of it reaches the service.

import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { defaultLimits } from './bootstrap.ts'
import { closeAll, exchangeBytes, gatewayWith, parseResponse, regionSnapshot, serviceWith, type Bed } from './testbed.case.ts'

afterEach(closeAll)

const limits = { ...defaultLimits, maxHeaderBytes: 4096, maxBodyBytes: 1000, headerTimeoutMs: 200, idleTimeoutMs: 300 }

async function guarded(): Promise<{ gateway: Bed; urls: string[] }> {
  const urls: string[] = []
  const upstream = await serviceWith((request, response) => {
    urls.push(request.url!)
    request.resume().on('end', () => response.end(request.url))
  })
  return { gateway: await gatewayWith(regionSnapshot([upstream]), { limits }), urls }
}

const cases: [string, string, number, string][] = [
  ['bare LF line ends', 'GET / HTTP/1.1\nHost: h\n\n', 400, 'RGT_HTTP_SYNTAX'],
  ['a bare CR', 'GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['a NUL', 'GET / HTTP/1.1\r\nHost: h\0\r\n\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['a TLS greeting', '\x16\x03\x01\x02\x00\x01', 400, 'RGT_HTTP_SYNTAX'],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 'RGT_HTTP_UNSUPPORTED'],
  ['two empty lines', '\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'RGT_HTTP_SYNTAX'],
  ['a head over the limit', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'y'.repeat(5000)}\r\n\r\n`, 431, 'RGT_HTTP_HEADER_LIMIT'],
  ['a head over the limit that never ends', `GET /${'y'.repeat(5000)}`, 431, 'RGT_HTTP_HEADER_LIMIT'],
  ['a length over the limit', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n', 413, 'RGT_HTTP_BODY_LIMIT'],
  ['a body to be sent that grows over the limit', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n${'y'.repeat(1001)}\r\n0\r\n\r\n`, 413, 'RGT_HTTP_BODY_LIMIT'],
  ['a body to be held that grows over the limit', `PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n${'y'.repeat(1001)}\r\n0\r\n\r\n`, 413, 'RGT_HTTP_BODY_LIMIT'],
  ['a bad chunk', 'PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['both framings', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n', 400, 'RGT_HTTP_SMUGGLING'],
  ['a WebSocket upgrade', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 501, 'RGT_HTTP_UNSUPPORTED'],
  ['a head that stops', 'GET / HTTP/1.1\r\nHost:', 408, 'RGT_HTTP_TIMEOUT'],
  ['a body that stops', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab', 408, 'RGT_HTTP_TIMEOUT'],
]

test.each(cases)('%s is refused and the connection closes', async (_, bytes, status, code) => {
  const { gateway, urls } = await guarded()
  const { status: seen, headers, body } = parseResponse(await exchangeBytes(gateway.addresses.ingress, [Buffer.from(bytes, 'latin1')]))
  expect([seen, headers['x-regatta-reason'], headers.connection]).toEqual([status, code, 'close'])
  expect(JSON.parse(body)).toMatchObject({ code, message: expect.any(String), hint: expect.any(String) })
  expect(urls.filter((url) => url !== '/')).toEqual([])
})

test('an idle connection closes without a word', async () => {
  const { gateway } = await guarded()
  expect(await exchangeBytes(gateway.addresses.ingress, [])).toBe('')
})

test('a refused body is read over when it is small, so that the connection lives on', async () => {
  const { gateway } = await guarded()
  gateway.apply({ ...regionSnapshot([]), revision: 2, routes: [] })
  const text = await exchangeBytes(gateway.addresses.ingress, [
    'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n', 'hello', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  ])
  expect(text.match(/HTTP\/1\.1 404/g)?.length).toBe(2)
})

test('any valid stream of requests gives the same answers however its bytes are cut', async () => {
  const { gateway } = await guarded()
  const request = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'HEAD'),
    path: fc.constantFrom('/', '/a?b=c', '/a/../d', '/%61'),
    blank: fc.boolean(),
    body: fc.oneof(fc.constant(null), fc.record({ text: fc.string({ maxLength: 30 }), chunked: fc.boolean() })),
  })
  const stream = fc.array(request, { minLength: 1, maxLength: 4 })
  const cuts = fc.array(fc.nat(400), { maxLength: 8 })
  const steady = (text: string): string => text.replace(/dur=[\d.]+/g, 'dur=').replace(/date: .*\r\n/g, '')
  await fc.assert(fc.asyncProperty(stream, cuts, async (requests, borders) => {
    const heads = requests.map(({ method, path, blank, body }, index) => {
      const last = index === requests.length - 1 ? 'Connection: close\r\n' : ''
      const head = `${blank ? '\r\n' : ''}${method} ${path} HTTP/1.1\r\nHost: h\r\n${last}`
      if (body === null) return `${head}\r\n`
      const size = Buffer.byteLength(body.text)
      if (!body.chunked) return `${head}Content-Length: ${size}\r\n\r\n${body.text}`
      return `${head}Transfer-Encoding: chunked\r\n\r\n${size === 0 ? '' : `${size.toString(16)}\r\n${body.text}\r\n`}0\r\n\r\n`
    })
    const bytes = Buffer.from(heads.join(''))
    const at = [0, ...borders.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
    const pieces = at.slice(1).map((to, index) => bytes.subarray(at[index], to))
    const whole = await exchangeBytes(gateway.addresses.ingress, [bytes])
    const cut = await exchangeBytes(gateway.addresses.ingress, pieces)
    expect(steady(cut)).toBe(steady(whole))
    expect(whole.match(/HTTP\/1\.1 200 OK/g)?.length).toBe(requests.length)
  }), { numRuns: 60 })
})
