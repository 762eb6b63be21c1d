// Tracing without sockets: what is decided at the head, what is kept after the fact, and that nothing kept goes missing.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../runtime.ts'
import type { RouteSampling } from '../../snapshot/snapshot.ts'
import type { KeptSpan, SpanExporter } from '../export/exporter.ts'
import type { GatewayEvent } from '../../ports.ts'
import { thresholdRange, type SamplingCore } from '../sampling/index.ts'
import { createSpanDecoder } from './codec.ts'
import { createTracing } from './open-tracing.ts'
import type { EndedAttempt, EndedRequest, Tracing } from './tracing.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const client = '00f067aa0ba902b7'
const settings: RouteSampling = {
  policy: 'default/p', tenant: 'default', sampler: { kind: 'always-off' }, anomaly: null, honourClients: false,
  retroactive: { keep: ['error', 'slow', 'failover', 'shed'], slowMs: 100 },
}

/** Thresholds that a test sets, and what the core was told. */
function fixedCore(threshold: number, calm = threshold): SamplingCore & { learned: unknown[][] } {
  const learned: unknown[][] = []
  return {
    learned, key: () => 7, keep() {}, head: () => threshold, calm: () => calm, tick() {}, changes: [], rates: () => [],
    finished: (...told) => void learned.push(told),
  }
}

function bed(core: SamplingCore, ringBytes = 65_536) {
  const spans: KeptSpan[] = []
  const events: GatewayEvent[] = []
  const decoder = createSpanDecoder()
  const exporter: SpanExporter = {
    counts: { queued: 0, sent: 0, sentBytes: 0, shed: 0, failed: 0 },
    export(batch) {
      spans.push(...decoder.decode(batch))
      return true
    },
    close: async () => {},
  }
  const tracing = createTracing({ sampling: core, exporter, random: seededRandom(1), ringBytes, tell: (event) => events.push(event) })
  return { tracing, spans, events }
}

function begin(tracing: Tracing, traceparent: string | null, { fromPeer = false, sampling = settings, startUs = 0 } = {}) {
  const fields = new Map(traceparent === null ? [] : [['traceparent', traceparent]])
  return tracing.begin({ fields, fromPeer, requestId: 'r', method: 'GET', path: '/', host: 'h', startUs }, tracing.route('default/a/0', 'http1', sampling))
}

const ok: EndedRequest = { service: 's', region: 'here', status: 200, outcome: 'ok', attempts: 1, decisionNs: 1 }
const attempt: EndedAttempt = { service: 's', target: 't', region: 'here', isLink: false, attempt: 0, reason: 'first', status: 200, outcome: 'ok', startUs: 0 }
const fromClient = `00-${traceId}-${client}-02`

describe('the head', () => {
  it.each([
    [0, 0, false, '02', true, 'policy'],
    [thresholdRange, thresholdRange, false, '02', false, null],
    // Kept only because the threshold was lowered below what it is without an anomaly.
    [0, thresholdRange, false, '02', true, 'anomaly'],
    // A client's flag counts where the policy says so, and never takes away.
    [thresholdRange, thresholdRange, false, '03', false, null],
    [thresholdRange, thresholdRange, true, '03', true, 'policy'],
    [0, 0, true, '02', true, 'policy'],
  ])('threshold %d, calm %d, honoured %s, flags %s: sampled %s, kept for %s', (threshold, calm, honourClients, flags, sampled, kept) => {
    const { tracing } = bed(fixedCore(threshold, calm))
    const trace = begin(tracing, `00-${traceId}-${client}-${flags}`, { sampling: { ...settings, honourClients } })
    expect([trace.sampled, trace.end(ok, 1), trace.traceId]).toEqual([sampled, kept, traceId])
    const fields: string[] = []
    trace.attempt().addFields(fields)
    expect(fields[1]).toMatch(sampled ? /-03$/ : /-02$/)
  })

  it('is believed when another gateway decided it, and then nothing is learned from the request', () => {
    const core = fixedCore(thresholdRange)
    const { tracing } = bed(core)
    expect(begin(tracing, fromClient.replace('-02', '-03'), { fromPeer: true }).end(ok, 1)).toBe('policy')
    expect(core.learned).toEqual([])
    expect(begin(tracing, fromClient).end(ok, 1)).toBeNull()
    expect(core.learned).toEqual([[7, 1, 1, false, 1]])
  })
})

describe('what is kept after the fact', () => {
  it.each([
    ['an error', { status: 502, outcome: 'upstream-failed' as const }, 1, 'error'],
    ['a request that was sent again', { attempts: 2 }, 1, 'failover'],
    ['a slow one', {}, 100_001, 'slow'],
    ['one that was shed', { status: 503, outcome: 'capacity' as const }, 1, 'shed'],
    ['one that was fast and well', {}, 100_000, null],
  ])('%s', (_, ended, nowUs, reason) => {
    const { tracing, spans } = bed(fixedCore(thresholdRange))
    const trace = begin(tracing, fromClient)
    trace.attempt().end(attempt, nowUs)
    expect(trace.end({ ...ok, ...ended }, nowUs)).toBe(reason)
    tracing.tick(6e6)
    expect(spans.map(({ kept, kind }) => [kept, kind]).sort()).toEqual(reason === null ? [] : [[reason, 'client'], [reason, 'server']])
  })

  it('is kept once, however often it is told, and attempts that end later are kept too', () => {
    const { tracing, spans } = bed(fixedCore(thresholdRange))
    const trace = begin(tracing, fromClient)
    const [first, late] = [trace.attempt(), trace.attempt()]
    first.end(attempt, 1)
    tracing.promote([{ traceId, reason: 'error' }, { traceId, reason: 'slow' }], 2)
    expect(trace.end(ok, 3)).toBe('error')
    late.end({ ...attempt, attempt: 1 }, 4)
    tracing.promote([{ traceId, reason: 'failover' }], 5)
    // The same trace comes again, as a retry of another gateway does.
    expect(begin(tracing, fromClient, { fromPeer: true }).end(ok, 6)).toBe('error')
    tracing.tick(6e6)
    expect(spans.length).toBe(4)
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4)
    expect(tracing.counts).toMatchObject({ promoted: { error: 1, slow: 0, failover: 0, shed: 0 }, recorded: 4, kept: 4, lostToRing: 0 })
  })

  it('is forgotten after a while, and then waits in the ring like any other', () => {
    const { tracing, spans } = bed(fixedCore(thresholdRange))
    tracing.promote([{ traceId, reason: 'error' }], 0)
    tracing.tick(11e6)
    expect(begin(tracing, fromClient, { startUs: 11e6 }).end(ok, 11e6)).toBeNull()
    tracing.tick(12e6)
    expect(spans).toEqual([])
  })

  it('counts spans that were gone from the ring when their trace was promoted', () => {
    const { tracing, spans } = bed(fixedCore(thresholdRange), 16_384)
    const trace = begin(tracing, fromClient)
    trace.attempt().end(attempt, 1)
    for (let index = 0; index < 200; index++) begin(tracing, null).end(ok, 1)
    expect(trace.end({ ...ok, status: 500, outcome: 'server-error' }, 2)).toBe('error')
    tracing.tick(6e6)
    expect(spans.map(({ kind }) => kind)).toEqual(['server'])
    expect(tracing.counts.lostToRing).toBe(1)
    // Told of a trace whose spans are long gone: nothing comes, and after a while that is known.
    tracing.promote([{ traceId: 'f'.repeat(32), reason: 'error' }], 1e6)
    tracing.tick(20e6)
    expect(tracing.counts.lostToRing).toBe(2)
  })

  it('is nothing where spans of unsampled requests are not recorded', () => {
    const core = fixedCore(thresholdRange)
    const { tracing, spans } = bed(core)
    const trace = begin(tracing, fromClient, { sampling: { ...settings, retroactive: null } })
    trace.attempt().end(attempt, 1)
    expect(trace.end({ ...ok, status: 500, outcome: 'server-error' }, 2)).toBeNull()
    tracing.tick(6e6)
    expect([spans, tracing.counts.recorded, core.learned]).toEqual([[], 0, [[7, 0, 2, true, 2]]])
  })

  it('is known when the head of an answer goes out, so that whoever asked over a link can be told', () => {
    const { tracing } = bed(fixedCore(thresholdRange))
    const asked = (status: number, attempts: number, nowUs: number) => begin(tracing, null, { fromPeer: true }).answering(status, 'ok', attempts, nowUs)
    expect([asked(200, 1, 1), asked(500, 1, 1), asked(200, 2, 1), asked(200, 1, 1e6)]).toEqual([null, 'error', 'failover', 'slow'])
    const sampled = begin(tracing, `00-${traceId}-${client}-03`, { fromPeer: true })
    expect(sampled.answering(500, 'ok', 1, 1)).toBeNull()
  })
})

it('spans reach the exporter by themselves, and the rest when tracing ends', async () => {
  const { tracing, spans, events } = bed(fixedCore(0))
  begin(tracing, fromClient).end(ok, 1)
  tracing.tick(4_900_000)
  expect(spans.length).toBe(0)
  tracing.tick(5_000_001)
  expect(spans.length).toBe(1)
  // What was gathered before a change of configuration goes soon after it.
  begin(tracing, null).end(ok, 6_000_000)
  tracing.keep([])
  tracing.tick(6_400_000)
  expect(spans.length).toBe(1)
  tracing.tick(6_500_000)
  expect(spans.length).toBe(2)
  for (let index = 0; index < 999; index++) begin(tracing, null).end(ok, 7_000_000)
  expect(spans.length).toBeGreaterThan(500)
  await tracing.close(10)
  expect([spans.length, tracing.counts.kept, tracing.takeSampledSpans().get('default/p')]).toEqual([1001, 1001, 1001])
  expect(events.filter(({ kind }) => kind === 'tracing').length).toBe(2)
})
