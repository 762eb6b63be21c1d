// Plain proxying over real sockets: heads, bodies and their framing in both directions.

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ask, closeAll, exchangeBytes, gatewayWith, parseResponse, refusingAddress, regionSnapshot, serviceWith, socketsWith, token } from './testbed.case.ts'

afterEach(closeAll)

const echo = () => serviceWith((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({
      method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(pieces).toString(), trailers: request.trailers,
    }))
  })
})

test('a request reaches the service and its answer says how it was decided', async () => {
  const gateway = await gatewayWith(regionSnapshot([await echo()]))
  const { status, headers, body } = await ask(gateway.addresses.ingress, '/a/../b//c?q=1', { 'x-thing': 'kept', 'x-regatta-hop': 'forged', te: 'trailers' })
  expect(status).toBe(200)
  expect(headers['server-timing']).toMatch(/^decision;dur=\d+\.\d{6}$/)
  expect(headers).toMatchObject({ 'x-regatta-gateway': 'here-gateway', 'x-regatta-region': 'here', 'x-regatta-attempts': '1', connection: 'close' })
  const seen = JSON.parse(body)
  expect(seen.url).toBe('/b//c?q=1')
  expect(seen.headers).toMatchObject({
    host: 'echo.test', 'x-thing': 'kept', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'echo.test',
  })
  expect(seen.headers['x-request-id']).toMatch(/^[0-9a-f]{16}-1$/)
  expect(Object.keys(seen.headers).filter((name) => name.startsWith('x-regatta-'))).toEqual([])
  expect(gateway.attempts).toMatchObject([{ attempt: 0, reason: 'first', status: 200, outcome: 'ok', region: 'here', service: 'default/echo:80' }])
})

test('hop-by-hop fields and those that Connection names stay on their hop, both ways', async () => {
  const upstream = await serviceWith((request, response) => {
    response.setHeader('connection', 'x-secret')
    response.setHeader('x-secret', 'hidden')
    response.setHeader('x-regatta-region', 'forged')
    response.end(JSON.stringify(request.headers))
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const { headers, body } = await ask(gateway.addresses.ingress, '/', { connection: 'close, x-mine', 'x-mine': '1', 'keep-alive': 'timeout=9', 'proxy-authorization': 'x' })
  expect(headers['x-secret']).toBeUndefined()
  expect(headers['x-regatta-region']).toBe('here')
  const seen = JSON.parse(body)
  for (const name of ['x-mine', 'keep-alive', 'proxy-authorization']) expect(seen[name]).toBeUndefined()
})

test('connections are kept on both sides, and pipelined requests are answered in order', async () => {
  const ports = new Set<number | undefined>()
  const upstream = await serviceWith((request, response) => {
    ports.add(request.socket.remotePort)
    setTimeout(() => response.end(request.url), request.url === '/1' ? 30 : 0)
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const requests = ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
  const text = await exchangeBytes(gateway.addresses.ingress, [`${requests.join('')}GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`])
  expect(text.match(/\/\d(?=HTTP|$)/g)).toEqual(['/1', '/2', '/3', '/4'])
  expect(ports.size).toBe(1)
})

test('a thousand pipelined requests that no route matches neither overflow nor get lost', async () => {
  const gateway = await gatewayWith(regionSnapshot([await echo()], { routes: [] }))
  const text = await exchangeBytes(gateway.addresses.ingress, ['GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(1000), 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'])
  expect(text.match(/RGT_NO_ROUTE/g)!.length).toBe(2 * 1001)
})

test('HEAD, 204 and 304 have no body and keep the connection', async () => {
  const upstream = await serviceWith((request, response) => {
    if (request.url === '/204') response.writeHead(204).end()
    else if (request.url === '/304') response.writeHead(304, { etag: '"x"' }).end()
    else response.writeHead(200, { 'content-length': 12 }).end('twelve bytes')
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const text = await exchangeBytes(gateway.addresses.ingress, [
    'HEAD /h HTTP/1.1\r\nHost: h\r\n\r\nGET /204 HTTP/1.1\r\nHost: h\r\n\r\nGET /304 HTTP/1.1\r\nHost: h\r\n\r\nGET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  ])
  const [, head, noContent, notModified, last] = text.split('HTTP/1.1 ')
  expect(head).toContain('content-length: 12')
  expect(head.endsWith('\r\n\r\n')).toBe(true)
  expect(noContent).not.toMatch(/content-length|transfer-encoding/)
  expect(notModified).toContain('etag: "x"')
  expect(last.endsWith('twelve bytes')).toBe(true)
})

test('chunks and trailers pass in both directions', async () => {
  const upstream = await serviceWith((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write(Buffer.concat(pieces))
      response.addTrailers({ 'x-sum': `${request.trailers['x-check']}` })
      response.end(`|${request.headers['content-length'] ?? request.headers['transfer-encoding']}`)
    })
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  for (const method of ['POST', 'PUT']) {
    const text = await exchangeBytes(gateway.addresses.ingress, [
      `${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`, '5\r\nhello\r\n', '6;note="x"\r\n world\r\n0\r\nX-Check: 7\r\n\r\n',
    ])
    expect(text).toContain('hello world')
    expect(text).toContain('|chunked')
    expect(text).toMatch(/0\r\nx-sum: 7\r\n\r\n$/)
  }
})

test('a buffered chunked body without trailers is sent with its length', async () => {
  const gateway = await gatewayWith(regionSnapshot([await echo()]))
  const text = await exchangeBytes(gateway.addresses.ingress, [
    'PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ])
  const seen = JSON.parse(parseResponse(text).body)
  expect(seen.body).toBe('abc')
  expect(seen.headers['content-length']).toBe('3')
})

test('100 Continue is answered when the body is wanted, and Expect is not passed on', async () => {
  const gateway = await gatewayWith(regionSnapshot([await echo()]))
  for (const method of ['POST', 'PUT']) {
    const text = await exchangeBytes(gateway.addresses.ingress, [
      `${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
    ], (soFar) => soFar.includes('100 Continue\r\n\r\n'))
    expect(text).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    const whole = await exchangeBytes(gateway.addresses.ingress, [
      `${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`, 'hi',
    ])
    expect(whole).toContain('"body":"hi"')
    expect(whole).not.toContain('"expect"')
  }
})

test('an interim response other than 100 is forwarded', async () => {
  const upstream = await socketsWith((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const text = await exchangeBytes(gateway.addresses.ingress, ['GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'])
  expect(text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
})

test('a client of HTTP/1.0 gets a body that ends with the connection', async () => {
  const upstream = await serviceWith((_, response) => {
    response.write('one ')
    response.end('two')
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const text = await exchangeBytes(gateway.addresses.ingress, ['GET / HTTP/1.0\r\n\r\n'])
  expect(parseResponse(text)).toMatchObject({ status: 200, body: 'one two' })
  expect(text).not.toContain('transfer-encoding')
})

test('a response that ends with its connection reaches an HTTP/1.1 client in chunks', async () => {
  const upstream = await socketsWith((socket) => {
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nuntil the end'))
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const { headers, body } = await ask(gateway.addresses.ingress)
  expect(headers['transfer-encoding']).toBe('chunked')
  expect(body).toBe('d\r\nuntil the end\r\n0\r\n\r\n')
})

test('a client that closes its own direction still gets its answer', async () => {
  const gateway = await gatewayWith(regionSnapshot([await echo()]))
  const { connect } = await import('node:net')
  const text = await new Promise<string>((resolve) => {
    let got = ''
    const { host, port } = gateway.addresses.ingress
    const socket = connect({ host, port, allowHalfOpen: true }, () => socket.end('GET /half HTTP/1.1\r\nHost: h\r\n\r\n'))
    socket.on('data', (bytes) => { got += bytes }).on('end', () => resolve(got))
  })
  expect(text).toContain('"url":"/half"')
})

test.each([
  ['a service that is refused', async () => refusingAddress(), 503, 'RGT_NO_HEALTHY_TARGET'],
  ['a service that closes without an answer', async () => socketsWith((socket) => socket.once('data', () => socket.end())), 502, 'RGT_UPSTREAM_FAILED'],
  ['a service that answers nonsense', async () => socketsWith((socket) => socket.once('data', () => socket.write('NONSENSE\r\n\r\n'))), 502, 'RGT_UPSTREAM_FAILED'],
  ['a service that frames its answer twice', async () => socketsWith((socket) => socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
  })), 502, 'RGT_UPSTREAM_FAILED'],
])('%s ends in a coded answer', async (_, upstream, status, code) => {
  const gateway = await gatewayWith(regionSnapshot([await upstream()]))
  const response = await ask(gateway.addresses.ingress, '/', { 'x-request-id': 'mine' }, 'POST', 'x')
  expect(response.status).toBe(status)
  expect(response.headers['x-regatta-reason']).toBe(code)
  expect(JSON.parse(response.body)).toMatchObject({ code, requestId: 'mine' })
})

test('a response cut off in its middle is a broken connection to the client, not a short body', async () => {
  const upstream = await socketsWith((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this', () => socket.destroy()))
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const text = await exchangeBytes(gateway.addresses.ingress, ['GET / HTTP/1.1\r\nHost: h\r\n\r\n'])
  expect(text).toContain('content-length: 100')
  expect(text.endsWith('only this') || text.endsWith('\r\n\r\n')).toBe(true)
})

test('timeouts of the route answer 504 with the reason', async () => {
  const silent = await socketsWith(() => {})
  const snapshot = regionSnapshot([silent])
  for (const timeouts of [{ requestMs: 60, backendRequestMs: 0 }, { requestMs: 0, backendRequestMs: 60 }]) {
    const gateway = await gatewayWith({ ...snapshot, routes: [{ ...snapshot.routes[0], timeouts }] })
    const { status, headers } = await ask(gateway.addresses.ingress)
    expect([status, headers['x-regatta-reason']]).toEqual([504, 'RGT_UPSTREAM_TIMEOUT'])
  }
})

test('a pin counts only with the token of the run', async () => {
  const gateway = await gatewayWith(regionSnapshot([await echo()]))
  const pinned = await ask(gateway.addresses.ingress, '/', { 'x-regatta-pin': 'nowhere', 'x-regatta-token': token })
  expect(pinned.status).toBe(503)
  const forged = await ask(gateway.addresses.ingress, '/', { 'x-regatta-pin': 'nowhere', 'x-regatta-token': 'wrong' })
  expect(forged.status).toBe(200)
  const right = await ask(gateway.addresses.ingress, '/', { 'x-regatta-pin': 'here', 'x-regatta-token': token })
  expect(right.status).toBe(200)
  expect(gateway.attempts.map(({ reason }) => reason)).toEqual(['first', 'pinned'])
})

test('a body that waited for its upstream to connect does not leave the client unread', async () => {
  const gateway = await gatewayWith(regionSnapshot([await echo()]))
  const connection = connect(gateway.addresses.ingress.port, '127.0.0.1')
  let text = ''
  connection.on('data', (bytes) => { text += String(bytes) })
  const answers = async (count: number): Promise<void> => {
    while (text.split('HTTP/1.1 200').length <= count) await once(connection, 'data')
  }
  // Whole in one read, before there is any upstream connection; not to be repeated, so it is streamed.
  connection.write('POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody')
  await answers(1)
  connection.write('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n')
  await answers(2)
  connection.destroy()
  expect(text).toContain('"url":"/2"')
})
