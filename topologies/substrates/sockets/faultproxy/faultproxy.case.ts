// What every fault proxy must do to real sockets, whoever implements it. Bounds on time are lower bounds
// only: a delay that was asked for is a promise, the speed of the machine is not.

import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApiClient } from './client.ts'
import { closedPort, dial, freePorts, serveEcho, serveWith, type Dialled, type Served } from './sockets.case.ts'
import type { FaultProxy } from './index.ts'

export interface ProxyUnderTest {
  proxy: FaultProxy
  apiPort: number
  token: string
}

const at = (port: number) => ({ host: '127.0.0.1', port })

/** Longer than anything on loopback takes when nothing is in its way; silence is judged after it. */
const silenceMs = 150

export function faultProxyCases(open: () => Promise<ProxyUnderTest>): void {
  let opened: ProxyUnderTest
  let proxy: FaultProxy
  let echo: Served
  let ports: number[]
  const dialled: Dialled[] = []

  const entry = async (name: string, upstreamPort = echo.port): Promise<number> => {
    const listenPort = ports.pop()!
    await proxy.add([{ name, listen: at(listenPort), upstream: at(upstreamPort) }])
    return listenPort
  }
  const through = async (port: number): Promise<Dialled> => {
    const connection = await dial(port)
    dialled.push(connection)
    return connection
  }
  beforeAll(async () => {
    opened = await open()
    proxy = opened.proxy
    echo = await serveEcho()
    ports = await freePorts(240)
  })
  afterAll(async () => {
    for (const { socket } of dialled) socket.destroy()
    await echo.close()
    await opened.proxy.close()
  })

  test('passes data both ways, under any name', async () => {
    const connection = await through(await entry('region:eu-west → edge/frankfurt 100%'))
    expect(await connection.ask('hello')).toBe('hello')
  })

  test('delays each direction by what was asked, and only by the last that was asked', async () => {
    const port = await entry('delayed')
    await proxy.setDelay('delayed', 'upstream', 80, 0)
    await proxy.setDelay('delayed', 'downstream', 40, 0)
    const connection = await through(port)
    expect(await connection.roundTripMs()).toBeGreaterThanOrEqual(119)
    await proxy.setDelay('delayed', 'upstream', 0, 0)
    expect(await connection.roundTripMs()).toBeGreaterThanOrEqual(39)
    expect(await connection.roundTripMs()).toBeGreaterThanOrEqual(39)
    await proxy.setDelay('delayed', 'upstream', 10, 9)
    expect(await connection.ask('still in order')).toBe('still in order')
  })

  test('keeps half milliseconds of a round trip', async () => {
    await entry('halves')
    await proxy.setDelay('halves', 'upstream', 15.5, 0)
    await proxy.setDelay('halves', 'downstream', 15.5, 0)
    const api = openApiClient(opened.apiPort, opened.token)
    const { data } = await api.toxiproxy.api.get<{ attributes: { latency: number } }[]>(`${api.toxiproxy.host}/proxies/halves/toxics`)
    expect(data.map(({ attributes }) => attributes.latency)).toEqual([16, 15])
    await api.close()
  })

  test('a black hole accepts, stays silent, and closes what it swallowed when it is healed', async () => {
    const port = await entry('hole')
    const before = await through(port)
    expect(await before.ask('a')).toBe('a')
    await proxy.cut('hole', 'upstream', 'black-hole')
    await proxy.cut('hole', 'downstream', 'black-hole')
    const during = await through(port)
    before.socket.write('lost')
    during.socket.write('lost')
    await sleep(silenceMs)
    expect([before.received(), during.received()]).toEqual(['a', ''])
    expect([before.isClosed(), during.isClosed()]).toEqual([false, false])
    await proxy.uncut('hole', 'upstream', 'black-hole')
    await proxy.uncut('hole', 'downstream', 'black-hole')
    await Promise.all([before.closed, during.closed])
    expect(await (await through(port)).ask('b')).toBe('b')
  })

  test('one direction can be cut alone', async () => {
    let heard = ''
    const talker = await serveWith((socket) => {
      socket.on('data', (chunk) => { heard += chunk.toString() })
      socket.write('greeting')
    })
    const port = await entry('one-way', talker.port)
    await proxy.cut('one-way', 'upstream', 'black-hole')
    const deaf = await through(port)
    deaf.socket.write('question')
    await deaf.until('greeting')
    await sleep(silenceMs)
    expect(heard).toBe('')
    await proxy.uncut('one-way', 'upstream', 'black-hole')
    await proxy.cut('one-way', 'downstream', 'black-hole')
    const mute = await through(port)
    mute.socket.write('question')
    while (heard === '') await sleep(5)
    await sleep(silenceMs)
    expect([heard, mute.received()]).toEqual(['question', ''])
    await proxy.uncut('one-way', 'downstream', 'black-hole')
    await mute.closed
    await talker.close()
  })

  test('refuses, closes what is open, and comes back with its delays when the last refusal is healed', async () => {
    const port = await entry('refusing')
    await proxy.setDelay('refusing', 'upstream', 50, 0)
    const before = await through(port)
    expect(await before.ask('a')).toBe('a')
    await proxy.cut('refusing', 'upstream', 'refuse')
    await proxy.cut('refusing', 'downstream', 'refuse')
    await before.closed
    await expect(dial(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy.uncut('refusing', 'downstream', 'refuse')
    await expect(dial(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy.uncut('refusing', 'upstream', 'refuse')
    expect(await (await through(port)).roundTripMs()).toBeGreaterThanOrEqual(49)
  })

  test('a reset closes open connections once and never refuses', async () => {
    const port = await entry('reset')
    await proxy.setDelay('reset', 'upstream', 5, 0)
    await proxy.setDelay('reset', 'downstream', 5, 0)
    const open = await Promise.all([through(port), through(port)])
    for (const connection of open) expect(await connection.ask('a')).toBe('a')
    await proxy.reset('reset')
    await Promise.all(open.map(({ closed }) => closed))
    const after = await through(port)
    expect(await after.ask('b')).toBe('b')
    await proxy.reset('reset')
    await after.closed
  })

  test('a throttled stream takes the time that its bytes need', async () => {
    const port = await entry('throttled')
    await proxy.throttle('throttled', 'upstream', 1_000_000)
    const connection = await through(port)
    const start = performance.now()
    connection.socket.write(Buffer.alloc(300_000, 'x'))
    await connection.untilBytes(300_000)
    expect(performance.now() - start).toBeGreaterThanOrEqual(200)
    await proxy.throttle('throttled', 'upstream', null)
    expect((await connection.ask('y')).endsWith('y')).toBe(true)
    await expect(proxy.throttle('throttled', 'upstream', 10)).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
  })

  test('a large transfer through delays arrives whole and in order, and ends after its last byte', async () => {
    const sent = randomBytes(8 * 1024 * 1024)
    const source = await serveWith((socket) => socket.end(sent))
    const port = await entry('large', source.port)
    await proxy.setDelay('large', 'downstream', 30, 10)
    const hash = createHash('sha256')
    const { socket } = await through(port)
    let bytes = 0
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      hash.update(chunk)
    }
    expect(bytes).toBe(sent.length)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
    await source.close()
  })

  test('a reader that stops holds the sender back', async () => {
    let written = 0
    const flood = Buffer.alloc(256 * 1024)
    const source = await serveWith((socket) => {
      const more = (): void => { while (socket.writable && socket.write(flood)) written += flood.length }
      socket.on('drain', more)
      more()
    })
    const port = await entry('held-back', source.port)
    const { socket } = await through(port)
    socket.pause()
    let before = -1
    while (written !== before) {
      before = written
      await sleep(silenceMs)
    }
    socket.resume()
    while (written === before) await sleep(5)
    socket.destroy()
    await source.close()
  })

  test('a dead upstream is accepted and then closed', async () => {
    const connection = await through(await entry('dead', await closedPort()))
    connection.socket.write('anybody?')
    await connection.closed
    expect(connection.received()).toBe('')
  })

  test('carries two hundred entries with a delay each way', async () => {
    const many = ports.splice(0, 200).map((port, index) => ({ name: `many/${index}`, listen: at(port), upstream: at(echo.port) }))
    await proxy.add(many)
    await Promise.all(many.flatMap(({ name }) => [proxy.setDelay(name, 'upstream', 10, 0), proxy.setDelay(name, 'downstream', 10, 0)]))
    const connections = await Promise.all(many.map(({ listen }) => through(listen.port)))
    const times = await Promise.all(connections.map((connection) => connection.roundTripMs()))
    expect(Math.min(...times)).toBeGreaterThanOrEqual(19)
  })

  test('an entry that does not exist is an error', async () => {
    await expect(proxy.setDelay('nobody', 'upstream', 1, 0)).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
  })

  test('is gone after it was closed', async () => {
    await proxy.close()
    await expect(dial(opened.apiPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
}
