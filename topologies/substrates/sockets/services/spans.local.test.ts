// What services tell of traced requests: a real OpenTelemetry SDK on their side, the run's own collector on the other.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import type { OtlpTarget } from '../../../../gateway/telemetry/export/exporter.ts'
import type { SpanRow } from '../../../history.ts'
import { clientTrace } from '../../../client-trace.ts'
import { parseSpansLine } from '../collector/lines.ts'
import { freePorts, isReady, startChild, type TestChild } from '../generator/child.case.ts'
import type { EchoEndpoint, ServicesBootstrap } from './bootstrap.ts'

const host = '127.0.0.1'
const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

interface Services { child: TestChild; bootstrap: ServicesBootstrap }

async function services(tracing: OtlpTarget): Promise<Services> {
  const [control, shop, pay, old] = await freePorts(4)
  const calm = { replica: 0, latencyMs: 0, jitterMs: 0, distribution: 'uniform' as const, concurrency: null, bytes: 10, errorRate: 0 }
  const endpoints: EchoEndpoint[] = [
    { service: 'shop/cart:80', port: shop, ...calm },
    { service: 'shop/pay:80', port: pay, ...calm, errorRate: 1, latencyMs: 30 },
    { service: 'shop/old:80', port: old, ...calm, trace: 'drop' },
  ]
  const bootstrap = { region: 'eu-west', seed: 7, token: 'secret', control: { host, port: control }, endpoints, tracing }
  const child = startChild(join(import.meta.dirname, 'main.ts'), bootstrap)
  undo.push(() => child.stop())
  await child.line(isReady)
  return { child, bootstrap }
}

/** Asks one service; `flags` null = without context. */
async function ask({ bootstrap }: Services, at: number, id: string, flags: string | null): Promise<number> {
  const { traceId, spanId } = clientTrace(id)
  const context = flags === null ? {} : { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: 'ot=th:c' }
  const { statusCode, body } = await request(`http://${host}:${bootstrap.endpoints[at].port}/items/1?q=2`, { headers: { 'x-request-id': id, ...context } })
  await body.dump()
  return statusCode
}

describe.each(['http/protobuf', 'grpc'] as const)('over %s', (protocol) => {
  async function collected(play: (running: Services) => Promise<void>): Promise<SpanRow[]> {
    const [http, grpc] = (await freePorts(2)).map((port) => ({ host, port }))
    const collector = startChild(join(import.meta.dirname, '../collector/main.ts'), { http, grpc })
    undo.push(() => collector.stop())
    await collector.line(isReady)
    const running = await services({ protocol, ...(protocol === 'grpc' ? grpc : http) })
    await play(running)
    // What waits is flushed at the end of the services.
    expect(await running.child.stop()).toBe(0)
    await collector.stop()
    return collector.lines.flatMap((line) => parseSpansLine(line) ?? [])
  }

  it('a sampled request gives a span below its caller\'s, others give none', async () => {
    const rows = await collected(async (running) => {
      expect(await ask(running, 0, 'kept', '03')).toBe(200)
      expect(await ask(running, 1, 'failed', '01')).toBe(500)
      await ask(running, 0, 'unsampled', '02')
      await ask(running, 0, 'without', null)
    })
    const common = { process: 'services/eu-west', kind: 'server', name: 'GET', region: 'eu-west', target: '', kept: '', adjustedCount: 4 }
    expect(rows.sort((a, b) => a.status - b.status)).toEqual([
      expect.objectContaining({ ...common, traceId: clientTrace('kept').traceId, parentSpanId: clientTrace('kept').spanId, requestId: 'kept', service: 'shop/cart:80', status: 200 }),
      expect.objectContaining({ ...common, traceId: clientTrace('failed').traceId, parentSpanId: clientTrace('failed').spanId, requestId: 'failed', service: 'shop/pay:80', status: 500 }),
    ])
    // The service takes 30 ms; a timer never fires more than a tick early.
    expect(rows[1].durationUs).toBeGreaterThan(28_000)
  })

  it('a service that drops context begins a trace of its own', async () => {
    const rows = await collected(async (running) => {
      await ask(running, 2, 'lost', '03')
    })
    expect(rows).toMatchObject([{ requestId: 'lost', service: 'shop/old:80', parentSpanId: '', adjustedCount: 1 }])
    expect(rows[0].traceId).not.toBe(clientTrace('lost').traceId)
  })
})

describe('without a collector that takes them', () => {
  async function told(tracing: OtlpTarget): Promise<string> {
    const running = await services(tracing)
    for (let number = 0; number < 20; number++) expect(await ask(running, 0, `request-${number}`, '03')).toBe(200)
    expect(await running.child.stop()).toBe(0)
    return running.child.lines.join('\n')
  }

  it('requests are answered, and the end tells what was lost, when nobody listens', async () => {
    const [port] = await freePorts(1)
    expect(await told({ protocol: 'http/protobuf', host, port })).toContain('the collector took 0 of 20 spans')
  })

  it('requests are answered, and the end tells what was lost, when it hangs', async () => {
    const silent: Server = createServer(() => {})
    undo.push(() => { silent.close(); silent.closeAllConnections() })
    await new Promise<void>((resolve) => silent.listen(0, host, resolve))
    expect(await told({ protocol: 'http/protobuf', host, port: (silent.address() as AddressInfo).port })).toContain('the collector took 0 of 20 spans')
  })
})
