// The control port of a gateway. It is not on the path of requests, so plain `node:http` serves it. Only
// loopback names are accepted as Host (a web page cannot reach it by rebinding a name), and all but /healthz
// need the run's token.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gatewayError, type GatewayErrorCode } from '../errors.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import { header } from './bootstrap.ts'
import { sameToken } from './pipeline.ts'

export interface AdminOperations {
  ready(): boolean
  status(): unknown
  metrics(): Promise<string>
  drain(): void
}

export interface Admin { readonly address: SnapshotAddress; close(): void }

interface Reply { status: number; type: string; body: string }

const loopback = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

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
  if (!loopback.test(request.headers.host ?? '')) {
    return refusal(403, 'RGT_ADMIN_HOST', 'the Host is not a loopback name', 'call it as 127.0.0.1, localhost or [::1]')
  }
  const path = (request.url ?? '').split('?')[0]
  if (path === '/healthz') return text(200, 'ok\n')
  const given = request.headers[header.token]
  if (!sameToken(typeof given === 'string' ? given : undefined, token)) {
    return refusal(401, 'RGT_TOKEN', 'the token of the run is missing or wrong', `send it as ${header.token}`)
  }
  switch (`${request.method} ${path}`) {
    case 'GET /readyz': return operations.ready() ? text(200, 'ready\n') : text(503, 'not ready\n')
    case 'GET /status': return { status: 200, type: 'application/json', body: `${JSON.stringify(operations.status())}\n` }
    case 'GET /metrics': return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await operations.metrics() }
    case 'POST /drain':
      operations.drain()
      return text(202, 'draining\n')
    case 'POST /gc': return collectGarbage()
    default: return refusal(404, 'RGT_ADMIN', `${request.method} ${path} is not offered`, 'GET /healthz /readyz /status /metrics, POST /drain /gc')
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
