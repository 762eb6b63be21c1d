// Traces through real gateways: whole when sampled, kept after the fact on both sides of a link when something went wrong,
// and not there at all where no policy asks for them.

import { afterEach, describe, expect, it } from 'vitest'
import type { RouteSampling, Snapshot, SnapshotAddress } from '../snapshot/snapshot.ts'
import type { KeptSpan } from '../telemetry/export/exporter.ts'
import {
  ask, closeAll, edgeSnapshot, gatewayWith, refusingAddress, regionSnapshot, routeTo, serviceWith, settle, socketsWith, tracingGateway, type Bed, type Parsed,
} from './testbed.case.ts'

afterEach(closeAll)

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const client = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${client}-02`

const everything: RouteSampling = {
  policy: 'default/all', tenant: 'default', sampler: { kind: 'always-on' }, retroactive: null, anomaly: null, honourClients: false,
}
/** Nothing is sampled, everything that went wrong is kept. */
const afterTheFact: RouteSampling = {
  ...everything, sampler: { kind: 'always-off' }, retroactive: { keep: ['error', 'slow', 'failover', 'shed'], slowMs: 2000 },
}

const traced = (sampling: RouteSampling): Pick<Snapshot, 'routes'> => ({ routes: [routeTo({ sampling })] })

/** What the service was asked with, beside its answer. */
async function service(status = 200): Promise<{ at: SnapshotAddress; asked: Record<string, unknown>[] }> {
  const asked: Record<string, unknown>[] = []
  const at = await serviceWith((request, response) => {
    asked.push(request.headers)
    response.statusCode = status
    response.end('hello')
  })
  return { at, asked }
}

async function region(name: string, endpoints: SnapshotAddress[], sampling: RouteSampling): Promise<Bed & { spans: KeptSpan[] }> {
  return tracingGateway(regionSnapshot(endpoints, {
    gateway: { name: `${name}-gateway`, role: 'region', region: name }, regions: [{ name, jurisdiction: 'eu', rttMs: 0, links: [] }], ...traced(sampling),
  }))
}

const link = (gateway: Bed): SnapshotAddress => gateway.addresses.eastWest!

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 250 && !holds(); tries++) await settle(20)
  expect(holds()).toBe(true)
}

/** Each span's parent is another span, or the client's. */
function expectWhole(spans: readonly KeptSpan[]): void {
  const known = new Set([client, ...spans.map(({ spanId }) => spanId)])
  expect(known.size).toBe(spans.length + 1)
  for (const span of spans) expect([span.traceId, known.has(span.parentSpanId)]).toEqual([traceId, true])
}

const said = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'date' && name !== 'server-timing'))

describe('a sampled request', () => {
  it('has a span for each gateway and each attempt, one the child of the other, and its service continues the trace', async () => {
    const { at, asked } = await service()
    const near = await region('near', [at], everything)
    const edge = await tracingGateway(edgeSnapshot({ near: link(near) }, traced(everything)))
    const { headers } = await ask(edge.addresses.ingress, '/cart?q=1', { traceparent, tracestate: 'vendor=1', baggage: 'user=2', 'x-request-id': 'one' })
    expect(headers).toMatchObject({ 'x-regatta-trace': `${traceId}-03` })
    await until(() => edge.spans.length === 2 && near.spans.length === 2)
    expectWhole([...edge.spans, ...near.spans])
    const [[edgeServer], [edgeClient]] = [edge.spans.filter(({ kind }) => kind === 'server'), edge.spans.filter(({ kind }) => kind === 'client')]
    const [[nearServer], [nearClient]] = [near.spans.filter(({ kind }) => kind === 'server'), near.spans.filter(({ kind }) => kind === 'client')]
    expect([edgeServer, edgeClient, nearServer, nearClient].map(({ parentSpanId }) => parentSpanId))
      .toEqual([client, edgeServer.spanId, edgeClient.spanId, nearServer.spanId])
    expect(edgeServer).toMatchObject({
      kept: 'policy', path: '/cart', host: 'echo.test', method: 'GET', route: 'default/echo/0', service: 'default/echo:80', region: 'near', status: 200,
      outcome: 'ok', attempts: 1, requestId: 'one', protocol: 'http1', fromPeer: false, threshold: '0', flags: 3,
    })
    expect(edgeClient).toMatchObject({ isLink: true, region: 'near', attempt: 0, reason: 'first', outcome: 'ok' })
    expect(nearServer).toMatchObject({ fromPeer: true, requestId: 'one', threshold: '0' })
    expect(nearClient).toMatchObject({ isLink: false, status: 200 })
    expect(asked[0]).toMatchObject({ traceparent: `00-${traceId}-${nearClient.spanId}-03`, tracestate: 'ot=th:0,vendor=1', baggage: 'user=2' })
    expect(edge.telemetry!.tracing.counts).toMatchObject({ requests: 1, sampled: 1, recorded: 2, kept: 2, overwritten: 0, untold: 0 })
  })

  it('begins a trace when no context came, and restarts one whose context is hostile', async () => {
    const { at, asked } = await service()
    const gateway = await tracingGateway(regionSnapshot([at], traced(everything)))
    await ask(gateway.addresses.ingress)
    await ask(gateway.addresses.ingress, '/', { traceparent: `00-${traceId}-${client}-zz`, tracestate: 'vendor=1' })
    await ask(gateway.addresses.ingress, '/', { traceparent: `00-${'0'.repeat(32)}-${client}-01` })
    await ask(gateway.addresses.ingress, '/', { b3: `${traceId}-${client}-0`, 'x-b3-traceid': 'f'.repeat(32) })
    await until(() => gateway.spans.length === 8)
    const servers = gateway.spans.filter((span) => span.kind === 'server')
    expect(servers.map(({ parentSpanId, contextProblem }) => [parentSpanId, contextProblem]))
      .toEqual([['', ''], ['', 'traceparent-malformed'], ['', 'traceparent-malformed'], [client, '']])
    expect(servers.map((span) => span.traceId === traceId)).toEqual([false, false, false, true])
    expect(new Set(servers.map((span) => span.traceId)).size).toBe(4)
    expect(asked.map((headers) => [headers.tracestate, headers.b3, headers['x-b3-traceid']])).toEqual(asked.map(() => ['ot=th:0', undefined, undefined]))
    expect(gateway.telemetry!.tracing.counts.restarted).toBe(2)
  })

  it('has spans when the gateway itself answers: redirects, refusals, residency', async () => {
    const gateway = await tracingGateway(regionSnapshot([await refusingAddress()], {
      routes: [
        routeTo({ id: 'default/moved/0', hostnames: ['moved.test'], sampling: everything, filters: [
          { type: 'RequestRedirect', scheme: 'https', hostname: null, port: null, path: null, statusCode: 301 }] }),
        routeTo({ id: 'default/home/0', hostnames: ['home.test'], sampling: everything, residency: { allowed: [], reason: 'none' } }),
        routeTo({ id: 'default/none/0', hostnames: ['none.test'], sampling: everything, backends: [] }),
        routeTo({ sampling: everything }),
      ],
    }))
    const hosts = ['moved.test', 'home.test', 'none.test', 'echo.test']
    const statuses: number[] = []
    for (const host of hosts) statuses.push((await ask(gateway.addresses.ingress, '/', { host })).status)
    expect(statuses.slice(0, 3)).toEqual([301, 503, 500])
    await until(() => gateway.spans.filter(({ kind }) => kind === 'server').length === 4)
    const servers = gateway.spans.filter((span) => span.kind === 'server')
    expect(servers.map(({ route, status }) => [route, status])).toEqual(
      ['default/moved/0', 'default/home/0', 'default/none/0', 'default/echo/0'].map((route, index) => [route, statuses[index]]))
    expect(servers.map(({ outcome }) => outcome).slice(0, 3)).toEqual(['ok', 'residency', 'server-error'])
    expect(gateway.spans.some((span) => span.kind === 'client' && span.outcome === 'refused')).toBe(true)
  })
})

describe('a request that is not sampled', () => {
  it('is kept whole on both sides of a link when the service fails', async () => {
    const { at, asked } = await service(500)
    const near = await region('near', [at], afterTheFact)
    const edge = await tracingGateway(edgeSnapshot({ near: link(near) }, traced(afterTheFact)))
    const { headers } = await ask(edge.addresses.ingress, '/', { traceparent }, 'POST', 'body')
    expect(headers['x-regatta-trace']).toBe(`${traceId}-02`)
    expect(headers['x-regatta-keep']).toBeUndefined()
    await until(() => edge.spans.length === 2 && near.spans.length === 2)
    expectWhole([...edge.spans, ...near.spans])
    expect([...edge.spans, ...near.spans].map(({ kept, flags }) => [kept, flags])).toEqual(Array.from({ length: 4 }, () => ['error', 2]))
    expect(asked[0].traceparent).toMatch(/-02$/)
    for (const { tracing } of [edge.telemetry!, near.telemetry!]) {
      expect(tracing.counts).toMatchObject({ sampled: 0, promoted: { error: 1, failover: 0, slow: 0, shed: 0 }, lostToRing: 0, untold: 0 })
    }
  })

  it('is kept on every side when it was sent again elsewhere: the entry gateway tells those that had a part in it', async () => {
    const { at } = await service()
    // Takes connections and says nothing: what is out there is hedged to the far region, which answers.
    const silent = await socketsWith(() => {})
    const near = await region('near', [silent], afterTheFact)
    const far = await region('far', [at], afterTheFact)
    const edge = await tracingGateway(edgeSnapshot({ near: link(near), far: link(far) }, traced(afterTheFact)))
    const answers = await Promise.all(Array.from({ length: 8 }, async (_, index) => {
      await settle(10 * index)
      return ask(edge.addresses.ingress, '/', { traceparent: traceparent.replace('4bf92f35', `4bf92f3${index}`) })
    }))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const hedged = new Set(edge.attempts.filter(({ reason }) => reason !== 'first').map(({ requestId }) => requestId))
    expect(hedged.size).toBeGreaterThan(0)
    const ofTrace = (bed: { spans: KeptSpan[] }): Set<string> => new Set(bed.spans.map((span) => span.traceId))
    await until(() => ofTrace(edge).size >= hedged.size && ofTrace(far).size >= hedged.size && ofTrace(near).size >= hedged.size)
    const all = [...edge.spans, ...near.spans, ...far.spans]
    for (const one of ofTrace(edge)) {
      const spans = all.filter((span) => span.traceId === one)
      const known = new Set([client, ...spans.map(({ spanId }) => spanId)])
      expect(spans.filter(({ parentSpanId }) => !known.has(parentSpanId))).toEqual([])
      expect(spans.filter(({ kind }) => kind === 'server').length).toBe(3)
    }
    const { promoted } = edge.telemetry!.tracing.counts
    expect(promoted.failover).toBeGreaterThan(0)
    expect(promoted.failover + promoted.error).toBe(ofTrace(edge).size)
    expect(edge.telemetry!.tracing.counts.untold).toBe(0)
  })

  it('is not kept when all went well; its spans wait in a ring that never grows', async () => {
    const { at } = await service()
    const ringBytes = 16_384
    const gateway = await tracingGateway(regionSnapshot([at], traced(afterTheFact)), { telemetry: { otlp: null, ringBytes } })
    for (let index = 0; index < 120; index++) expect((await ask(gateway.addresses.ingress, '/', { 'x-request-id': `r${index}` })).status).toBe(200)
    const { counts } = gateway.telemetry!.tracing
    expect(counts).toMatchObject({ requests: 120, recorded: 240, kept: 0, ringBytes })
    expect(counts.overwritten).toBeGreaterThan(100)
    await settle(300)
    expect(gateway.spans).toEqual([])
  })

  it('is kept when it was slow, here by its own clock', async () => {
    const at = await serviceWith((_, response) => void setTimeout(() => response.end('late'), 80))
    const gateway = await tracingGateway(regionSnapshot([at], traced({ ...afterTheFact, retroactive: { keep: ['slow'], slowMs: 50 } })))
    await ask(gateway.addresses.ingress, '/', { traceparent })
    await until(() => gateway.spans.length === 2)
    expectWhole(gateway.spans)
    expect(gateway.spans.map(({ kept }) => kept)).toEqual(['slow', 'slow'])
  })
})

describe('gateways that tell each other', () => {
  it('take notices on the east-west listener only, and refuse what they cannot read with a code', async () => {
    const { at } = await service()
    const near = await region('near', [at], afterTheFact)
    await ask(near.addresses.ingress, '/', { traceparent })
    const post = (to: SnapshotAddress, body: string, method = 'POST') => ask(to, '/.regatta/traces', {}, method, body)
    for (const body of ['nonsense\n', `${traceId} policy\n`, `${traceId.toUpperCase()} error\n`, `${traceId} error extra\n`]) {
      const { status, headers } = await post(link(near), body)
      expect([status, headers['x-regatta-reason']]).toEqual([400, 'RGT_TRACE_NOTICE'])
    }
    expect((await post(link(near), 'x'.repeat(70_000))).status).toBe(413)
    expect((await post(link(near), '', 'GET')).status).toBe(405)
    // Clients reach a service by that path, not the gateway.
    expect((await post(near.addresses.ingress, `${traceId} error\n`)).body).toBe('hello')
    expect(near.spans).toEqual([])
    expect((await post(link(near), `${traceId} error\n`)).status).toBe(204)
    await until(() => near.spans.filter((span) => span.traceId === traceId).length === 2)
    expect(near.spans[0].kept).toBe('error')
  })

  it('count what could not be told, and no request waits for it', async () => {
    const { at } = await service()
    const untraced = await gatewayWith(regionSnapshot([at], { gateway: { name: 'far-gateway', role: 'region', region: 'far' }, regions: [{ name: 'far', jurisdiction: 'eu', rttMs: 0, links: [] }] }))
    const edge = await tracingGateway(edgeSnapshot({ near: await refusingAddress(), far: link(untraced) }, traced(afterTheFact)))
    expect((await ask(edge.addresses.ingress, '/', { traceparent })).status).toBe(200)
    await until(() => edge.telemetry!.tracing.counts.untold === 1)
    await until(() => edge.spans.length === 3)
    expectWhole(edge.spans)
  })
})

describe('a route without a policy', () => {
  it('passes context on as it came, and answers the same octets whether telemetry is on or not', async () => {
    const { at, asked } = await service()
    const context = { traceparent: `00-${traceId}-${client}-zz`, tracestate: 'a=1,,b=2', baggage: ' odd , baggage', b3: '0', 'x-request-id': 'same' }
    const plain = await gatewayWith(regionSnapshot([at]))
    const telling = await tracingGateway(regionSnapshot([at]))
    const policyOnly = await gatewayWith(regionSnapshot([at], traced(everything)))
    const answers: Parsed[] = []
    for (const gateway of [plain, telling, policyOnly]) answers.push(await ask(gateway.addresses.ingress, '/', context))
    expect(answers.map(({ status, headers, body }) => [status, said(headers), body])).toEqual(answers.map(() => [200, said(answers[0].headers), 'hello']))
    for (const headers of asked) expect(headers).toEqual(asked[0])
    expect(asked[0]).toMatchObject({ traceparent: context.traceparent, tracestate: context.tracestate, b3: '0' })
    expect(telling.telemetry!.tracing.counts).toMatchObject({ requests: 0, recorded: 0 })
  })
})

describe('RED metrics', () => {
  it('count each request once, where it enters, with an exemplar of a trace that is kept', async () => {
    const { at } = await service()
    const near = await region('near', [at], everything)
    const edge = await tracingGateway(edgeSnapshot({ near: link(near) }, { routes: [routeTo({
      sampling: everything, metrics: [{ label: 'plan', from: { kind: 'request-header', name: 'x-plan' }, maxValues: 10 }],
    })] }))
    for (let index = 0; index < 3; index++) await ask(edge.addresses.ingress, '/', { traceparent, 'x-plan': 'gold' })
    await ask(edge.addresses.ingress, '/', { 'x-regatta-pin': 'near', 'x-regatta-token': 'wrong' })
    const { series, refusedClients } = edge.telemetry!.red.drain(1)
    const gold = series.find(({ labels }) => labels.plan === 'gold')!
    expect([gold.labels, gold.outcomes]).toEqual([{ route: 'default/echo/0', tenant: 'default', region: 'near', protocol: 'http1', plan: 'gold' }, { ok: 3 }])
    expect(gold.exemplars[0].traceId).toBe(traceId)
    expect(refusedClients).toEqual([{ client: '127.0.0.1', count: 1 }])
    expect(near.telemetry!.red.drain(1).series).toEqual([])
    const page = await edge.metricsText()
    expect(page).toContain('regatta_traced_requests_total{sampled="true"} 4')
    expect(page).toContain('regatta_spans_total{fate="kept"}')
  })
})
