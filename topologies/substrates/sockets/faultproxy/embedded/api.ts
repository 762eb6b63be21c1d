// The HTTP API of Toxiproxy 2.x over our own proxies. Beyond Toxiproxy: with a token every request must carry
// it and a loopback Host, because a control port that any web page or neighbour can reach is a hole.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../../../../gateway/ports.ts'
import type { Alarms } from './alarms.ts'
import { createProxy, type Proxy } from './proxy.ts'
import { ApiError, apiErrors, decode, decodeProxies, decodeProxy, decodeToxic, decodeToxicUpdate } from './wire.ts'

/** The Toxiproxy whose API this is; the part after `-` says whose implementation. */
export const embeddedVersion = '2.12.0-regatta'

const maxBodyBytes = 4 * 1024 * 1024

export interface ApiOptions {
  token: string | null
  alarms: Alarms
  random: Random
}

interface Call {
  method: string
  /** Path segments, decoded. */
  path: string[]
  body: string
}

type Answer = { status: number; body?: unknown; contentType?: string }

export function createApi(options: ApiOptions): { server: Server; close(): Promise<void> } {
  const proxies = new Map<string, Proxy>()
  let changes: Promise<unknown> = Promise.resolve()
  // Changes go one at a time: two that open the same port would otherwise cross while they wait for it.
  const inTurn = (call: Call): Promise<Answer> => {
    if (call.method === 'GET') return route(call, options, proxies)
    const turn = changes.then(() => route(call, options, proxies))
    changes = turn.catch(() => {})
    return turn
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    receive(request, options.token).then(inTurn).then(
      (result) => send(response, result),
      (error: unknown) => send(response, failure(error)),
    )
  })
  return {
    server,
    async close() {
      server.close()
      server.closeAllConnections()
      await Promise.all([...proxies.values()].map((proxy) => proxy.stop()))
    },
  }
}

async function receive(request: IncomingMessage, token: string | null): Promise<Call> {
  admit(request, token)
  const path = (request.url ?? '/').split('?', 1)[0].split('/').slice(1).map(decodeSegment)
  return { method: request.method ?? 'GET', path, body: await readBody(request) }
}

async function route(call: Call, options: ApiOptions, proxies: Map<string, Proxy>): Promise<Answer> {
  const { path } = call
  const [room, name, part, toxic] = path
  if (room === 'version' && path.length === 1 && call.method === 'GET') {
    return { status: 200, body: `{"version": "${embeddedVersion}"}\n`, contentType: 'application/json;charset=utf-8' }
  }
  if (room === 'reset' && path.length === 1) return reset(call, proxies)
  if (room === 'populate' && path.length === 1) return populate(call, proxies, options)
  if (room !== 'proxies' || path.length > 4 || (part !== undefined && part !== 'toxics')) return notFound
  if (name === undefined) return collection(call, proxies, options)
  const proxy = proxies.get(name)
  if (proxy === undefined) throw apiErrors.proxyNotFound()
  if (part === undefined) return one(call, proxy, proxies)
  return toxic === undefined ? toxics(call, proxy) : oneToxic(call, proxy, toxic)
}

const notFound: Answer = { status: 404, body: '404 page not found\n', contentType: 'text/plain; charset=utf-8' }
const notAllowed: Answer = { status: 405 }
const noContent: Answer = { status: 204 }

async function reset({ method }: Call, proxies: Map<string, Proxy>): Promise<Answer> {
  if (method !== 'POST') return notAllowed
  for (const proxy of proxies.values()) {
    await proxy.start()
    for (const toxic of proxy.toxics()) proxy.removeToxic(toxic)
  }
  return noContent
}

async function populate({ method, body }: Call, proxies: Map<string, Proxy>, options: ApiOptions): Promise<Answer> {
  if (method !== 'POST') return notAllowed
  const made: Proxy[] = []
  try {
    for (const { enabled, ...input } of decodeProxies(decode(body))) {
      const existing = proxies.get(input.name)
      if (existing?.differs({ ...input, enabled }) === false) {
        made.push(existing)
        continue
      }
      await existing?.stop()
      const proxy = createProxy({ ...input, enabled }, options.alarms, options.random)
      if (enabled) await proxy.start()
      proxies.set(proxy.name, proxy)
      made.push(proxy)
    }
    return { status: 201, body: { proxies: listed(made) } }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { status: error.status, body: { ...error.toBody(), proxies: listed(made) } }
  }
}

/** Go writes an empty slice that was never made as null. */
function listed(proxies: Proxy[]): unknown[] | null {
  return proxies.length === 0 ? null : proxies.map((proxy) => proxy.toJson())
}

async function collection({ method, body }: Call, proxies: Map<string, Proxy>, options: ApiOptions): Promise<Answer> {
  if (method === 'GET') {
    const sorted = [...proxies.keys()].sort()
    return { status: 200, body: Object.fromEntries(sorted.map((name) => [name, proxies.get(name)!.toJson()])) }
  }
  if (method !== 'POST') return notAllowed
  const input = decodeProxy(decode(body), { name: '', listen: '', upstream: '', enabled: true })
  if (input.name === '') throw apiErrors.missingField('name')
  if (input.upstream === '') throw apiErrors.missingField('upstream')
  if (proxies.has(input.name)) throw apiErrors.proxyExists()
  const proxy = createProxy(input, options.alarms, options.random)
  if (input.enabled) await proxy.start()
  proxies.set(proxy.name, proxy)
  return { status: 201, body: proxy.toJson() }
}

async function one({ method, body }: Call, proxy: Proxy, proxies: Map<string, Proxy>): Promise<Answer> {
  switch (method) {
    case 'GET':
      return { status: 200, body: proxy.toJson() }
    case 'POST':
    case 'PATCH':
      await proxy.update(decodeProxy(decode(body), proxy.toJson()))
      return { status: 200, body: proxy.toJson() }
    case 'DELETE':
      await proxy.stop()
      proxies.delete(proxy.name)
      return noContent
    default:
      return notAllowed
  }
}

function toxics({ method, body }: Call, proxy: Proxy): Answer {
  if (method === 'GET') return { status: 200, body: proxy.toxics() }
  if (method !== 'POST') return notAllowed
  const toxic = decodeToxic(decode(body))
  proxy.addToxic(toxic)
  return { status: 200, body: toxic }
}

function oneToxic({ method, body }: Call, proxy: Proxy, name: string): Answer {
  const toxic = proxy.find(name)
  if (toxic === undefined) throw apiErrors.toxicNotFound()
  switch (method) {
    case 'GET':
      return { status: 200, body: toxic }
    case 'POST':
    case 'PATCH':
      proxy.updateToxic(toxic, decodeToxicUpdate(decode(body), toxic))
      return { status: 200, body: toxic }
    case 'DELETE':
      proxy.removeToxic(toxic)
      return noContent
    default:
      return notAllowed
  }
}

const browserRefused = new ApiError('User agent not allowed', 403)

/** @throws ApiError 403 for a browser (as Toxiproxy) or a Host that is not loopback, 401 without the token. */
function admit({ headers }: IncomingMessage, token: string | null): void {
  if (headers['user-agent']?.startsWith('Mozilla/')) throw browserRefused
  if (token === null) return
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? '')) throw new ApiError('host must be loopback', 403)
  const given = headers['x-regatta-token'] ?? headers.authorization?.replace(/^Bearer /, '') ?? ''
  if (!sameSecret(String(given), token)) throw new ApiError('this control port needs the token of its run', 401)
}

function sameSecret(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)]
  return left.length === right.length && timingSafeEqual(left, right)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new ApiError(`request body is larger than ${maxBodyBytes} bytes`, 413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Go's http.Error: a line of text that happens to be JSON. */
function failure(error: unknown): Answer {
  const known = error instanceof ApiError ? error : new ApiError(String(error), 500)
  if (known === browserRefused) return { status: 403, body: `${known.message}\n`, contentType: 'text/plain; charset=utf-8' }
  return { status: known.status, body: `${JSON.stringify(known.toBody())}\n`, contentType: 'text/plain; charset=utf-8' }
}

function send(response: ServerResponse, { status, body, contentType = 'application/json' }: Answer): void {
  if (body === undefined) {
    response.writeHead(status).end()
    return
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }).end(text)
}
