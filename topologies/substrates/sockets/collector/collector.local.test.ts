// The embedded collector as a process, with a real OpenTelemetry SDK and with the gateway's own exporter as its senders, over both
// protocols; what is no OTLP is refused and counted; and what collectors that refuse or hang cost: spans, and no time.

import { createServer as createHttpServer } from 'node:http'
import { connect } from 'node:http2'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { SpanKind } from '@opentelemetry/api'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as HttpExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, it } from 'vitest'
import type { GatewayEvent } from '../../../../gateway/ports.ts'
import { systemClock } from '../../../../gateway/runtime.ts'
import { openExporter, type OtlpTarget } from '../../../../gateway/telemetry/export/index.ts'
import { batchWriter, clientSpan, hex, serverSpan } from '../../../../gateway/telemetry/export/spans.case.ts'
import type { SpanRow } from '../../../history.ts'
import { freePorts, startChild, type TestChild } from '../generator/child.case.ts'
import type { CollectorBootstrap } from './bootstrap.ts'
import { parseSpansLine } from './lines.ts'

type CollectorEvent = Extract<GatewayEvent, { kind: 'collector' }>
const protocols = ['http/protobuf', 'grpc'] as const

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

interface TestCollector { bootstrap: CollectorBootstrap; target(protocol: OtlpTarget['protocol']): OtlpTarget; child: TestChild; end(): Promise<{ rows: SpanRow[]; last: CollectorEvent }> }

async function collector(): Promise<TestCollector> {
  const [http, grpc] = (await freePorts(2)).map((port) => ({ host: '127.0.0.1', port }))
  const bootstrap = { http, grpc }
  const child = startChild(join(import.meta.dirname, 'main.ts'), bootstrap)
  undo.push(() => child.stop())
  await child.line((line) => line.includes('"kind":"ready"'))
  return {
    bootstrap, child, target: (protocol) => ({ protocol, ...(protocol === 'grpc' ? grpc : http) }),
    async end() {
      await child.stop()
      const events = child.lines.filter((line) => line.includes('"kind":"collector"')).map((line) => (JSON.parse(line) as [string, CollectorEvent])[1])
      return { rows: child.lines.flatMap((line) => parseSpansLine(line) ?? []), last: events.at(-1)! }
    },
  }
}

const gatewayExporter = (target: OtlpTarget, options: Partial<Parameters<typeof openExporter>[1]> = {}) => {
  const exporter = openExporter(target, { process: 'edge/frankfurt', region: 'eu-west', ...options })
  undo.push(() => exporter.close(0))
  return exporter
}

describe.each(protocols)('over %s', (protocol) => {
  it('takes spans of a real OpenTelemetry SDK', async () => {
    const { target, end } = await collector()
    const { host, port } = target(protocol)
    const exporter: SpanExporter = protocol === 'grpc'
      ? new GrpcExporter({ url: `http://${host}:${port}` })
      : new HttpExporter({ url: `http://${host}:${port}/v1/traces`, compression: 'gzip' as never })
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'shop/catalog:8080', 'service.instance.id': 'services/eu-west' }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    })
    const fromUs = systemClock.nowUs()
    const span = provider.getTracer('test').startSpan('GET', { kind: SpanKind.SERVER, attributes: { 'http.response.status_code': 200, 'regatta.request_id': 'r-1', 'regatta.region': 'eu-west' } })
    span.end()
    await provider.shutdown()
    const { rows, last } = await end()
    const { traceId, spanId } = span.spanContext()
    expect(rows).toMatchObject([{
      traceId, spanId, parentSpanId: '', process: 'services/eu-west', kind: 'server', name: 'GET', requestId: 'r-1', service: 'shop/catalog:8080',
      region: 'eu-west', status: 200, target: '', attempt: 0, outcome: '', kept: '', adjustedCount: 1,
    }])
    // Wall time came over as monotonic time: the clocks of both ends are read at their starts, and may have drifted apart by a little.
    expect(Math.abs(rows[0].startUs - fromUs)).toBeLessThan(1e6)
    expect(last).toMatchObject({ refused: 0, senders: { 'services/eu-west': { spans: 1, requests: 1 } } })
  })

  it('takes what a gateway exports, in requests of a size, and counts it on both ends', async () => {
    const { target, end } = await collector()
    const exporter = gatewayExporter(target(protocol), { spansPerRequest: 100 })
    const write = batchWriter()
    const count = 40
    for (let number = 1; number <= count; number++) {
      const server = serverSpan(number, { threshold: 'c', startUs: number * 10 })
      exporter.export(write([server, ...[0, 1, 2].map((attempt) => clientSpan(number, { spanId: hex(number * 10 + attempt + 0x1000, 16), attempt, isLink: true, target: 'link:eu-west:127.0.0.1:7443' }))], 'policy'))
    }
    exporter.export(write([serverSpan(99, { threshold: 'c', status: 503, outcome: 'server-error' })], 'error'))
    await exporter.close(5000)
    const { rows, last } = await end()
    expect(exporter.counts).toMatchObject({ queued: 0, sent: count * 4 + 1, shed: 0, failed: 0 })
    expect(rows.length).toBe(count * 4 + 1)
    const sender = last.senders['edge/frankfurt']
    expect(sender.spans).toBe(count * 4 + 1)
    expect(sender.requests).toBeGreaterThan(1)
    expect(exporter.counts.sentBytes).toBeGreaterThan(sender.bytes)
    const first = rows.find(({ traceId, kind }) => traceId === hex(1, 32) && kind === 'server')
    expect(first).toEqual({
      traceId: hex(1, 32), spanId: hex(1, 16), parentSpanId: '', process: 'edge/frankfurt', kind: 'server', name: 'GET shop/catalog/0', startUs: first!.startUs,
      durationUs: 1500, requestId: 'r-1', route: 'shop/catalog/0', service: 'shop/catalog:8080', region: 'eu-west', target: '', status: 200, attempt: 0,
      outcome: 'ok', kept: 'policy', adjustedCount: 4,
    })
    // One clock on both ends, each aligned with wall time by itself.
    expect(Math.abs(first!.startUs - 10)).toBeLessThan(1e6)
    expect(rows.filter(({ traceId, kind }) => traceId === hex(7, 32) && kind === 'client').map(({ attempt, target: to }) => [attempt, to]).sort())
      .toEqual([[0, 'link:eu-west:127.0.0.1:7443'], [1, 'link:eu-west:127.0.0.1:7443'], [2, 'link:eu-west:127.0.0.1:7443']])
    expect(rows.find(({ kept }) => kept === 'error')).toMatchObject({ requestId: 'r-99', adjustedCount: 0 })
  })

  it.each(['refuses', 'hangs'])('a collector that %s costs spans, which are counted, and is told', async (how) => {
    const port = how === 'hangs' ? await serve(createServer()) : (await freePorts(1))[0]
    const changes: (string | null)[] = []
    const settled = Promise.withResolvers<void>()
    const exporter = gatewayExporter({ protocol, host: '127.0.0.1', port }, {
      timeoutMs: 100, mostSpans: 4, changed: (problem) => {
        changes.push(problem)
        settled.resolve()
      },
    })
    const write = batchWriter()
    const taken = Array.from({ length: 6 }, (_, number) => exporter.export(write([serverSpan(number + 1)])))
    expect(taken).toEqual([true, true, true, true, false, false])
    await settled.promise
    await exporter.close(5000)
    const { sent, failed, shed, queued } = exporter.counts
    expect({ sent, queued, lost: failed + shed }).toEqual({ sent: 0, queued: 0, lost: 6 })
    expect(failed).toBeGreaterThan(0)
    expect(changes).toEqual([expect.stringContaining(`127.0.0.1:${port}`)])
  })
})

it.each([429, 503])('an answer of %i is counted as failed when it stays', async (status) => {
  let requests = 0
  const server = createHttpServer((request, response) => {
    requests++
    request.resume().on('end', () => response.writeHead(status, { 'retry-after': '0' }).end())
  })
  const exporter = gatewayExporter({ protocol: 'http/protobuf', host: '127.0.0.1', port: await serve(server) }, { timeoutMs: 500 })
  exporter.export(batchWriter()([serverSpan(1)]))
  await exporter.close(10_000)
  expect(exporter.counts).toMatchObject({ sent: 0, failed: 1, queued: 0 })
  expect(requests).toBeGreaterThan(0)
})

describe('what is no OTLP', () => {
  const spans = async (): Promise<Uint8Array> => {
    const exporter = new InMemorySpanExporter()
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
    provider.getTracer('test').startSpan('one').end()
    return ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans())!
  }
  const post = (port: number, body: Uint8Array, headers: Record<string, string> = {}, path = '/v1/traces'): Promise<number> =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: Buffer.from(body), headers: { 'content-type': 'application/x-protobuf', ...headers } }).then(({ status }) => status)

  it('is refused with a code over HTTP and counted, and what follows is taken', async () => {
    const { bootstrap: { http: { port } }, end } = await collector()
    const good = await spans()
    const nothing = Buffer.alloc(17 * 1024 * 1024)
    expect(await post(port, good.subarray(0, good.length - 3))).toBe(400)
    expect(await post(port, good, { 'content-encoding': 'gzip' })).toBe(400)
    expect(await post(port, good, { 'content-type': 'application/json' })).toBe(415)
    expect(await post(port, good, { 'content-encoding': 'br' })).toBe(415)
    expect(await post(port, good, {}, '/v1/metrics')).toBe(404)
    expect(await post(port, gzipSync(nothing), { 'content-encoding': 'gzip' })).toBe(413)
    expect(await post(port, gzipSync(good), { 'content-encoding': 'gzip' })).toBe(200)
    expect(await post(port, good)).toBe(200)
    const { rows, last } = await end()
    expect([rows.length, last.refused]).toEqual([2, 6])
  })

  it('is refused with a status over gRPC', async () => {
    const { bootstrap: { grpc: { port } }, end } = await collector()
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
    const session = connect(`http://127.0.0.1:${port}`)
    undo.push(() => session.destroy())
    const call = (body: Uint8Array, to = path): Promise<string> => new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': to, 'content-type': 'application/grpc', te: 'trailers' })
      stream.on('response', (headers) => { if (headers['grpc-status'] !== undefined) resolve(String(headers['grpc-status'])) })
      stream.on('trailers', (trailers) => resolve(String(trailers['grpc-status'])))
      stream.on('error', reject).resume().end(body)
    })
    const framed = (body: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, body.length >> 8, body.length & 255]), body])
    const good = await spans()
    expect(await call(good)).toBe('3')
    expect(await call(framed(good.subarray(0, good.length - 3)))).toBe('3')
    expect(await call(framed(good), '/other/Call')).toBe('12')
    expect(await call(framed(good))).toBe('0')
    expect(await end()).toMatchObject({ rows: [{ name: 'one', kind: 'internal' }], last: { refused: 3 } })
  })
})

async function serve(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket))
  undo.push(() => {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  })
  return (server.address() as AddressInfo).port
}
