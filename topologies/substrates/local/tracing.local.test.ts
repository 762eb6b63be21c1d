// A traced run on this machine, whole: spans of gateways and services are in the history, those of the last requests too; its
// collector's outage costs no request; and nothing of it is left.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { clientTrace } from '../../client-trace.ts'
import { gatewayConfig } from '../../gateway-config.ts'
import type { SpanRow } from '../../history.ts'
import { loadTopology } from '../../load.ts'
import type { ConfigDocument, Deployment, TracingOptions } from '../../substrate.ts'
import { Recording, streamOf } from '../../substrate-tour.case.ts'
import { findTool } from '../../tools/index.ts'
import { cleanUp, scratch } from '../sockets/child.case.ts'
import { claims } from '../sockets/ownership.ts'
import { localSubstrate } from './local.ts'

afterAll(() => {
  cleanUp()
  expect(claims().filter(({ owner }) => owner.pid === process.pid)).toEqual([])
})

class TracedRecording extends Recording {
  readonly spans: SpanRow[] = []
  span(row: SpanRow): void { this.spans.push({ ...row }) }
}

const alwaysOn = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'SamplingPolicy', metadata: { name: 'all', namespace: 'shop' },
  spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }], sampler: { alwaysOn: {} } },
} as ConfigDocument

async function played(tracing: Partial<TracingOptions>, forUs: number, declare: (deployment: Deployment) => void = () => {}) {
  const record = new TracedRecording()
  const runDir = scratch()
  const topology = await loadTopology('three-regions')
  const deployment = await localSubstrate.start({
    topology, config: [...await gatewayConfig(topology), alwaysOn], seed: 1, runDir, history: record, signal: new AbortController().signal,
    tools: { allowEmbedded: true, allowInstall: false }, progress: () => {},
    options: { gateway: 'reference', collectGarbageEveryMs: 0, tracing: { collector: 'embedded', protocol: 'http/protobuf', clients: true, services: true, ...tracing } },
  })
  try {
    deployment.drive({ name: 'load', source: 'load', engine: 'open-loop', fromUs: 0, toUs: forUs, streams: [streamOf('europe', { traced: true, ratePerSecond: 20, timeoutMs: 5000 })] })
    declare(deployment)
    await deployment.run(forUs, new AbortController().signal)
  } finally {
    await deployment[Symbol.asyncDispose]()
  }
  return { record, deployment, runDir }
}

const ways = [['embedded', 'http/protobuf'], ['embedded', 'grpc'], ['opentelemetry-collector', 'grpc']] as const

for (const [collector, protocol] of ways) test(`over ${protocol} to ${collector} the spans of every request are in the history, each with its parent`, async ({ skip }) => {
  const tool = collector === 'embedded' ? null : await findTool(collector, { allowInstall: false })
  if (tool !== null && 'reason' in tool) return skip(tool.reason)
  const { record, deployment, runDir } = await played({ collector, protocol }, 2_000_000)
  expect(deployment.inventory.tools[collector === 'embedded' ? 'collector' : collector]).toMatchObject(collector === 'embedded' ? { origin: 'embedded' } : { version: tool?.version })
  const byTrace = Map.groupBy(record.spans, ({ traceId }) => traceId)
  expect(record.rows.length).toBeGreaterThan(20)
  for (const { id, outcome, attempts, region } of record.rows) {
    expect([id, outcome]).toEqual([id, 'ok'])
    const client = clientTrace(id)
    const spans = byTrace.get(client.traceId) ?? []
    // A machine that is short of time may hedge.
    if (attempts === 1) {
      expect([id, spans.map(({ process, kind }) => `${process} ${kind}`).sort()]).toEqual([id, [
        'edge/frankfurt client', 'edge/frankfurt server', `gateway/${region} client`, `gateway/${region} server`, `services/${region} server`,
      ]])
    }
    const known = new Set([client.spanId, ...spans.map(({ spanId }) => spanId)])
    expect(spans.filter(({ parentSpanId }) => !known.has(parentSpanId))).toEqual([])
    expect(spans.every(({ requestId, startUs }) => requestId === id && startUs >= 0)).toBe(true)
  }
  const last = record.events.findLast((event) => event.kind === 'collector')
  const counted = last?.kind === 'collector' ? Object.values(last.senders).reduce((sum, { spans }) => sum + spans, 0) : 0
  expect(counted).toBeGreaterThanOrEqual(record.spans.length)
  expect(existsSync(join(runDir, 'work'))).toBe(false)
}, 60_000)

test('the collector may refuse and hang: no request fails, and what is traced afterwards is whole', async () => {
  const endUs = 7_000_000
  const { record } = await played({}, endUs, (deployment) => {
    const outage = (fault: string, mode: 'refuse' | 'hang', fromUs: number, toUs: number): void => {
      const step = { fault, index: 0, primitive: { kind: 'collector', mode } } as const
      deployment.at(fromUs, { kind: 'apply', ...step })
      deployment.at(toUs, { kind: 'heal', ...step })
    }
    outage('refuses', 'refuse', 500_000, 2_000_000)
    outage('hangs', 'hang', 2_500_000, 4_000_000)
  })
  expect(record.rows.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
  expect(record.events.flatMap((event) => (event.kind === 'process' && event.process === 'collector' ? [event.state] : [])))
    .toEqual(['started', 'ready', 'exited', 'started', 'ready', 'paused', 'resumed'])
  expect(record.told('fault-healed', 'hangs')).toBeLessThan(endUs)
  const late = record.rows.filter(({ startUs, attempts }) => startUs > 6_000_000 && attempts === 1).map(({ id }) => clientTrace(id).traceId)
  expect(late.length).toBeGreaterThan(0)
  for (const traceId of late) expect(record.spans.filter((span) => span.traceId === traceId).length).toBe(5)
}, 60_000)
