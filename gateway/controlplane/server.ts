// The HTTP face of a regional control plane (see protocol.ts): reads requests, hands them to the replication core
// as events, and carries out its effects. Nothing is answered to a Host that is not its own, and nothing but health and
// clock without the token of the run.

import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { CodedError, CodedErrors, gatewayError } from '../errors.ts'
import type { Clock, Evidence, Scheduler } from '../ports.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import { isOwnHost } from '../hosts.ts'
import { parseAcknowledgement, parseChange, parseHello, parseWhole } from './messages.ts'
import type { Plane, PlaneAnswer, PlaneEffect, PlaneEvent } from './plane.ts'
import { heartbeatMs, tokenHeader, type ConfigChange, type DeliveryMessage, type WholeConfig } from './protocol.ts'
import { maxReportBytes, readTelemetry, takeReport } from './telemetry-routes.ts'
import type { PlaneTelemetry } from './telemetry.ts'

export interface ControlPlaneServer {
  /** For whatever else drives the plane: its effects are carried out here. */
  step(event: PlaneEvent): PlaneAnswer | null
  /** Where it listens; the port is the one given by the system when 0 was asked for. */
  readonly address: SnapshotAddress
  close(): Promise<void>
}

export interface ServerOptions {
  plane: Plane
  listen: SnapshotAddress
  token: string
  /** Names besides localhost that it may be called by. */
  hosts?: readonly string[]
  /** It knows what there is to serve, and be it nothing; always when left out. */
  ready?(): boolean
  /** Takes reports of gateways, and tells what has become of them; absent = nobody is asked for any. */
  telemetry?: PlaneTelemetry
  /** Configuration comes from elsewhere: publishing here is refused. */
  readsElsewhere?: boolean
  clock: Clock
  scheduler: Scheduler
  evidence: Evidence
  /** Called after a change was accepted and before it is answered. */
  accepted?(asked: ConfigChange | WholeConfig): void
}

/** Bodies larger than this are refused, bytes. Ten thousand routes are about five million. */
export const maxBodyBytes = 32 * 1024 * 1024
/** A gateway that has not read this much of what was sent to it gets no heartbeats on top, bytes. */
const maxUnreadBytes = 1024 * 1024

/** `body`: text of that type, or without a type anything that is told as JSON. */
export interface Reply { status: number; body: unknown; type?: string }

/** Throws RGT_LISTEN when the port cannot be had. */
export async function startControlPlaneServer(options: ServerOptions): Promise<ControlPlaneServer> {
  const { plane, listen, clock, scheduler, evidence } = options
  const streams = new Map<number, ServerResponse>()
  let connections = 0

  function step(event: PlaneEvent): PlaneAnswer | null {
    const effects = plane.step(event, clock.nowUs())
    const answer = effects.find((effect) => effect.kind === 'answer')?.answer ?? null
    if (event.kind === 'publish' && answer?.outcome === 'accepted') options.accepted?.(event.asked)
    for (const effect of effects) carryOut(effect)
    return answer
  }

  function carryOut(effect: PlaneEffect): void {
    if (effect.kind === 'evidence') evidence.event(effect.event)
    if (effect.kind === 'close') streams.get(effect.connection)?.destroy()
    if (effect.kind === 'send') send(streams.get(effect.connection), effect.message)
  }

  function stream(request: IncomingMessage, response: ServerResponse, url: URL): Reply | null {
    const hello = parseHello(url.searchParams)
    const connection = ++connections
    streams.set(connection, response)
    response.on('close', () => {
      streams.delete(connection)
      step({ kind: 'lost', connection })
    })
    request.socket.setNoDelay(true)
    response.setHeader('content-type', 'application/x-ndjson')
    const answer = step({ kind: 'connect', connection, ...hello })
    if (answer === null || answer.outcome === 'accepted') {
      // The first line says at once that a control plane is here, also when there is nothing to send.
      send(response, { type: 'heartbeat' })
      return null
    }
    return replyOf(answer)
  }

  async function publish(read: () => Promise<ConfigChange | WholeConfig>): Promise<Reply> {
    if (options.readsElsewhere === true) {
      throw gatewayError('RGT_CONFIG_SOURCE', 'this control plane reads its configuration from the API server', {
        hint: 'apply the documents there',
      })
    }
    return replyOf(step({ kind: 'publish', asked: await read() }))
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<Reply | null> {
    if (!isOwnHost(request.headers.host, options.hosts)) {
      throw gatewayError('RGT_TOKEN', 'the Host header is a name that is not its own', { found: request.headers.host ?? 'none' })
    }
    const url = new URL(request.url ?? '/', 'http://control-plane')
    const asked = `${request.method} ${url.pathname}`
    switch (asked) {
      case 'GET /healthz': return { status: 200, body: { status: 'ok' } }
      case 'GET /readyz': return options.ready?.() === false ? { status: 503, body: { status: 'not ready' } } : { status: 200, body: { status: 'ready' } }
      case 'GET /clock': return { status: 200, body: { nowUs: clock.nowUs() } }
    }
    refuseStrangers(request, options.token)
    const { telemetry } = options
    if (telemetry !== undefined && url.pathname === '/v1/telemetry') {
      if (request.method === 'POST') return takeReport(telemetry, await readBody(request, maxReportBytes), clock.nowUs())
      if (request.method === 'GET') return readTelemetry(telemetry, request, url.searchParams, clock.nowUs())
    }
    switch (asked) {
      case 'GET /v1/snapshots': return stream(request, response, url)
      case 'POST /v1/acknowledgements':
        step({ kind: 'acknowledge', acknowledgement: parseAcknowledgement(await readBody(request)) })
        return { status: 200, body: {} }
      case 'PATCH /v1/config': return publish(() => readBody(request).then(parseChange))
      case 'PUT /v1/config': return publish(() => readBody(request).then(parseWhole))
      case 'GET /v1/status': return { status: 200, body: plane.status() }
      default:
        throw gatewayError('RGT_NO_ROUTE', `the control plane has no ${request.method} ${url.pathname}`, {
          hint: 'GET /v1/snapshots, POST /v1/acknowledgements, PATCH or PUT /v1/config, GET /v1/status, POST or GET /v1/telemetry, /healthz, /readyz, /clock',
        })
    }
  }

  const server = createServer({ headersTimeout: 5_000, requestTimeout: 30_000, keepAliveTimeout: 75_000 }, (request, response) => {
    handle(request, response)
      .catch((error: unknown) => (request.destroyed && !request.complete ? null : refusal(error, plane.revision, evidence, clock)))
      .then((reply) => reply !== null && write(request, response, reply))
      .catch(() => response.destroy())
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await opened(server, listen)
  const stopBeating = scheduler.every(heartbeatMs, () => step({ kind: 'heartbeat' }))
  const { address, port } = server.address() as AddressInfo
  return {
    address: { host: address, port },
    step,
    close: () => new Promise((closed) => {
      stopBeating()
      server.close(() => closed())
      for (const socket of sockets) socket.destroy()
    }),
  }
}

function send(response: ServerResponse | undefined, message: DeliveryMessage): void {
  if (response === undefined || response.destroyed) return
  if (message.type === 'heartbeat' && response.writableLength > maxUnreadBytes) return
  response.write(`${JSON.stringify(message)}\n`)
}

function replyOf(answer: PlaneAnswer | null): Reply {
  if (answer === null || answer.outcome === 'accepted') return { status: 200, body: { revision: answer?.revision } }
  return { status: answer.outcome === 'gap' ? 409 : 422, body: { revision: answer.revision, errors: answer.errors } }
}

/** 32 bytes each, so that neither length nor content shows in the time it takes. */
function sameToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

function refuseStrangers(request: IncomingMessage, token: string): void {
  const given = request.headers[tokenHeader]
  if (typeof given !== 'string' || !sameToken(given, token)) {
    throw gatewayError('RGT_TOKEN', 'the token of the run is missing or wrong', { expected: `${tokenHeader} with the token of this run` })
  }
}

async function readBody(request: IncomingMessage, maxBytes = maxBodyBytes): Promise<string> {
  const tooLarge = (found: string): CodedError => gatewayError('RGT_HTTP_BODY_LIMIT', 'the body is too large', {
    expected: `at most ${maxBytes} bytes`, found,
  })
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > maxBytes) throw tooLarge(`${declared} bytes`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge('more')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const statusOf: Record<string, number> = { RGT_TOKEN: 401, RGT_HTTP_BODY_LIMIT: 413, RGT_NO_ROUTE: 404, RGT_SNAPSHOT_FORMAT: 400, RGT_TELEMETRY_REPORT: 400, RGT_CONFIG_SOURCE: 405 }

function refusal(error: unknown, revision: number, evidence: Evidence, clock: Clock): Reply {
  if (error instanceof CodedError) {
    const errors = error instanceof CodedErrors ? error.errors : [error]
    return { status: statusOf[error.code] ?? 422, body: { revision, errors } }
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  evidence.event({ atUs: clock.nowUs(), kind: 'log', level: 'error', code: 'RGT_DEFECT', message })
  return { status: 500, body: { revision, errors: [gatewayError('RGT_DEFECT', 'the control plane failed over this request; its log says more')] } }
}

function write(request: IncomingMessage, response: ServerResponse, { status, body, type = 'application/json' }: Reply): void {
  if (status === 204) return void response.writeHead(204).end()
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  // What was not read of a refused body must not be taken for the next request.
  const close = request.complete ? {} : { connection: 'close' }
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...close })
  response.end(text)
}

function opened(server: Server, { host, port }: SnapshotAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(gatewayError('RGT_LISTEN', `the control plane cannot listen on ${host}:${port}`, {
      found: String(cause), cause,
    })))
    server.listen(port, host, resolve)
  })
}
