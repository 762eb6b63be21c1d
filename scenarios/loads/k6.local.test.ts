// Rendered and hand-written suites in the real k6: one row for each arrival, as the server saw it, and errors
// where k6 itself would report a success. Needs k6 at REGATTA_TOOL_K6, on PATH or in .tools/.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../gateway/runtime.ts'
import { arrivalsOf } from '../../topologies/arrivals.ts'
import { clientTraceparent } from '../../topologies/client-trace.ts'
import type { RequestRow } from '../../topologies/history.ts'
import type { LoadSpec, StreamSpec } from '../../topologies/substrate.ts'
import { openK6, type K6Summary } from '../../topologies/substrates/sockets/k6/k6.ts'
import { findTool } from '../../topologies/tools/index.ts'
import { withSuite } from './index.ts'

const binary = await findK6()
const suites = join(import.meta.dirname, '..', 'suites')
const cleanup: (() => void)[] = []
afterEach(() => cleanup.splice(0).forEach((clean) => clean()))

async function findK6(): Promise<string | null> {
  const named = process.env.REGATTA_TOOL_K6
  const found = await findTool('k6', { allowInstall: false, ...(named === undefined ? {} : { explicit: { k6: named } }) })
  return 'path' in found ? found.path : null
}

async function serve(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener)
  cleanup.push(() => { server.close(); server.closeAllConnections() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const template = { name: 'cart', weight: 3, method: 'GET', host: 'shop.example', path: '/cart', headers: { 'x-shop': 'a' }, bodyBytes: 0 }
const stream = (over: Partial<StreamSpec> = {}): StreamSpec => ({
  group: 'europe', entry: null, ratePerSecond: 50, arrivals: 'constant', seed: 7, phaseUs: 0, timeoutMs: 2000, templates: [template], pinned: null, ...over,
})
const load = (streams: StreamSpec[], over: Partial<LoadSpec> = {}): LoadSpec =>
  ({ name: 'load', source: 'load', engine: 'k6', fromUs: 100_000, toUs: 1_300_000, streams, ...over })

interface Played { rows: RequestRow[]; summary: K6Summary }

async function play(given: LoadSpec, ports: number[]): Promise<Played> {
  const workDir = mkdtempSync(join(tmpdir(), 'regatta-k6-'))
  cleanup.push(() => rmSync(workDir, { recursive: true, force: true }))
  const at = (port: number, gateway: string) => ({ host: '127.0.0.1', port, gateway })
  const regions = Object.fromEntries(ports.map((port, i) => [`r${i}`, at(port, `g${i}`)]))
  const rows: RequestRow[] = []
  const player = openK6({
    load: withSuite(given, workDir), token: 'secret', workDir, request: (row) => rows.push(row),
    entries: Object.fromEntries(['europe', 'asia'].map((group) => [group, { own: { kind: 'edge' as const, edge: 'e' }, edges: { e: at(ports[0], 'frankfurt') }, regions }])),
    start({ args, env }) {
      let stderr = ''
      const child = spawn(binary!, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => { stderr += chunk })
      return { exited: new Promise((resolve) => child.on('close', resolve)), stderr: () => stderr }
    },
  })
  await player.prepare()
  player.begin(systemClock.nowUs() + 50_000)
  const summary = await player.finish()
  return { rows, summary }
}

const outcomes = (rows: RequestRow[]): string[] => [...new Set(rows.map(({ outcome }) => outcome))]

describe.skipIf(binary === null)(`with k6${binary === null ? ' (skipped: not at REGATTA_TOOL_K6, on PATH or in .tools/)' : ''}`, () => {
  it('a rendered suite plays the plan arrival by arrival', async () => {
    const seen: string[] = []
    const asked = new Set<string>()
    const port = await serve((request, response) => {
      seen.push(String(request.headers['x-request-id']))
      asked.add(`${request.method} ${request.headers.host}${request.url} ${request.headers['x-shop'] ?? ''} ${request.headers['x-regatta-pin'] ?? ''} ${request.headers['x-regatta-token'] ?? ''}`)
      request.resume().on('end', () => response.writeHead(200, {
        'x-regatta-region': 'eu-west', 'x-regatta-attempts': '2', 'server-timing': 'decision;dur=0.0042', 'content-length': 5,
      }).end('hello'))
    })
    const pay = { ...template, name: 'pay', weight: 1, method: 'POST', path: '/pay', bodyBytes: 64, headers: {} }
    const spec = load([stream({ templates: [template, pay] }), stream({ group: 'asia', phaseUs: 7000, pinned: 'us-east', ratePerSecond: 30 })])
    const { rows, summary } = await play(spec, [port])
    const scheduled = spec.streams.flatMap((one, at) => [...arrivalsOf(spec, at)].map(({ id, template: which }) => `${id} ${one.templates[which].name}`))
    expect(rows.map(({ id, route }) => `${id} ${route}`).sort()).toEqual(scheduled.sort())
    expect(rows.map(({ id }) => id).sort()).toEqual(seen.sort())
    expect(asked).toEqual(new Set(['GET shop.example/cart a  ', 'POST shop.example/pay   ', 'GET shop.example/cart a us-east secret']))
    expect(outcomes(rows)).toEqual(['ok'])
    expect(rows.every(({ method, pinned, eligible }) => eligible === (method === 'GET' && pinned === ''))).toBe(true)
    expect(rows[0]).toMatchObject({ region: 'eu-west', gateway: 'frankfurt', attempts: 2, decisionNs: 4200, bytes: 5, entry: 'edge', status: 200 })
    expect(summary).toMatchObject({ name: 'k6/load', scheduled: scheduled.length, sent: scheduled.length, dropped: 0, unfinished: 0 })
    const starts = rows.filter(({ group }) => group === 'europe').sort((a, b) => a.scheduledUs - b.scheduledUs)
    // The gate opened for 100 ms after zero; k6 knows whole milliseconds, and setup's end is all that may be late.
    expect(starts[0].scheduledUs).toBeGreaterThan(98_000)
    expect(starts.every(({ scheduledUs }, i) => Math.abs(scheduledUs - starts[0].scheduledUs - i * 20_000) < 2)).toBe(true)
  })

  it('requests of a traced stream begin the traces that their names say, and rows tell what became of them', async () => {
    const seen = new Map<string, unknown>()
    const port = await serve((request, response) => {
      const { traceparent } = request.headers
      seen.set(String(request.headers['x-request-id']), traceparent)
      const said = typeof traceparent === 'string' ? { 'x-regatta-trace': `${traceparent.slice(3, 35)}-03` } : {}
      response.writeHead(200, said).end()
    })
    const { rows } = await play(load([stream({ traced: true }), stream({ group: 'asia', phaseUs: 7000 })]), [port])
    const traced = rows.filter(({ group }) => group === 'europe').map(({ id }) => id)
    expect(traced).toHaveLength(60)
    expect(seen).toEqual(new Map(rows.map(({ id }) => [id, traced.includes(id) ? clientTraceparent(id) : undefined])))
    expect(rows.filter(({ sampled }) => sampled).map(({ id }) => id)).toEqual(traced)
  })

  it('a server that hangs, refuses, resets and fails is told apart', async () => {
    const hangs = await play(load([stream({ timeoutMs: 200 })]), [await serve(() => {})])
    expect([hangs.rows.length, outcomes(hangs.rows)]).toEqual([60, ['timeout']])
    const resets = await play(load([stream()]), [await serve((request) => request.socket.resetAndDestroy())])
    expect([resets.rows.length, outcomes(resets.rows)]).toEqual([60, ['reset']])
    const fails = await play(load([stream()]), [await serve((_, response) => response.writeHead(503, { 'x-regatta-reason': 'RGT_RESIDENCY' }).end())])
    expect([fails.rows.length, outcomes(fails.rows)]).toEqual([60, ['residency']])
    const gone = createServer()
    const port = await new Promise<number>((resolve) => gone.listen(0, '127.0.0.1', () => resolve((gone.address() as AddressInfo).port)))
    await new Promise((resolve) => gone.close(resolve))
    const refuses = await play(load([stream()]), [port])
    expect([refuses.rows.length, outcomes(refuses.rows)]).toEqual([60, ['refused']])
  })

  it('a list goes on to the next address by itself', async () => {
    const silent = await serve(() => {})
    const good = await serve((_, response) => response.writeHead(200, { 'x-regatta-region': 'r1' }).end())
    const { rows } = await play(load([stream({ entry: { kind: 'list', regions: ['r0', 'r1'], timeoutMs: 150 } })]), [silent, good])
    expect([rows.length, outcomes(rows), new Set(rows.map(({ region, entry }) => `${region} ${entry}`))]).toEqual([60, ['ok'], new Set(['r1 list'])])
  })

  it('hand-written suites run: a journey in order, and a spike on top', async () => {
    const paths = new Map<string, string[]>()
    const port = await serve((request, response) => {
      const [journey, step] = String(request.headers['x-request-id']).split('.')
      paths.set(journey, [...(paths.get(journey) ?? []), `${step}${request.url}`])
      request.resume().on('end', () => response.end('ok'))
    })
    const clicks = ['/', '/product/42', '/cart'].map((path) => ({ ...template, name: path, path }))
    const journeys = await play(load([stream({ templates: clicks, ratePerSecond: 30 })], { suite: join(suites, 'shop-journey.ts') }), [port])
    expect([...new Set([...paths.values()].map(String))]).toEqual(['0/,1/product/42,2/cart'])
    expect(journeys.rows).toHaveLength(3 * paths.size)
    expect(journeys.summary).toMatchObject({ scheduled: paths.size, dropped: 0 })
    const spike = await play(load([stream({ ratePerSecond: 20 })], { suite: join(suites, 'spike.ts'), toUs: 3_700_000 }), [port])
    const [plain, extra] = [false, true].map((wanted) => spike.rows.filter(({ id }) => id.includes('_spike') === wanted).length)
    expect([plain, extra]).toEqual([72, 96])
  })

  it('a suite that throws is an error, although k6 calls it a success', async () => {
    const port = await serve((_, response) => response.end())
    const folder = mkdtempSync(join(tmpdir(), 'regatta-suite-'))
    cleanup.push(() => rmSync(folder, { recursive: true, force: true }))
    const library = JSON.stringify(join(suites, 'lib/regatta.ts'))
    const suite = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const thrower = suite('thrower.ts', `export { waitForStart as setup } from ${library}\nexport const options = { iterations: 3, thresholds: {} }\nexport default function () { (undefined as any).cart() }\n`)
    await expect(play(load([stream()], { suite: thrower }), [port])).rejects.toMatchObject({ code: 'RGT_K6_SCRIPT', details: { found: expect.stringContaining('cart') } })
    const broken = suite('broken.ts', 'export default function ( {\n')
    await expect(play(load([stream()], { suite: broken }), [port])).rejects.toMatchObject({ code: 'RGT_K6_SCRIPT' })
    const eager = suite('eager.ts', 'export const options = { iterations: 1 }\nexport default function () {}\n')
    await expect(play(load([stream()], { suite: eager }), [port])).rejects.toMatchObject({ code: 'RGT_K6_SCRIPT', message: expect.stringContaining('never asked') })
  })
})
