// An API server on loopback over a cluster in memory: lists in pages, watches from a version on, bookmarks, 410 for what
// it has forgotten, merge patches of a status, and whatever failure a test asks for.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import { memoryCluster, type LogEntry, type MemoryCluster } from './cluster.case.ts'

export interface FakeApiServer {
  readonly cluster: MemoryCluster
  readonly config: KubeConfig
  /** `list KIND`, `watch KIND VERSION`, `patch PATH`, in the order in which they were asked. */
  readonly asked: string[]
  /** Plural names of kinds that it does not know, and of kinds that it forbids. */
  readonly unknown: Set<string>
  readonly forbidden: Set<string>
  /** Watches from a version before this one are answered with 410. */
  forgetBefore(version: number): void
  bookmark(): void
  /** Every connection breaks; new ones are accepted. */
  disconnect(): void
  down(): Promise<void>
  up(): Promise<void>
}

const plurals: Record<string, string> = {
  gateways: 'Gateway', httproutes: 'HTTPRoute', referencegrants: 'ReferenceGrant', serviceimports: 'ServiceImport', services: 'Service',
  failoverpolicies: 'FailoverPolicy', residencypolicies: 'ResidencyPolicy', accesspolicies: 'AccessPolicy', samplingpolicies: 'SamplingPolicy', metricspolicies: 'MetricsPolicy', alertpolicies: 'AlertPolicy',
  configrevisions: 'ConfigRevision', endpointslices: 'EndpointSlice',
}

export async function fakeApiServer(pageSize = 2): Promise<FakeApiServer> {
  const cluster = memoryCluster()
  const asked: string[] = []
  const unknown = new Set<string>()
  const forbidden = new Set<string>()
  const sockets = new Set<Socket>()
  const watches = new Set<{ kind: string; namespace: string; sent: number; response: ServerResponse }>()
  let floor = 0
  let server = createServer()
  let port = 0

  const flush = (): void => {
    for (const watch of watches) {
      for (const entry of cluster.log.slice(watch.sent)) {
        watch.sent = entry.version
        if (isOf(entry, watch)) watch.response.write(`${JSON.stringify({ type: entry.type, object: entry.object })}\n`)
      }
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api')
    if (url.pathname === '/version') return reply(response, 200, { major: '1' })
    const found = /^\/apis?\/.*namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+)\/status)?$/.exec(url.pathname)
    if (found === null) return reply(response, 404, { message: 'no such path' })
    const [, namespace, plural, name] = found
    if (unknown.has(plural)) return reply(response, 404, { message: 'the server could not find the requested resource' })
    if (forbidden.has(plural)) return reply(response, 403, { message: `${plural} is forbidden` })
    const kind = plurals[plural]
    if (request.method === 'PATCH') {
      asked.push(`patch ${plural}/${name}/status`)
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk as string
      cluster.setStatus(kind, namespace, name, (JSON.parse(body) as { status: unknown }).status)
      reply(response, 200, cluster.read(kind, namespace, name) ?? {})
      return flush()
    }
    if (url.searchParams.get('watch') === 'true') return watch(kind, namespace, Number(url.searchParams.get('resourceVersion')), response)
    const from = Number(url.searchParams.get('continue') ?? 0)
    if (from === 0) asked.push(`list ${kind}`)
    const items = cluster.list(kind, namespace)
    const rest = from + pageSize < items.length ? { continue: String(from + pageSize) } : {}
    reply(response, 200, { metadata: { resourceVersion: String(cluster.version), ...rest }, items: items.slice(from, from + pageSize) })
  }

  function watch(kind: string, namespace: string, version: number, response: ServerResponse): void {
    asked.push(`watch ${kind} ${version}`)
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    if (version < floor) return void response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old resource version' } })}\n`)
    const one = { kind, namespace, sent: version, response }
    watches.add(one)
    response.on('close', () => watches.delete(one))
    flush()
  }

  async function up(): Promise<void> {
    server = createServer((request, response) => void answer(request, response))
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => { server.listen(port, '127.0.0.1', resolve) })
    port = (server.address() as AddressInfo).port
  }

  const disconnect = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  await up()
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }, { name: 'user' })
  const told = <T extends (...given: never[]) => unknown>(run: T): T => ((...given: Parameters<T>) => {
    const result = run(...given)
    flush()
    return result
  }) as T
  return {
    cluster: { ...cluster, put: told(cluster.put), remove: told(cluster.remove), setStatus: told(cluster.setStatus), get version() { return cluster.version } },
    config, asked, unknown, forbidden, disconnect, up,
    forgetBefore: (version) => { floor = version },
    bookmark() {
      for (const { response } of watches) response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(cluster.version) } } })}\n`)
    },
    async down() {
      const closed = new Promise((resolve) => { server.close(resolve) })
      disconnect()
      await closed
    },
  }
}

function isOf({ kind, namespace }: LogEntry, watch: { kind: string; namespace: string }): boolean {
  return kind === watch.kind && namespace === watch.namespace
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
