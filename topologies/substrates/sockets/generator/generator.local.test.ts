// The open-loop engine against servers that answer, hang, refuse, reset, close and stop reading: one row for
// each scheduled arrival, saying what really happened.

import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../gateway/runtime.ts'
import { arrivalsOf } from '../../../arrivals.ts'
import { clientTraceparent } from '../../../client-trace.ts'
import type { RequestRow } from '../../../history.ts'
import type { LoadSpec, StreamSpec } from '../../../substrate.ts'
import type { Entry } from '../../../topology.ts'
import type { EntryAddress, GeneratorBootstrap, GroupEntries } from './bootstrap.ts'
import { freePorts, isReady, startChild } from './child.case.ts'
import { openEngine } from './engine.ts'
import { parseGeneratorLine, type GeneratorSummary } from './lines.ts'

const host = '127.0.0.1'
const open: { close(): void }[] = []
afterEach(() => open.splice(0).forEach((one) => one.close()))

const listening = async (server: Server, sockets = new Set<Socket>()): Promise<EntryAddress> => {
  server.on('connection', (socket: Socket) => sockets.add(socket))
  open.push({ close: () => { server.close(); for (const socket of sockets) socket.destroy() } })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return { host, port: (server.address() as AddressInfo).port }
}
const http = (listener: RequestListener): Promise<EntryAddress> => listening(createServer(listener))
const tcp = (listener: (socket: Socket) => void): Promise<EntryAddress> => listening(createTcpServer((socket) => {
  socket.on('error', () => {})
  listener(socket)
}))

const stream = (over: Partial<StreamSpec> = {}): StreamSpec => ({
  group: 'europe', entry: null, ratePerSecond: 100, arrivals: 'constant', seed: 7, phaseUs: 0, timeoutMs: 2000, pinned: null,
  templates: [{ name: 'cart', weight: 1, method: 'GET', host: 'shop.example', path: '/cart', headers: { 'x-shop': 'a' }, bodyBytes: 0 }], ...over,
})
const load = (streams: StreamSpec[], toUs = 300_000, over: Partial<LoadSpec> = {}): LoadSpec =>
  ({ name: 'load', source: 'load', engine: 'open-loop', streams, fromUs: 0, toUs, ...over })
const post = { ...stream().templates[0], method: 'POST', bodyBytes: 10 }

interface Played { rows: RequestRow[]; summary: GeneratorSummary }

/** Plays loads in this process; the engine is the same as in the generator's own. */
async function play(loads: LoadSpec[], europe: Partial<GroupEntries>, over: Partial<GeneratorBootstrap> = {}): Promise<Played> {
  const rows: RequestRow[] = []
  const bootstrap: GeneratorBootstrap = {
    name: 'test', token: 'secret', zeroUs: null, loads,
    entries: { europe: { own: { kind: 'edge', edge: 'e' }, edges: {}, regions: {}, ...europe } }, ...over,
  }
  const engine = openEngine(bootstrap, systemClock, { request: (row) => rows.push({ ...row }), summary: () => {}, flush: () => {} }, 0)
  engine.start(systemClock.nowUs() + 10_000)
  const summary = await engine.finished
  await engine.stop()
  return { rows, summary }
}

/** Every scheduled arrival has exactly one row. */
function expectComplete(loads: LoadSpec[], { rows, summary }: Played): void {
  const scheduled = loads.flatMap((one) => one.streams.flatMap((_, at) => [...arrivalsOf(one, at)]))
  expect(rows.map(({ id }) => id).sort()).toEqual(scheduled.map(({ id }) => id).sort())
  expect(new Map(rows.map(({ id, scheduledUs }) => [id, scheduledUs]))).toEqual(new Map(scheduled.map(({ id, atUs }) => [id, atUs])))
  expect(summary.scheduled).toBe(scheduled.length)
  expect(summary.sent + summary.dropped).toBe(scheduled.length)
}

const outcomes = (rows: RequestRow[]): string[] => [...new Set(rows.map(({ outcome }) => outcome))]

describe('a system that answers', () => {
  it('saw each request once, as the rows say', async () => {
    const seen: { id: string; at: string }[] = []
    const edge = await http((request, response) => {
      seen.push({ id: String(request.headers['x-request-id']), at: `${request.method} ${request.headers.host}${request.url} ${request.headers['x-shop']}` })
      response.writeHead(200, {
        'x-regatta-region': 'eu-west', 'x-regatta-gateway': 'frankfurt', 'x-regatta-attempts': '2', 'server-timing': 'decision;dur=0.0042',
      })
      response.end('hello')
    })
    const loads = [load([stream(), stream({ group: 'europe', pinned: 'us-east', arrivals: 'poisson', ratePerSecond: 60 })]), load([stream()], 200_000, { name: 'prober', source: 'prober' })]
    const played = await play(loads, { edges: { e: edge } })
    expectComplete(loads, played)
    expect(seen.map(({ id }) => id).sort()).toEqual(played.rows.map(({ id }) => id).sort())
    expect(new Set(seen.map(({ at }) => at))).toEqual(new Set(['GET shop.example/cart a']))
    for (const row of played.rows) {
      expect(row).toMatchObject({
        status: 200, outcome: 'ok', region: 'eu-west', gateway: 'frankfurt', attempts: 2, decisionNs: 4200, bytes: 5,
        entry: 'edge', group: 'europe', route: 'cart', method: 'GET', eligible: row.pinned === '',
      })
      expect(row.startUs).toBeGreaterThanOrEqual(row.scheduledUs)
      expect(row.durationUs).toBeGreaterThan(0)
    }
    expect(played.summary).toMatchObject({ dropped: 0, unfinished: 0 })
  })

  it('is asked for one region with the token, only when pinned', async () => {
    const pins: unknown[] = []
    const edge = await http((request, response) => {
      pins.push([request.headers['x-regatta-pin'], request.headers['x-regatta-token']])
      response.end()
    })
    await play([load([stream({ pinned: 'us-east' }), stream()], 20_000)], { edges: { e: edge } })
    expect(pins).toHaveLength(4)
    expect(pins).toContainEqual(['us-east', 'secret'])
    expect(pins).toContainEqual([undefined, undefined])
  })

  it('is told of a trace for each request of a traced stream, and its word about sampling is kept', async () => {
    const seen = new Map<string, unknown>()
    const edge = await http((request, response) => {
      const traceparent = request.headers.traceparent
      seen.set(String(request.headers['x-request-id']), traceparent)
      if (typeof traceparent === 'string') response.setHeader('x-regatta-trace', `${traceparent.slice(3, 35)}-0${traceparent.charCodeAt(34) % 2}`)
      response.end()
    })
    const { rows } = await play([load([stream({ traced: true }), stream({ pinned: 'us-east' })])], { edges: { e: edge } })
    expect(rows).toHaveLength(60)
    for (const { id, pinned, sampled } of rows) {
      const asked = pinned === '' ? clientTraceparent(id) : undefined
      expect([seen.get(id), sampled]).toEqual([asked, asked !== undefined && asked.charCodeAt(34) % 2 === 1])
    }
    expect(new Set(rows.map(({ sampled }) => sampled)).size).toBe(2)
  })

  it('keeps its connections', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((_, response) => response.end('ok'))
    const edge = await listening(server, sockets)
    const { rows } = await play([load([stream()], 400_000)], { edges: { e: edge } })
    expect(rows).toHaveLength(40)
    expect(sockets.size).toBeLessThan(40) // one would do; requests that overlap need one each
  })

  it('reports reasons, statuses and bodies', async () => {
    let count = 0
    let bytes = 0
    const answers: [number, Record<string, string>][] = [
      [503, { 'x-regatta-reason': 'RGT_RESIDENCY' }], [503, { 'x-regatta-reason': 'RGT_NO_HEALTHY_TARGET' }], [404, { 'x-regatta-reason': 'RGT_NO_ROUTE' }],
      [500, { 'x-echo-region': 'us-east' }], [404, {}],
    ]
    const edge = await http((request, response) => {
      request.on('data', (chunk: Buffer) => { bytes += chunk.length }).on('end', () => response.writeHead(...answers[count++ % answers.length]).end())
    })
    const { rows } = await play([load([stream({ templates: [post] })], 50_000)], { edges: { e: { ...edge, gateway: 'envoy' } } })
    expect(rows.map(({ outcome }) => outcome).sort()).toEqual(['5xx', 'client-error', 'no-healthy-target', 'no-route', 'residency'])
    expect(rows.find(({ outcome }) => outcome === '5xx')).toMatchObject({ region: 'us-east', gateway: 'envoy', status: 500, eligible: false })
    expect(bytes).toBe(50)
  })
})

describe('a system in trouble', () => {
  it('that hangs: every request times out after the client\'s patience, and the schedule goes on', async () => {
    const ids = new Set<string>()
    const edge = await http((request) => void ids.add(String(request.headers['x-request-id'])))
    const loads = [load([stream({ timeoutMs: 150 })])]
    const played = await play(loads, { edges: { e: edge } })
    expectComplete(loads, played)
    expect(outcomes(played.rows)).toEqual(['timeout'])
    expect(ids.size).toBe(30)
    for (const { durationUs, status, gateway } of played.rows) {
      expect([status, gateway]).toEqual([0, ''])
      expect(durationUs).toBeGreaterThan(148_000) // a timer never fires more than a tick early
    }
  })

  it('that refuses', async () => {
    const [port] = await freePorts(1)
    const loads = [load([stream()])]
    const played = await play(loads, { edges: { e: { host, port } } })
    expectComplete(loads, played)
    expect(outcomes(played.rows)).toEqual(['refused'])
  })

  it('that resets', async () => {
    const edge = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const played = await play([load([stream()])], { edges: { e: edge } })
    expect(played.rows).toHaveLength(30)
    expect(outcomes(played.rows)).toEqual(['reset'])
  })

  it('that closes in the middle of a response', async () => {
    const edge = await tcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')))
    const played = await play([load([stream()], 50_000)], { edges: { e: edge } })
    expect(played.rows.map(({ outcome, status, bytes }) => [outcome, status, bytes])).toEqual(new Array(5).fill(['closed', 200, 4]))
  })

  it('that speaks nonsense', async () => {
    const edge = await tcp((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')))
    expect(outcomes((await play([load([stream()], 50_000)], { edges: { e: edge } })).rows)).toEqual(['closed'])
  })

  it('that answers too late: one row each, and the late answer changes nothing', async () => {
    const edge = await http((_, response) => void setTimeout(() => response.end('late'), 200))
    const loads = [load([stream({ timeoutMs: 100 })], 400_000)]
    const played = await play(loads, { edges: { e: edge } })
    expectComplete(loads, played)
    expect(outcomes(played.rows)).toEqual(['timeout'])
  })

  it('that stops in the middle of a body', async () => {
    const edge = await http((_, response) => { response.writeHead(200, { 'content-length': 10, 'x-regatta-region': 'eu-west' }); response.write('half') })
    const { rows } = await play([load([stream({ timeoutMs: 100 })], 20_000)], { edges: { e: edge } })
    expect(rows).toMatchObject(new Array(2).fill({ outcome: 'timeout', status: 200, region: 'eu-west', bytes: 4 }))
  })

  it('that stops reading: the schedule is kept, and what exceeds the bound is dropped with a row', async () => {
    const edge = await tcp((socket) => socket.pause())
    const loads = [load([stream({ ratePerSecond: 200, timeoutMs: 2000 })], 400_000)]
    const played = await play(loads, { edges: { e: edge } }, { maxInFlight: 50 })
    expectComplete(loads, played)
    expect(played.summary).toMatchObject({ scheduled: 80, sent: 50, dropped: 30 })
    const lost = played.rows.filter(({ outcome }) => outcome === 'lost')
    expect(lost).toHaveLength(30)
    // Nobody answered, and still the last was dealt with long before the first gave up: open loop.
    expect(Math.max(...lost.map(({ startUs }) => startUs))).toBeLessThan(2_000_000)
  })

  it('that recovers: connections which a silent gateway left open are not used again', async () => {
    let silent = true
    const used = new Map<Socket, number>()
    const edge = await http((request, response) => {
      used.set(request.socket, (used.get(request.socket) ?? 0) + 1)
      if (!silent) response.end('ok')
    })
    const silentSockets = new Set<Socket>()
    setTimeout(() => {
      silent = false
      for (const socket of used.keys()) silentSockets.add(socket)
      used.clear()
    }, 450)
    const { rows } = await play([load([stream({ timeoutMs: 200 })], 1_200_000)], { edges: { e: edge } })
    expect(rows[0].outcome).toBe('timeout')
    expect(rows.at(-1)!.outcome).toBe('ok')
    expect([...used.keys()].filter((socket) => silentSockets.has(socket))).toEqual([])
  })
})

describe('a list client', () => {
  const list: Entry = { kind: 'list', regions: ['a', 'b'], timeoutMs: 80 }
  const ok = (region: string, ids: string[] = []) => http((request, response) => {
    ids.push(String(request.headers['x-request-id']))
    response.writeHead(200, { 'x-regatta-region': region }).end()
  })

  it('goes on when one refuses or is silent, and then remembers', async () => {
    const [port] = await freePorts(1)
    const b = await ok('b')
    const refused = await play([load([stream({ entry: list, templates: [post] })], 100_000)], { regions: { a: { host, port }, b } })
    expect(refused.rows.map(({ outcome, region, eligible }) => [outcome, region, eligible])).toEqual(new Array(10).fill(['ok', 'b', false]))
    const asked: string[] = []
    const a = await http((request) => void asked.push(String(request.headers['x-request-id'])))
    const silent = await play([load([stream({ entry: list, timeoutMs: 1000 })], 400_000)], { regions: { a, b } })
    expect(outcomes(silent.rows)).toEqual(['ok'])
    expect(silent.rows.every(({ region, eligible, entry }) => region === 'b' && eligible && entry === 'list')).toBe(true)
    expect(silent.rows[0].durationUs).toBeGreaterThan(79_000)
    expect(asked).toContain(silent.rows[0].id)
    expect(asked).not.toContain('load-europe-000039')
  })

  it('never sends again what might have been done, but tells that it failed', async () => {
    const ids: string[] = []
    const a = await http(() => {})
    const b = await ok('b', ids)
    const { rows } = await play([load([stream({ entry: list, templates: [post], timeoutMs: 400 })], 50_000)], { regions: { a, b } })
    expect(outcomes(rows)).toEqual(['timeout'])
    expect(ids).toEqual([])
  })

  it('comes back to the first when a test beside its requests succeeds', async () => {
    let silent = true
    const tests: unknown[][] = []
    const a = await http(({ headers }, response) => {
      const id = String(headers['x-request-id'])
      if (id.endsWith('-test')) tests.push([headers.traceparent, clientTraceparent(id)])
      if (!silent) response.writeHead(200, { 'x-regatta-region': 'a' }).end()
    })
    setTimeout(() => { silent = false }, 300)
    const loads = [load([stream({ entry: list, timeoutMs: 1000, ratePerSecond: 50, traced: true })], 2_000_000)]
    const played = await play(loads, { regions: { a, b: await ok('b') } })
    expectComplete(loads, played)
    expect(outcomes(played.rows)).toEqual(['ok'])
    expect(played.rows.at(-1)!.region).toBe('a')
    // A test is no part of the request's trace.
    expect(tests.length).toBeGreaterThan(0)
    for (const [sent, own] of tests) expect(sent).toBe(own)
  })
})

describe('the process', () => {
  const main = join(import.meta.dirname, 'main.ts')
  const told = (lines: string[]) => lines.map(parseGeneratorLine).filter((line) => line !== null)

  it('waits for zero, writes its rows and its summary, and ends with its owner', async () => {
    const edge = await http((_, response) => response.end('ok'))
    const child = startChild(main, {
      name: 'prober', token: 't', zeroUs: null, loads: [load([stream()])], niceness: -5,
      entries: { europe: { own: { kind: 'edge', edge: 'e' }, edges: { e: edge }, regions: {} } },
    } satisfies GeneratorBootstrap)
    await child.line(isReady)
    child.say('{"zero":1}')
    await child.line((line) => line.includes('RGT_BOOTSTRAP'))
    child.say(JSON.stringify({ zeroUs: systemClock.nowUs() + 20_000 }))
    await child.line((line) => line.startsWith('["generator"'))
    expect(await child.stop()).toBe(0)
    const lines = told(child.lines)
    expect(lines.filter(([kind]) => kind === 'request')).toHaveLength(30)
    expect(lines.at(-1)).toMatchObject(['generator', { name: 'prober', scheduled: 30, sent: 30, dropped: 0, unfinished: 0 }])
  })

  it('that is stopped early writes a row for what is in flight', async () => {
    const edge = await http(() => {})
    const child = startChild(main, {
      name: 'load', token: 't', zeroUs: systemClock.nowUs(), loads: [load([stream({ timeoutMs: 10_000 })], 20_000_000, { fromUs: 0 })],
      entries: { europe: { own: { kind: 'edge', edge: 'e' }, edges: { e: edge }, regions: {} } },
    } satisfies GeneratorBootstrap)
    await child.line(isReady)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await child.stop()
    const lines = told(child.lines)
    const summary = lines.at(-1)![1] as GeneratorSummary
    expect(summary.scheduled).toBeGreaterThan(0)
    expect(summary.unfinished).toBe(summary.sent)
    expect(lines.slice(0, -1).map(([, row]) => (row as RequestRow).outcome)).toEqual(new Array(summary.scheduled).fill('lost'))
  })

  it('refuses to start when a stream has nowhere to go', async () => {
    const child = startChild(main, {
      name: 'load', token: 't', zeroUs: 0, loads: [load([stream()])], entries: { europe: { own: { kind: 'edge', edge: 'e' }, edges: {}, regions: {} } },
    } satisfies GeneratorBootstrap)
    expect(await child.exited).toBe(4)
    expect(child.stderr.join('')).toContain('RGT_GENERATOR_ENTRY')
  })
})
