// The control port of a gateway. It is not on the path of requests, so plain `node:http` serves it. Only addresses
// and localhost are accepted as Host (a web page cannot reach it by rebinding a name), and all but what a kubelet or a
// runner's clock asks need the run's token.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isOwnHost } from '../hosts.ts'
import { gatewayError, type GatewayErrorCode } from '../errors.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import { contentTypes, formatFor, type ExpositionFormat } from '../telemetry/exposition.ts'
import { header } from './bootstrap.ts'
import { sameToken } from './pipeline.ts'

export interface AdminOperations {
  /** Names, besides localhost, under which it may be called. */
  hosts?: readonly string[]
  /** This process's monotonic clock. */
  nowUs(): number
  ready(): boolean
  status(): unknown
  metrics(format: ExpositionFormat): Promise<string>
  drain(): void
}

export interface Admin { readonly address: SnapshotAddress; close(): void }

interface Reply { status: number; type: string; body: string }

/** Throws RGT_LISTEN. */
export async function startAdmin(at: SnapshotAddress, token: string, operations: AdminOperations): Promise<Admin> {
  const secret = Buffer.from(token)
  const server = createServer({ headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 5000 }, (request, response) => {
    request.resume()
    answer(request, secret, operations).then(
      (reply) => write(response, reply),
      (error: unknown) => write(response, refusal(500, 'RGT_ADMIN', String(error), 'this is a defect')),
    )
  })
  await listen(server, at)
  const { port } = server.address() as AddressInfo
  return {
    address: { host: at.host, port },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(request: IncomingMessage, token: Buffer, operations: AdminOperations): Promise<Reply> {
  if (!isOwnHost(request.headers.host, operations.hosts)) {
    return refusal(403, 'RGT_ADMIN_HOST', 'the Host is a name that is not its own', 'call it by its address, or as localhost')
  }
  const path = (request.url ?? '').split('?')[0]
  const open = request.method === 'GET' || request.method === 'HEAD' ? openAnswer(path, operations) : null
  if (open !== null) return open
  const given = request.headers[header.token]
  if (!sameToken(typeof given === 'string' ? given : undefined, token)) {
    return refusal(401, 'RGT_TOKEN', 'the token of the run is missing or wrong', `send it as ${header.token}`)
  }
  switch (`${request.method} ${path}`) {
    case 'GET /status': return { status: 200, type: 'application/json', body: `${JSON.stringify(operations.status())}\n` }
    case 'GET /metrics': return metricsPage(formatFor(request.headers.accept), operations)
    case 'POST /drain':
      operations.drain()
      return text(202, 'draining\n')
    case 'POST /gc': return collectGarbage()
    default: return refusal(404, 'RGT_ADMIN', `${request.method} ${path} is not offered`, 'GET /healthz /readyz /clock /status /metrics, POST /drain /gc')
  }
}

async function metricsPage(format: ExpositionFormat, operations: AdminOperations): Promise<Reply> {
  return { status: 200, type: contentTypes[format], body: await operations.metrics(format) }
}

/** What is answered without a token. */
function openAnswer(path: string, operations: AdminOperations): Reply | null {
  switch (path) {
    case '/healthz': return text(200, 'ok\n')
    case '/readyz': return operations.ready() ? text(200, 'ready\n') : text(503, 'not ready\n')
    case '/clock': return { status: 200, type: 'application/json', body: `${JSON.stringify({ nowUs: operations.nowUs() })}\n` }
    default: return null
  }
}

function collectGarbage(): Reply {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) return refusal(409, 'RGT_ADMIN', 'garbage collection cannot be forced here', 'start the process with --expose-gc')
  gc()
  return text(200, 'collected\n')
}

const text = (status: number, body: string): Reply => ({ status, type: 'text/plain; charset=utf-8', body })

function refusal(status: number, code: GatewayErrorCode, message: string, hint: string): Reply {
  return { status, type: 'application/json', body: `${JSON.stringify({ code, message, hint })}\n` }
}

function write(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

function listen(server: Server, at: SnapshotAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void => {
      reject(gatewayError('RGT_LISTEN', `cannot listen on ${at.host}:${at.port}`, { found: cause.message, hint: 'is the port in use?', cause }))
    }
    server.once('error', refuse)
    server.listen({ ...at }, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}
