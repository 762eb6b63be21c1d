// Large bodies with a slow reader at the other end: whole, and never held in the gateway beyond a bound.

import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { closeAll, gatewayWith, regionSnapshot, routeTo, serviceWith, settle, type Bed } from './testbed.case.ts'

afterEach(closeAll)

const size = 10 * 1024 * 1024
const content = randomBytes(size)
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test('a 10 MB chunked response to a slow reader arrives whole', async () => {
  const upstream = await serviceWith((_, response) => {
    for (let at = 0; at < size; at += 65_536) response.write(content.subarray(at, at + 65_536))
    response.end()
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const socket = connect(gateway.addresses.ingress)
  socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  await settle(200)
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece as Buffer)
  const text = Buffer.concat(pieces)
  const start = text.indexOf('\r\n\r\n') + 4
  expect(text.subarray(0, start).toString()).toContain('transfer-encoding: chunked')
  expect(digest(unchunk(text.subarray(start)))).toBe(digest(content))
})

test('while a client does not read, the gateway stops reading from the service', async () => {
  // Larger than what the kernel's buffers on two hops can take, so that a gateway without backpressure takes it all.
  const large = 160 * 1024 * 1024
  let written = 0
  const upstream = await serviceWith((_, response) => {
    response.writeHead(200, { 'content-length': large })
    const more = (): void => {
      while (written < large) {
        written += size
        if (!response.write(content)) {
          response.once('drain', more)
          return
        }
      }
      response.end()
    }
    more()
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const socket = connect(gateway.addresses.ingress)
  socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  let before = -1
  while (before !== written) {
    before = written
    await settle(150)
  }
  expect(written).toBeLessThan(large)
  let bytes = 0
  for await (const piece of socket) bytes += (piece as Buffer).length
  expect(bytes).toBeGreaterThan(large)
})

test.each(['content-length', 'chunked'])('a 10 MB upload by %s to a slow service arrives whole, and the gateway stops reading from the client', async (framing) => {
  let resume = (): void => {}
  const upstream = await serviceWith((request, response) => {
    request.pause()
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => response.end(digest(Buffer.concat(pieces))))
    request.pause()
    resume = () => request.resume()
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const socket = connect(gateway.addresses.ingress)
  let text = ''
  socket.on('data', (bytes) => { text += bytes })
  socket.write(`PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`}\r\n\r\n`)
  let taken = 0
  for (let at = 0; at < size; at += 65_536) {
    const piece = content.subarray(at, at + 65_536)
    const whole = framing === 'chunked' ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]) : piece
    socket.write(whole, () => { taken += piece.length })
  }
  if (framing === 'chunked') socket.write('0\r\n\r\n')
  await settle(300)
  expect(taken).toBeLessThan(size)
  resume()
  await new Promise((resolve) => socket.on('close', resolve))
  expect(text).toContain(digest(content))
})

test('a client that leaves in the middle frees the upstream', async () => {
  let upstreamClosed = false
  const upstream = await serviceWith((_, response) => {
    response.write('first')
    response.on('close', () => { upstreamClosed = true })
  })
  const gateway = await gatewayWith(regionSnapshot([upstream]))
  const socket = connect(gateway.addresses.ingress)
  socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await new Promise((resolve) => socket.once('data', resolve))
  socket.resetAndDestroy()
  await until(() => upstreamClosed)
  expect(gateway.attempts.at(-1)?.outcome).toBe('cancelled')
  expect(inFlight(gateway)).toBe(0)
})

test('a POST whose body is not held streams while it comes', async () => {
  const upstream = await serviceWith((request, response) => {
    request.on('data', (piece: Buffer) => response.write(piece.toString().toUpperCase()))
    request.on('end', () => response.end('.'))
  })
  const gateway = await gatewayWith(regionSnapshot([upstream], { routes: [routeTo()] }))
  const socket = connect(gateway.addresses.ingress)
  let text = ''
  socket.on('data', (bytes) => { text += bytes })
  socket.write('POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
  await until(() => text.includes('ABC'))
  socket.write('3\r\ndef\r\n')
  await until(() => text.includes('DEF'))
  socket.write('0\r\n\r\n')
  await until(() => text.endsWith('0\r\n\r\n'))
})

const inFlight = (gateway: Bed): number => (gateway.status() as { inFlight: number }).inFlight

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (condition()) return
    await settle(10)
  }
  throw new Error('what was waited for did not happen')
}

function unchunk(bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (length === 0) return Buffer.concat(pieces)
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 4 + length
  }
}
