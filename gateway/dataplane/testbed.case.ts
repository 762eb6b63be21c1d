// What the tests of the data plane share: snapshots in a few words, upstream services, gateways in this
// process, and a client that speaks raw bytes, because a well-behaved one could not ask what we must refuse.

import { createServer, type RequestListener } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { AttemptRecord, GatewayEvent } from '../ports.ts'
import { seededRandom, systemClock, systemScheduler } from '../runtime.ts'
import { createSpanDecoder } from '../telemetry/spans/index.ts'
import type { KeptSpan, SpanExporter } from '../telemetry/export/exporter.ts'
import { defaultHealth, defaultRouteFailover, type Snapshot, type SnapshotAddress, type SnapshotRoute } from '../snapshot/snapshot.ts'
import { defaultLimits, type GatewayBootstrap } from './bootstrap.ts'
import { startGateway, type Gateway, type GatewayOptions } from './gateway.ts'

export const token = 'a-token-for-tests'
export const service = 'default/echo:80'

type Closing = { close(): unknown }
const open: Closing[] = []

/** To be called after each test: whatever was started is closed. */
export async function closeAll(): Promise<void> {
  for (const thing of open.splice(0).reverse()) await thing.close()
}

export function routeTo(changes: Partial<SnapshotRoute> = {}): SnapshotRoute {
  return {
    id: 'default/echo/0', hostnames: [], matches: [], filters: [], backends: [{ service, weight: 1, filters: [] }],
    timeouts: { requestMs: 0, backendRequestMs: 0 }, createdAt: '2024-01-01T00:00:00Z', failover: defaultRouteFailover,
    residency: { allowed: null, reason: '' }, ...changes,
  }
}

/** A snapshot for a gateway of region `here` with its own endpoints. */
export function regionSnapshot(endpoints: SnapshotAddress[], changes: Partial<Snapshot> = {}): Snapshot {
  return {
    format: 1, revision: 1, version: 'v1', gateway: { name: 'here-gateway', role: 'region', region: 'here' },
    regions: [{ name: 'here', jurisdiction: 'eu', rttMs: 0, links: [] }],
    routes: [routeTo()], services: [{ name: service, endpoints, remoteRegions: [] }], health: defaultHealth, ...changes,
  }
}

/** A snapshot for an edge that reaches each named region over one link; the first is the nearest. */
export function edgeSnapshot(links: Record<string, SnapshotAddress>, changes: Partial<Snapshot> = {}): Snapshot {
  const names = Object.keys(links)
  return {
    format: 1, revision: 1, version: 'v1', gateway: { name: 'edge', role: 'edge', region: null },
    regions: names.map((name, index) => ({ name, jurisdiction: 'eu', rttMs: 1 + 20 * index, links: [links[name]] })),
    routes: [routeTo()], services: [{ name: service, endpoints: [], remoteRegions: names }], health: defaultHealth, ...changes,
  }
}

export interface Bed extends Gateway { events: GatewayEvent[]; attempts: AttemptRecord[] }

export async function gatewayWith(
  snapshot: Snapshot | undefined, changes: Partial<GatewayBootstrap> = {}, parts: Partial<Pick<GatewayOptions, 'exporter' | 'random'>> = {},
): Promise<Bed> {
  const events: GatewayEvent[] = []
  const attempts: AttemptRecord[] = []
  const own = snapshot?.gateway ?? { name: 'here-gateway', role: 'region' as const, region: 'here' }
  const any: SnapshotAddress = { host: '127.0.0.1', port: 0 }
  const gateway = await startGateway({
    clock: systemClock, scheduler: systemScheduler, random: seededRandom(1), snapshot, ...parts,
    evidence: { event: (event) => events.push(event), attempt: (attempt) => attempts.push(attempt) },
    bootstrap: {
      name: own.name, role: own.role, region: own.region, token, controlPlanes: [], stateDir: '', seed: 1, limits: defaultLimits,
      listen: { ingress: any, eastWest: own.role === 'region' ? any : null, admin: any }, ...changes,
    },
  })
  open.push(gateway)
  return Object.assign(Object.create(gateway) as Gateway, { events, attempts })
}

/** A gateway with telemetry, and whatever spans it has exported so far. */
export async function tracingGateway(snapshot: Snapshot, changes: Partial<GatewayBootstrap> = {}): Promise<Bed & { spans: KeptSpan[] }> {
  const spans: KeptSpan[] = []
  const decoder = createSpanDecoder()
  const exporter: SpanExporter = {
    counts: { queued: 0, sent: 0, sentBytes: 0, shed: 0, failed: 0 },
    export(batch) {
      spans.push(...decoder.decode(batch))
      return true
    },
    close: async () => {},
  }
  // Each gateway draws ids of its own, as processes with seeds of their own do.
  const bed = await gatewayWith(snapshot, { telemetry: { otlp: null, batchWaitMs: 100 }, ...changes }, { exporter, random: seededRandom(++seeds) })
  return Object.assign(bed, { spans })
}

let seeds = 1

/** A service; `/healthz` answers by itself. */
export async function serviceWith(listener: RequestListener): Promise<SnapshotAddress & Closing> {
  const server = createServer((request, response) => {
    if (request.url === '/healthz') response.end()
    else listener(request, response)
  })
  return listening(server, () => {
    server.close()
    server.closeAllConnections()
  })
}

/** A peer on bare sockets: silent, or answering bytes of its own making. */
export async function socketsWith(accept: (socket: Socket) => void): Promise<SnapshotAddress & Closing> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    accept(socket)
  })
  return listening(server, () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
}

async function listening(server: Server, close: () => void): Promise<SnapshotAddress & Closing> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const started = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, close }
  open.push(started)
  return started
}

/** An address where nobody listens. */
export async function refusingAddress(): Promise<SnapshotAddress> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { host: '127.0.0.1', port }
}

/** Sends bytes, in the pieces given, and gathers what comes back until the other side closes or `enough` says so. */
export function exchangeBytes(at: SnapshotAddress, pieces: (string | Buffer)[], enough: (text: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(at.port, at.host)
    const limit = setTimeout(() => finish(new Error(`nothing more came; so far: ${JSON.stringify(text.slice(0, 400))}`)), 8000)
    const finish = (error: Error | null): void => {
      clearTimeout(limit)
      socket.destroy()
      if (error === null) resolve(text)
      else reject(error)
    }
    socket.setNoDelay(true)
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (enough(text)) finish(null)
    })
    socket.on('end', () => finish(null))
    socket.on('error', (error) => (text === '' ? finish(error) : finish(null)))
    const send = (index: number): void => {
      if (index === pieces.length || socket.destroyed) return
      socket.write(pieces[index], () => setImmediate(send, index + 1))
    }
    socket.on('connect', () => send(0))
  })
}

export interface Parsed { status: number; headers: Record<string, string>; body: string }

/** Reads the first response of a text whose body is framed by length or by the end. */
export function parseResponse(text: string): Parsed {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine, ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4) }
}

/** One request whose connection closes after it. */
export async function ask(at: SnapshotAddress, path = '/', headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Parsed> {
  const lines = Object.entries({ host: 'echo.test', connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
  return parseResponse(await exchangeBytes(at, [`${method} ${path} HTTP/1.1\r\n${lines}${length}\r\n${body}`]))
}

export const settle = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })
