// The control plane as a process: killed, started again, and told things it cannot start with.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { GatewayEvent } from '../ports.ts'
import { reportOf } from '../telemetry/alerts/reports.case.ts'
import { parseEvidence } from '../telemetry/evidence.ts'
import type { AlertMessage } from './alert-delivery.ts'
import { discovery, route, shop } from './shop.case.ts'
import type { ControlPlaneBootstrap, PlaneStatus } from './protocol.ts'

let dir = ''
let children: ChildProcess[] = []
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'regatta-plane-')) })
afterEach(async () => {
  await Promise.all(children.map((child) => ended(child, () => child.kill('SIGKILL'))))
  children = []
  rmSync(dir, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

function ended(child: ChildProcess, how: () => void): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    how()
  })
}

/** Starts a control plane and resolves with its events so far: up to `ready`, or to its end. */
async function start(bootstrap: ControlPlaneBootstrap): Promise<{ child: ChildProcess; events: GatewayEvent[] }> {
  const file = join(dir, 'bootstrap.json')
  writeFileSync(file, JSON.stringify(bootstrap))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), file], { stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(child)
  const events: GatewayEvent[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    const evidence = parseEvidence(line)
    if (evidence?.[0] === 'event') events.push(evidence[1])
    if (events.at(-1)?.kind === 'ready') break
  }
  child.stdout!.resume()
  return { child, events }
}

async function bootstrapOf(over: Partial<ControlPlaneBootstrap> = {}): Promise<ControlPlaneBootstrap> {
  return {
    name: 'control-plane/eu-west', region: 'eu-west', listen: { host: '127.0.0.1', port: await freePort() }, token: 't',
    documents: shop(1), discovery, stateDir: join(dir, 'state'), ...over,
  }
}

async function call(bootstrap: ControlPlaneBootstrap, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${bootstrap.listen.port}${path}`, {
    method, headers: { 'x-regatta-token': 't' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

test('a control plane that is killed goes on where it was, and ends when its owner does', async () => {
  const bootstrap = await bootstrapOf()
  const first = await start(bootstrap)
  expect(first.events).toMatchObject([{ kind: 'config-accepted', revision: 1, documents: 2 }, { kind: 'ready' }])
  for (const revision of [2, 3]) {
    expect(await call(bootstrap, 'PATCH', '/v1/config', { revision, put: [route(`r${revision}`, '/r')], remove: [] })).toMatchObject({ status: 200 })
  }
  await ended(first.child, () => first.child.kill('SIGKILL'))
  const second = await start(bootstrap)
  expect(second.events).toMatchObject([{ kind: 'config-accepted', revision: 3, documents: 4 }, { kind: 'ready' }])
  const { body } = await call(bootstrap, 'GET', '/v1/status')
  expect(body as PlaneStatus).toMatchObject({ revision: 3 })
  expect(await ended(second.child, () => second.child.stdin!.end())).toBe(0)
})

test('a control plane takes reports and tells what was merged of them', async () => {
  const bootstrap = await bootstrapOf()
  await start(bootstrap)
  const report = {
    gateway: 'edge', sequence: 1, fromUs: 0, toUs: 1_000_000, refusedClients: [], sampling: [], regions: [], certificates: [],
    series: [{
      labels: { route: 'shop/catalog/0', tenant: 'shop', region: 'eu-west', protocol: 'http1' }, outcomes: { ok: 2 }, retries: 0, hedges: 0, exemplars: [],
      durations: { scale: 0, count: 2, sum: 6, min: 3, max: 3, zeroCount: 0, offset: 1, counts: [2] },
    }],
  }
  for (let times = 0; times < 2; times++) {
    const { status } = await fetch(`http://127.0.0.1:${bootstrap.listen.port}/v1/telemetry`, { method: 'POST', headers: { 'x-regatta-token': 't' }, body: JSON.stringify(report) })
    expect(status).toBe(204)
  }
  expect(await call(bootstrap, 'GET', '/v1/telemetry')).toMatchObject({
    status: 200, body: { regions: ['eu-west'], gateways: [{ name: 'edge', reports: 1 }], windows: [{ window: '1m', series: report.series }, {}, {}], alerts: [] },
  })
})

test('a control plane evaluates AlertPolicies over its gateways, tells of them, and takes them as they are published', async () => {
  const bootstrap = await bootstrapOf()
  const { child, events } = await start(bootstrap)
  const told = createInterface({ input: child.stdout! }).on('line', (line) => {
    const evidence = parseEvidence(line)
    if (evidence?.[0] === 'event') events.push(evidence[1])
  })
  const policy = {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'AlertPolicy', metadata: { name: 'p', namespace: 'shop' },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }],
      rules: [{ name: 'storm', kind: 'failover-storm', severity: 'page', keepFiringFor: '0s' }], deliver: [{ file: 'alerts.ndjson' }],
    },
  }
  expect(await call(bootstrap, 'PATCH', '/v1/config', { revision: 2, put: [policy], remove: [] })).toMatchObject({ status: 200 })
  const alerts = (): unknown[] => events.flatMap((event) => (event.kind === 'alert' ? [[event.alert.state, event.alert.labels, event.alert.gateways]] : []))
  const report = async (sequence: number, state: string | null): Promise<void> => {
    for (const gateway of ['edge/frankfurt', 'gateway/eu-west']) {
      const body = reportOf(gateway, sequence, { requests: { ok: 1 }, regions: state === null ? [] : [{ region: 'us-east', state: 'draining' }] })
      const { status } = await fetch(`http://127.0.0.1:${bootstrap.listen.port}/v1/telemetry`, { method: 'POST', headers: { 'x-regatta-token': 't' }, body: JSON.stringify(body) })
      expect(status).toBe(204)
    }
  }
  await report(1, 'draining')
  const firing = ['firing', { region: 'us-east' }, ['edge/frankfurt', 'gateway/eu-west']]
  await vi.waitFor(() => expect(alerts()).toEqual([firing]), { timeout: 10_000, interval: 20 })
  expect(await call(bootstrap, 'GET', '/v1/telemetry')).toMatchObject({ body: { alerts: [{ policy: 'shop/p', rule: 'storm', state: 'firing' }] } })
  const page = await fetch(`http://127.0.0.1:${bootstrap.listen.port}/v1/telemetry?format=prometheus`, { headers: { 'x-regatta-token': 't' } }).then((response) => response.text())
  expect(page).toContain('regatta_alerts_firing{policy="shop/p",rule="storm",kind="failover-storm",severity="page"} 1')
  expect(page).toContain('regatta_region_draining_gateways{region="us-east"} 2')
  await report(2, null)
  await vi.waitFor(() => expect(alerts()).toEqual([firing, ['resolved', ...firing.slice(1)]]), { timeout: 10_000, interval: 20 })
  expect(await ended(child, () => child.stdin!.end())).toBe(0)
  told.close()
  const lines = readFileSync(join(dir, 'state', 'alerts', 'alerts.ndjson'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as AlertMessage)
  expect(lines.map(({ region, alert: { rule, state } }) => [region, rule, state])).toEqual([['eu-west', 'storm', 'firing'], ['eu-west', 'storm', 'resolved']])
})

test('a bootstrap whose documents do not hold is told with a code, and exits 4', async () => {
  const { child, events } = await start(await bootstrapOf({ documents: shop(1).slice(0, 1) }))
  expect(await ended(child, () => {})).toBe(4)
  expect(events.at(-1)).toMatchObject({ kind: 'log', level: 'error', code: 'RGT_CONFIG_REFERENCE' })
})

test('a port that is taken is told with a code, and exits 4', async () => {
  const taken = await bootstrapOf()
  const listener = createServer()
  await new Promise<void>((resolve) => { listener.listen(taken.listen.port, '127.0.0.1', resolve) })
  const { child, events } = await start(taken)
  expect(await ended(child, () => {})).toBe(4)
  expect(events.at(-1)).toMatchObject({ kind: 'log', code: 'RGT_LISTEN' })
  listener.close()
})
