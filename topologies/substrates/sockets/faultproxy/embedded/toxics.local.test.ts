// Each toxic on real sockets, and what our proxy does beyond Toxiproxy: half-closed connections work, and
// resets are real ones.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { seededRandom, systemClock, systemScheduler } from '../../../../../gateway/runtime.ts'
import { dial, freePorts, serveEcho, serveWith, type Dialled } from '../sockets.case.ts'
import { createAlarms } from './alarms.ts'
import { createProxy, type Proxy } from './proxy.ts'
import { decodeToxic, decodeToxicUpdate } from './wire.ts'

const undo: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step() })

async function proxyTo(port: number): Promise<{ proxy: Proxy; through(): Promise<Dialled> }> {
  const listen = `127.0.0.1:${(await freePorts(1))[0]}`
  const input = { name: 'p', listen, upstream: `127.0.0.1:${port}`, enabled: true }
  const proxy = createProxy(input, createAlarms(systemClock, systemScheduler), seededRandom(1))
  await proxy.start()
  undo.push(() => proxy.stop())
  return { proxy, through: () => dial(Number(listen.split(':')[1])) }
}

async function echoBehind(...toxics: unknown[]): Promise<{ proxy: Proxy; through(): Promise<Dialled> }> {
  const echo = await serveEcho()
  undo.push(() => echo.close())
  const made = await proxyTo(echo.port)
  for (const toxic of toxics) made.proxy.addToxic(decodeToxic(toxic))
  return made
}

test('a half-closed connection still gets its answer, even through delays', async () => {
  const server: Server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    let heard = ''
    socket.on('data', (chunk) => { heard += chunk.toString() }).on('end', () => socket.end(`got ${heard}`))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  undo.push(() => new Promise((resolve) => server.close(resolve)))
  const { proxy, through } = await proxyTo((server.address() as { port: number }).port)
  proxy.addToxic(decodeToxic({ type: 'latency', stream: 'upstream', attributes: { latency: 20, jitter: 5 } }))
  proxy.addToxic(decodeToxic({ type: 'latency', stream: 'downstream', attributes: { latency: 20 } }))
  const { socket, closed, received } = await through()
  socket.end('all of it')
  await closed
  expect(received()).toBe('got all of it')
})

test('limit_data passes so many bytes and closes', async () => {
  const { through } = await echoBehind({ type: 'limit_data', attributes: { bytes: 5 } })
  const connection = await through()
  connection.socket.write('123456789')
  await connection.closed
  expect(connection.received()).toBe('12345')
})

test('slow_close keeps the connection open for its delay', async () => {
  const bye = await serveWith((socket) => socket.end('bye'))
  undo.push(() => bye.close())
  const { proxy, through } = await proxyTo(bye.port)
  proxy.addToxic(decodeToxic({ type: 'slow_close', attributes: { delay: 120 } }))
  const connection = await through()
  await connection.until('bye')
  const start = performance.now()
  await connection.closed
  expect(performance.now() - start).toBeGreaterThan(60)
})

test('slicer keeps every byte', async () => {
  const { through } = await echoBehind({ type: 'slicer', attributes: { average_size: 1000, size_variation: 500, delay: 10 } })
  const sent = randomBytes(100_000).toString('latin1')
  const connection = await through()
  connection.socket.write(sent, 'latin1')
  await connection.untilBytes(100_000)
  expect(connection.received() === sent).toBe(true)
})

test('reset_peer resets both sides', async () => {
  const seen: string[] = []
  const far = await serveWith((socket) => {
    socket.removeAllListeners('error')
    socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code!)).resume()
  })
  undo.push(() => far.close())
  const { proxy, through } = await proxyTo(far.port)
  proxy.addToxic(decodeToxic({ type: 'reset_peer', stream: 'upstream', attributes: { timeout: 0 } }))
  const { socket, closed } = await through()
  const error = once(socket, 'error').catch((reason) => [reason])
  socket.write('x')
  expect((await error)[0].code).toBe('ECONNRESET')
  await closed
  while (seen.length === 0) await sleep(5)
  expect(seen).toEqual(['ECONNRESET'])
})

test('timeout closes after its time, and not while data comes', async () => {
  const { through } = await echoBehind({ type: 'timeout', stream: 'upstream', attributes: { timeout: 80 } })
  const start = performance.now()
  const connection = await through()
  await connection.closed
  expect(performance.now() - start).toBeGreaterThan(70)
})

test('bandwidth 0 stops the stream until it is changed, and nothing is lost', async () => {
  const { proxy, through } = await echoBehind({ type: 'bandwidth', attributes: { rate: 0 } })
  const connection = await through()
  connection.socket.write('patience')
  await sleep(100)
  expect(connection.received()).toBe('')
  const toxic = proxy.find('bandwidth_downstream')!
  proxy.updateToxic(toxic, decodeToxicUpdate({ attributes: { rate: 1000 } }, toxic))
  await connection.until('patience')
})

test('a lowered or removed latency lets go at once what is held, in order', async () => {
  const { proxy, through } = await echoBehind({ type: 'latency', attributes: { latency: 3_600_000 } })
  const connection = await through()
  connection.socket.write('one ')
  await sleep(50)
  const toxic = proxy.find('latency_downstream')!
  proxy.updateToxic(toxic, decodeToxicUpdate({ attributes: { latency: 1 } }, toxic))
  await connection.until('one ')
  proxy.updateToxic(toxic, decodeToxicUpdate({ attributes: { latency: 3_600_000 } }, toxic))
  connection.socket.write('two ')
  await sleep(50)
  proxy.removeToxic(toxic)
  connection.socket.write('three')
  await connection.until('one two three')
})

test('toxicity spares the connections that luck spares', async () => {
  const { through } = await echoBehind({ type: 'timeout', stream: 'upstream', toxicity: 0 })
  expect(await (await through()).ask('spared')).toBe('spared')
})

test('a connection that was cut off takes the other side with it', async () => {
  const open: Socket[] = []
  const far = await serveWith((socket) => {
    open.push(socket)
    socket.resume()
  })
  undo.push(() => far.close())
  const { proxy, through } = await proxyTo(far.port)
  proxy.addToxic(decodeToxic({ type: 'latency', stream: 'downstream', attributes: { latency: 10 } }))
  const { socket } = await through()
  while (open.length === 0) await sleep(5)
  const gone = once(open[0], 'close')
  socket.resetAndDestroy()
  await gone
})
