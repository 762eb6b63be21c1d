// Server and client over real sockets: what goes wrong between them must cost neither the configuration that is in
// force nor the snapshot that is held.

import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { gatewayError } from '../errors.ts'
import type { GatewayEvent } from '../ports.ts'
import { systemClock, systemScheduler } from '../runtime.ts'
import type { Snapshot, SnapshotAddress } from '../snapshot/snapshot.ts'
import { connectControlPlane } from './client.ts'
import { planeCompiler } from './compiler.ts'
import { createPlane } from './plane.ts'
import type { ConfigDocument, GatewayIdentity } from './protocol.ts'
import { maxBodyBytes, startControlPlaneServer, type ControlPlaneServer, type ServerOptions } from './server.ts'
import { compiled, discovery, route, shop } from './shop.case.ts'

const token = 'the-token-of-this-run'
const clock = systemClock
const scheduler = systemScheduler
let closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.reverse()) await close()
  closing = []
})

function recorder() {
  const events: GatewayEvent[] = []
  return { events, evidence: { event: (event: GatewayEvent) => { events.push(event) }, attempt: () => {} } }
}

async function startPlane(documents: ConfigDocument[] | null, port = 0, revision = 1, options: Partial<ServerOptions> = {}) {
  const { events, evidence } = recorder()
  const plane = createPlane('eu-west', planeCompiler(discovery))
  if (documents !== null) plane.step({ kind: 'publish', asked: { revision, documents } }, clock.nowUs())
  const server: ControlPlaneServer = await startControlPlaneServer({
    plane, listen: { host: '127.0.0.1', port }, token, clock, scheduler, evidence, ...options,
  })
  closing.push(() => server.close())
  return { plane, server, events, address: server.address }
}

function startGateway(addresses: SnapshotAddress[], options: { name?: string; token?: string; held?: Snapshot | null; apply?: (snapshot: Snapshot) => void } = {}) {
  const { events, evidence } = recorder()
  const name = options.name ?? 'eu-west'
  const gateway: GatewayIdentity = name === 'frankfurt' ? { name, role: 'edge', region: null } : { name, role: 'region', region: name }
  const state = { held: options.held ?? null, revisions: [] as number[] }
  const client = connectControlPlane({
    addresses, gateway, token: options.token ?? token, clock, scheduler, evidence,
    held: () => state.held,
    apply(snapshot) {
      options.apply?.(snapshot)
      state.held = snapshot
      state.revisions.push(snapshot.revision)
    },
  })
  closing.push(() => client.close())
  return { state, events, client }
}

interface Answer { status: number; body: { revision?: number; errors?: { code: string; place?: { file: string; path?: string } }[] } }

function call(address: SnapshotAddress, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const sent = request({ ...address, method, path, headers: { 'x-regatta-token': token, 'content-length': Buffer.byteLength(text), ...headers } }, (response) => {
      let answer = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { answer += chunk })
        .on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as Answer['body'] }))
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 8000, interval: 5 })
const kinds = (events: GatewayEvent[]): string[] => events.map(({ kind }) => kind)
const codes = (events: GatewayEvent[]): string[] => events.flatMap((event) => ('code' in event ? [event.code] : []))

test('gateways and edges get the whole, then what changes, and say so', async () => {
  const { address, events } = await startPlane(shop(1))
  const gateways = [startGateway([address]), startGateway([address], { name: 'frankfurt' })]
  await until(() => gateways.forEach(({ state }) => expect(state.held?.revision).toBe(1)))
  expect(gateways[1].state.held?.services[0]).toMatchObject({ endpoints: [], remoteRegions: ['ap-south', 'eu-west', 'us-east'] })
  expect(await call(address, 'PATCH', '/v1/config', { revision: 2, put: [route('new', '/new')], remove: [] })).toEqual({ status: 200, body: { revision: 2 } })
  await until(() => gateways.forEach(({ state }) => expect(state.held?.routes.map(({ id }) => id)).toEqual(['shop/catalog/0', 'shop/new/0'])))
  await until(() => expect(events.filter(({ kind }) => kind === 'snapshot-acknowledged')).toHaveLength(4))
  const status = await call(address, 'GET', '/v1/status')
  expect(status.body).toMatchObject({ region: 'eu-west', revision: 2, gateways: [{ name: 'eu-west', revision: 2, accepted: true }, { name: 'frankfurt' }] })
})

test('whoever has no token may ask whether it lives, is ready, and what its clock says, by its own names only', async () => {
  let ready = false
  const { address } = await startPlane(shop(1), 0, 1, { ready: () => ready, hosts: ['control-plane.regatta-system.svc'] })
  const bare = { 'x-regatta-token': '' }
  const ask = (path: string, host = 'localhost') => call(address, 'GET', path, undefined, { ...bare, host })
  expect((await ask('/healthz')).status).toBe(200)
  expect((await ask('/readyz', 'control-plane.regatta-system.svc:9091')).status).toBe(503)
  ready = true
  expect((await ask('/readyz', '10.244.0.9')).status).toBe(200)
  const [beforeUs, { body }, afterUs] = [clock.nowUs(), await ask('/clock'), clock.nowUs()]
  const { nowUs } = body as unknown as { nowUs: number }
  expect(nowUs >= beforeUs && nowUs <= afterUs).toBe(true)
  expect((await ask('/healthz', 'attacker.example')).status).toBe(401)
  expect((await call(address, 'POST', '/healthz', {}, bare)).status).toBe(401)
})

test('a control plane that reads its configuration elsewhere takes none over HTTP', async () => {
  const { address, plane } = await startPlane(shop(1), 0, 1, { readsElsewhere: true })
  for (const [method, body] of [['PATCH', { revision: 2, put: [], remove: [] }], ['PUT', { revision: 2, documents: [] }]] as const) {
    const answer = await call(address, method, '/v1/config', body)
    expect([answer.status, answer.body.errors?.[0].code]).toEqual([405, 'RGT_CONFIG_SOURCE'])
  }
  expect(plane.revision).toBe(1)
})

test('nothing else is answered without the token or to a Host that is not its own', async () => {
  const { address, plane } = await startPlane(shop(1))
  const change = { revision: 2, put: [], remove: [] }
  for (const [method, path] of [['GET', '/v1/status'], ['GET', '/v1/snapshots'], ['PATCH', '/v1/config'], ['PUT', '/v1/config'], ['POST', '/v1/acknowledgements'], ['GET', '/']]) {
    const answers = [
      await call(address, method, path, change, { 'x-regatta-token': 'wrong' }),
      await call(address, method, path, change, { 'x-regatta-token': '' }),
      await call(address, method, path, change, { host: 'attacker.example' }),
    ]
    for (const { status, body } of answers) expect({ status, code: body.errors?.[0].code }).toEqual({ status: 401, code: 'RGT_TOKEN' })
  }
  expect(plane.revision).toBe(1)
  const { events, state } = startGateway([address], { token: 'wrong' })
  await until(() => expect(kinds(events)).toContain('control-plane-lost'))
  expect(events.find(({ kind }) => kind === 'log')).toMatchObject({ code: 'RGT_CONTROL_PLANE', message: expect.stringContaining('RGT_TOKEN') as string })
  expect(state.held).toBeNull()
})

test.each([
  ['POST', '/v1/acknowledgements', '{', 400, 'RGT_SNAPSHOT_FORMAT'],
  ['POST', '/v1/acknowledgements', { gateway: 'x' }, 400, 'RGT_SNAPSHOT_FORMAT'],
  ['GET', '/v1/snapshots?gateway=x&role=king', undefined, 400, 'RGT_SNAPSHOT_FORMAT'],
  ['GET', '/v1/snapshots?gateway=x&role=region', undefined, 400, 'RGT_SNAPSHOT_FORMAT'],
  ['GET', '/v1/snapshots?gateway=x&role=edge&revision=-1', undefined, 400, 'RGT_SNAPSHOT_FORMAT'],
  ['PATCH', '/v1/config', 'revision: 2', 422, 'RGT_CONFIG_SYNTAX'],
  ['PATCH', '/v1/config', 'null', 422, 'RGT_CONFIG_SCHEMA'],
  ['PATCH', '/v1/config', { revision: 2, putt: [] }, 422, 'RGT_CONFIG_SCHEMA'],
  ['PATCH', '/v1/config', { revision: 2, put: [{ kind: 'HTTPRoute' }] }, 422, 'RGT_CONFIG_SCHEMA'],
  ['PATCH', '/v1/config', { revision: 9 }, 409, 'RGT_SNAPSHOT_GAP'],
  ['PUT', '/v1/config', { revision: 1, documents: [] }, 409, 'RGT_SNAPSHOT_GAP'],
  ['PUT', '/v1/config', { revision: 2, documents: shop(1).slice(0, 1) }, 422, 'RGT_CONFIG_REFERENCE'],
  ['DELETE', '/v1/config', undefined, 404, 'RGT_NO_ROUTE'],
])('%s %s of %j is refused with %i %s and loses nothing', async (method, path, body, status, code) => {
  const { address, plane } = await startPlane(shop(1))
  const answer = await call(address, method, path, body)
  expect([answer.status, answer.body.errors?.[0].code]).toEqual([status, code])
  expect([plane.revision, [...plane.documents()]]).toEqual([1, shop(1)])
})

test('a body beyond the limit is refused before it is read', async () => {
  const { address } = await startPlane(null)
  const answer = await new Promise<number>((resolve, reject) => {
    const sent = request({ ...address, method: 'PUT', path: '/v1/config', headers: { 'x-regatta-token': token, 'content-length': maxBodyBytes + 1 } })
    sent.on('response', (response) => {
      resolve(response.statusCode ?? 0)
      sent.destroy()
    })
    sent.on('error', reject)
    sent.write('{')
  })
  expect(answer).toBe(413)
})

test('a change that a route of any connected gateway cannot bear is refused whole, with its place', async () => {
  const { address, events } = await startPlane(shop(1))
  const { state } = startGateway([address])
  await until(() => expect(state.held?.revision).toBe(1))
  const bad = structuredClone(route('bad', '/bad'))
  ;(bad.spec as { rules: { matches: { path: { type: string } }[] }[] }).rules[0].matches[0].path.type = 'Prefix'
  const answer = await call(address, 'PATCH', '/v1/config', { revision: 2, put: [route('good', '/good'), bad], remove: [] })
  expect(answer).toMatchObject({ status: 422, body: { revision: 1, errors: [{ code: 'RGT_CONFIG_SCHEMA', place: { file: 'HTTPRoute/shop/bad', path: 'spec.rules[0].matches[0].path.type' } }] } })
  expect(kinds(events)).toContain('config-refused')
  expect(state.revisions).toEqual([1])
})

test('a gateway that refuses keeps what it has, says why, and takes the next one', async () => {
  const { address, events } = await startPlane(shop(1))
  const gateway = startGateway([address], {
    apply(snapshot) { if (snapshot.revision === 2) throw gatewayError('RGT_LISTEN', 'no such port') },
  })
  await until(() => expect(gateway.state.held?.revision).toBe(1))
  await call(address, 'PUT', '/v1/config', { revision: 2, documents: shop(2) })
  await until(() => expect(events.at(-1)).toMatchObject({ kind: 'snapshot-refused', gateway: 'eu-west', revision: 2, code: 'RGT_LISTEN' }))
  expect(gateway.state.held?.revision).toBe(1)
  await call(address, 'PUT', '/v1/config', { revision: 3, documents: shop(3) })
  await until(() => expect(gateway.state.revisions).toEqual([1, 3]))
})

test('a gateway that lost its snapshot gets the whole instead of a delta', async () => {
  const { address, events } = await startPlane(shop(1))
  const { state } = startGateway([address])
  await until(() => expect(events.some(({ kind }) => kind === 'snapshot-acknowledged')).toBe(true))
  state.held = null
  await call(address, 'PUT', '/v1/config', { revision: 2, documents: shop(2) })
  await until(() => expect(state.held?.revision).toBe(2))
  expect(codes(events)).toContain('RGT_SNAPSHOT_GAP')
})

test('a control plane that dies is told once, and found again when it is back, also when it is back behind', async () => {
  const first = await startPlane(shop(1))
  const { state, events } = startGateway([first.address])
  await until(() => expect(state.held?.revision).toBe(1))
  await call(first.address, 'PUT', '/v1/config', { revision: 5, documents: shop(5) })
  await until(() => expect(state.held?.revision).toBe(5))
  await first.server.close()
  await until(() => expect(kinds(events)).toContain('control-plane-lost'))
  const second = await startPlane(shop(1), first.address.port)
  await until(() => expect(kinds(events).filter((kind) => kind.startsWith('control-plane'))).toEqual(['control-plane-found', 'control-plane-lost', 'control-plane-found']))
  expect(state.held?.revision).toBe(5)
  expect(await call(second.address, 'PATCH', '/v1/config', { revision: 6, put: [], remove: [] })).toMatchObject({ status: 409, body: { revision: 1 } })
  await call(second.address, 'PUT', '/v1/config', { revision: 6, documents: shop(6) })
  await until(() => expect(state.revisions).toEqual([1, 5, 6]))
})

test('the next address is asked when the first is silent', async () => {
  const silent = createServer(() => {})
  const address = await listening(silent)
  const { address: second } = await startPlane(shop(1))
  const { state, events } = startGateway([address, second])
  await until(() => expect(state.held?.revision).toBe(1))
  expect(kinds(events)).toEqual(['control-plane-lost', 'log', 'control-plane-found'])
})

test.each([
  ['a line that is no JSON', 'hello\n', 'RGT_SNAPSHOT_FORMAT'],
  ['a message of an unknown type', '{"type":"surprise"}\n', 'RGT_SNAPSHOT_FORMAT'],
  ['a snapshot that is not what its version says', `${JSON.stringify({ type: 'snapshot', snapshot: { ...compiled('eu-west', 2), version: 'f'.repeat(32) } })}\n`, 'RGT_SNAPSHOT_FORMAT'],
  ['a snapshot for another gateway', `${JSON.stringify({ type: 'snapshot', snapshot: compiled('us-east', 2) })}\n`, 'RGT_SNAPSHOT_FORMAT'],
  ['an older snapshot', `${JSON.stringify({ type: 'snapshot', snapshot: compiled('eu-west', 1) })}\n`, 'RGT_SNAPSHOT_GAP'],
  ['a delta from nowhere', `${JSON.stringify({ type: 'delta', delta: { ...planeCompiler(discovery).diff(compiled('eu-west', 1), compiled('eu-west', 3)), base: 7 } })}\n`, 'RGT_SNAPSHOT_GAP'],
])('%s changes nothing in the gateway', async (_what, line, code) => {
  const server = createServer((incoming, response) => {
    if (incoming.method === 'POST') response.end('{}')
    else response.write(line)
  })
  const address = await listening(server)
  const held = compiled('eu-west', 2)
  const { state, events } = startGateway([address], { held })
  await until(() => expect(codes(events)).toContain(code))
  expect(state.held).toBe(held)
  expect(state.revisions).toEqual([])
})

async function listening(server: Server): Promise<SnapshotAddress> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

test('3,000 changes of one route each, one after another, arrive whole and in order', { timeout: 60_000 }, async () => {
  const { address, plane } = await startPlane(shop(1))
  const { state } = startGateway([address])
  await until(() => expect(state.held?.revision).toBe(1))
  for (let revision = 2; revision <= 3001; revision++) {
    const { status } = await call(address, 'PATCH', '/v1/config', { revision, put: [route(`r${revision}`, `/r${revision}`)], remove: [] })
    expect(status).toBe(200)
  }
  await until(() => expect(state.held?.revision).toBe(3001))
  expect(state.held?.routes).toHaveLength(3001)
  expect(state.revisions).toEqual([...state.revisions].sort((a, b) => a - b))
  expect(state.held?.version).toBe(compiled('eu-west', 3001, [...plane.documents()]).version)
})
