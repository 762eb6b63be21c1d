// Truth: what clients were answered is what the plane has counted, by route and outcome, over real sockets, also when the plane
// was away, and although most requests' spans were dropped.

import { request } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { closeAll, gatewayWith, regionSnapshot, routeTo, serviceWith, type Bed } from '../dataplane/testbed.case.ts'
import type { GatewayEvent } from '../ports.ts'
import { systemClock, systemScheduler } from '../runtime.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import type { AlertCore } from '../telemetry/alerts/alert.ts'
import type { TelemetryReport } from '../telemetry/red/report.ts'
import { createPlane } from './plane.ts'
import { planeCompiler } from './compiler.ts'
import { startControlPlaneServer, type ControlPlaneServer } from './server.ts'
import { discovery } from './shop.case.ts'
import { openReporter, type Reporter } from './telemetry-client.ts'
import { missingReports, summarise, type TelemetryView } from './telemetry-view.ts'
import { createPlaneTelemetry, type PlaneTelemetry } from './telemetry.ts'

const token = 'the-token-of-this-run'
const silent: AlertCore = { configure() {}, report() {}, tick: () => [], firing: () => [] }
let closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.reverse()) await close()
  closing = []
  await closeAll()
})

const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 15_000, interval: 20 })

async function startPlane(telemetry: PlaneTelemetry | undefined, port = 0): Promise<ControlPlaneServer> {
  const server = await startControlPlaneServer({
    plane: createPlane('eu-west', planeCompiler(discovery)), listen: { host: '127.0.0.1', port }, token, telemetry,
    clock: systemClock, scheduler: systemScheduler, evidence: { event: () => {}, attempt: () => {} },
  })
  closing.push(() => server.close())
  return server
}

function startReporter(addresses: SnapshotAddress[], report: () => TelemetryReport | null): { reporter: Reporter; events: GatewayEvent[] } {
  const events: GatewayEvent[] = []
  const reporter = openReporter({
    addresses, token, clock: systemClock, scheduler: systemScheduler, report, evidence: { event: (event) => { events.push(event) }, attempt: () => {} },
  })
  return { reporter, events }
}

interface Answer { status: number; text: string }

function ask(address: SnapshotAddress, path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: address.host, port: address.port, path, method: options.method ?? 'GET', headers: { 'x-regatta-token': token, ...options.headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

async function viewOf(address: SnapshotAddress): Promise<TelemetryView> {
  return JSON.parse((await ask(address, '/v1/telemetry')).text) as TelemetryView
}

/** `route outcome` → requests. */
function counted(view: TelemetryView): Record<string, number> {
  const rows = summarise(view.windows.find(({ window }) => window === '1h')!.series, ['route'])
  return Object.fromEntries(rows.flatMap(({ labels, outcomes }) => Object.entries(outcomes).map(([outcome, count]) => [`${labels.route} ${outcome}`, count])))
}

const match = (value: string) => [{ path: { type: 'PathPrefix' as const, value }, method: null, headers: [], query: [] }]

/** A gateway that samples one in ten, and refuses, fails and answers by route. */
async function startShop(): Promise<Bed> {
  const upstream = await serviceWith((incoming, response) => {
    response.statusCode = Number(/\d{3}$/.exec(incoming.url ?? '')?.[0] ?? 200)
    response.end('done')
  })
  const sampling = {
    policy: 'shop/all', tenant: 'shop', sampler: { kind: 'probability' as const, probability: 0.1 }, retroactive: null, anomaly: null, honourClients: false,
  }
  const customer = { label: 'customer', from: { kind: 'request-header' as const, name: 'x-customer' }, maxValues: 2 }
  return gatewayWith(regionSnapshot([upstream], {
    routes: [
      routeTo({ id: 'shop/cart/0', matches: match('/cart'), sampling, metrics: [customer] }),
      routeTo({ id: 'shop/kept/0', matches: match('/kept'), sampling, residency: { allowed: [], reason: 'nowhere' } }),
      routeTo({ id: 'shop/list/0', matches: match('/list') }),
    ],
  }), { telemetry: { otlp: null } })
}

/** Asks `times` times over each path; how clients see what became of it. */
async function load(gateway: Bed, times: number): Promise<Record<string, number>> {
  const outcomes: Record<string, string> = {
    '/cart/200': 'shop/cart/0 ok', '/cart/404': 'shop/cart/0 client-error', '/cart/500': 'shop/cart/0 server-error',
    '/kept/200': 'shop/kept/0 residency', '/list/200': 'shop/list/0 ok', '/nothing': ' no-route',
  }
  const statuses: Record<string, number> = { '/kept/200': 503, '/nothing': 404 }
  const truth: Record<string, number> = {}
  for (let number = 0; number < times; number++) {
    for (const [path, outcome] of Object.entries(outcomes)) {
      const { status } = await ask(gateway.addresses.ingress, path, { headers: { 'x-customer': `c${number % 5}` } })
      expect(status).toBe(statuses[path] ?? Number(path.slice(-3)))
      truth[outcome] = (truth[outcome] ?? 0) + 1
    }
  }
  return truth
}

const sum = (...counts: Record<string, number>[]): Record<string, number> => {
  const total: Record<string, number> = {}
  for (const one of counts) for (const [key, count] of Object.entries(one)) total[key] = (total[key] ?? 0) + count
  return total
}

test('requests of mixed outcomes are counted at the plane exactly, also those while it was away', async () => {
  const telemetry = createPlaneTelemetry('eu-west', silent, 0)
  let plane = await startPlane(telemetry)
  const { address } = plane
  const gateway = await startShop()
  let reports = 0
  const { reporter } = startReporter([address], () => {
    reports++
    return gateway.report()
  })
  const before = await load(gateway, 30)
  await until(async () => expect(counted(await viewOf(address))).toEqual(before))
  await plane.close()
  const during = await load(gateway, 20)
  const asked = reports
  await until(() => expect(reports).toBeGreaterThan(asked + 2))
  plane = await startPlane(telemetry, address.port)
  const after = await load(gateway, 10)
  await reporter.close(2000)
  const view = await viewOf(address)
  expect(counted(view)).toEqual(sum(before, during, after))
  expect(view.gateways.map(({ name }) => name)).toEqual(['here-gateway'])
  expect(missingReports(view.gateways[0])).toBe(0)
  expect(gateway.telemetry!.tracing.counts.sampled).toBeLessThan(gateway.telemetry!.tracing.counts.requests)
  const { text } = await ask(address, '/v1/telemetry?format=prometheus')
  expect(text).toContain('regatta_requests_total{route="shop/list/0"')
}, 60_000)

test('a plane that takes a report and loses the answer does not count it twice', async () => {
  const telemetry = createPlaneTelemetry('eu-west', silent, 0)
  const plane = await startPlane(telemetry)
  let losing = 2
  // Stands between them; cuts the connection when the plane begins to answer.
  const between = createServer((client) => {
    const upstream = connect(plane.address.port, '127.0.0.1')
    client.pipe(upstream)
    upstream.on('data', (bytes) => {
      if (losing-- > 0) client.destroy()
      else client.write(bytes)
    })
    for (const socket of [client, upstream]) socket.on('error', () => {}).on('close', () => [client, upstream].forEach((one) => one.destroy()))
  })
  await new Promise<void>((resolve) => { between.listen(0, '127.0.0.1', resolve) })
  closing.push(() => between.close())
  const gateway = await startShop()
  const { reporter } = startReporter([{ host: '127.0.0.1', port: (between.address() as AddressInfo).port }], () => gateway.report())
  const truth = await load(gateway, 10)
  await until(() => expect(losing).toBeLessThan(0))
  await reporter.close(2000)
  expect(counted(await viewOf(plane.address))).toEqual(truth)
}, 60_000)

test('the next plane takes what the first, which is not there, cannot', async () => {
  const nobody = createServer()
  await new Promise<void>((resolve) => { nobody.listen(0, '127.0.0.1', resolve) })
  const { port } = nobody.address() as AddressInfo
  await new Promise((resolve) => { nobody.close(resolve) })
  const plane = await startPlane(createPlaneTelemetry('us-east', silent, 0))
  const gateway = await startShop()
  const { reporter } = startReporter([{ host: '127.0.0.1', port }, plane.address], () => gateway.report())
  const truth = await load(gateway, 5)
  await reporter.close(2000)
  expect(counted(await viewOf(plane.address))).toEqual(truth)
})

test('a report that is refused is told of and given up; the next is taken', async () => {
  const plane = await startPlane(createPlaneTelemetry('eu-west', silent, 0))
  const gateway = await startShop()
  let first = true
  const { reporter, events } = startReporter([plane.address], () => {
    const report = gateway.report()!
    const spoilt = first ? { ...report, gateway: '' } : report
    first = false
    return spoilt
  })
  await until(() => expect(events).toMatchObject([{ kind: 'log', code: 'RGT_CONTROL_PLANE' }]))
  const truth = await load(gateway, 3)
  await reporter.close(2000)
  expect(counted(await viewOf(plane.address))).toEqual(truth)
})

test('telemetry needs the token, a body that holds, and a plane that takes it', async () => {
  const { address } = await startPlane(createPlaneTelemetry('eu-west', silent, 0))
  const without = await startPlane(undefined)
  const post = (body: string) => ask(address, '/v1/telemetry', { method: 'POST', body })
  expect((await ask(address, '/v1/telemetry', { headers: { 'x-regatta-token': 'wrong' } })).status).toBe(401)
  expect(await post('{')).toMatchObject({ status: 400, text: expect.stringContaining('RGT_TELEMETRY_REPORT') as string })
  expect((await ask(address, '/v1/telemetry?format=xml')).status).toBe(404)
  expect((await ask(without.address, '/v1/telemetry')).status).toBe(404)
  expect((await ask(address, '/v1/telemetry?format=prometheus', { headers: { accept: 'application/openmetrics-text' } })).text).toMatch(/# EOF\n$/)
})
