// Verdicts on tracing: each check is seen to pass, to fail, and to be inconclusive; and a gap that a fault explains is told
// apart from one that nothing explains.

import { describe, expect, it } from 'vitest'
import type { Primitive } from '../topologies/primitives.ts'
import { checkOf, judgeFixture, times, type Fixture } from './judging.case.ts'
import { blocksFixture, edge, spansOf, tracedFixture, tracingEvent, variantNames } from './tracing.case.ts'
import { unmeasuredWithoutTraces, whyUntraced } from './tracing.ts'
import type { Check, VerdictValue } from './verdict.ts'
import { verdictSchema } from './verdict.schema.ts'

const s = 1_000_000
const judged = async (made: Fixture, expression: string, condition: string): Promise<Check> => {
  made.run.plan.scenario.thresholds = { [expression]: [condition] }
  return checkOf(await judgeFixture(made), expression)
}
const traced = async (expression: string, condition: string, change: (made: Fixture) => void = () => {}): Promise<Check> => {
  const made = tracedFixture()
  change(made)
  return judged(made, expression, condition)
}
const untold = (made: Fixture): void => { made.spans = [] }
const without = (made: Fixture, is: (span: NonNullable<Fixture['spans']>[number]) => boolean): void => { made.spans = made.spans!.filter((span) => !is(span)) }
const calm = 'load-europe-000100'
/** Sent while eu-west was dark, and served by us-east. */
const dark = 'load-europe-000400'

describe('whole and broken traces', () => {
  it.each<[string, string, string, VerdictValue, RegExp, ((made: Fixture) => void)?]>([
    ['all are whole', 'broken_traces', 'count==0', 'pass', /2,550 traces, 0 less than whole/],
    ['a far gateway answered and told nothing', 'broken_traces', 'count==0', 'fail', /answered by gateway\/eu-west, which tells nothing/,
      (made) => without(made, ({ requestId, process }) => requestId === calm && process !== edge)],
    ['a parent is missing', 'broken_traces', 'count==0', 'fail', /parent of a span of gateway\/eu-west is missing/,
      (made) => without(made, ({ requestId, process, kind }) => requestId === calm && process === edge && kind === 'client')],
    ['what lies in the region that was cut off is lost to the fault', 'broken_traces', 'count==0', 'pass', /1 less than whole because a fault/,
      (made) => {
        // Sent to eu-west and answered, a moment before it was cut off.
        const row = made.rows.find(({ id }) => id === 'load-europe-000299')!
        without(made, ({ requestId, process }) => requestId === row.id && process.endsWith('/eu-west'))
      }],
    ['nothing is on record', 'broken_traces', 'count==0', 'inconclusive', /no span/, untold],
    ['every hop is there', 'missing_hops', 'count==0', 'pass', /2,400 sampled requests, 0 with a hop lost/],
    ['a service began a trace of its own', 'missing_hops', 'count==0', 'fail', /services\/eu-west shop\/orders:80 began a trace of its own: 1 requests/,
      (made) => Object.assign(made.spans!.find(({ requestId, process }) => requestId === calm && process === 'services/eu-west')!, { traceId: 'f'.repeat(32), parentSpanId: '' })],
    ['a service tells nothing', 'missing_hops', 'count==0', 'fail', /services\/us-east shop\/orders:80 is not in the trace/,
      (made) => without(made, ({ requestId, process }) => requestId === dark && process === 'services/us-east')],
    ['the edge took no notice of the client', 'missing_hops', 'count==0', 'fail', /edge\/frankfurt began a trace of its own/,
      (made) => { for (const span of made.spans!) if (span.requestId === calm) span.traceId = 'e'.repeat(32) }],
    ['the edge tells nothing', 'missing_hops', 'count==0', 'fail', /edge\/frankfurt tells nothing of it/,
      (made) => without(made, ({ requestId }) => requestId === calm)],
    ['no request was sampled', 'missing_hops', 'count==0', 'inconclusive', /0 sampled requests/, (made) => { for (const row of made.rows) row.sampled = false }],
    ['services do not tell', 'missing_hops', 'count==0', 'pass', /2,400 sampled/, (made) => {
      made.run.plan.scenario.tracing!.services = false
      without(made, ({ process }) => process.startsWith('services/'))
    }],
  ])('%s: %s %s is %s', async (_why, expression, condition, verdict, evidence, change) => {
    const check = await traced(expression, condition, change)
    expect([check.verdict, check.evidence.join('\n')]).toEqual([verdict, expect.stringMatching(evidence)])
  })
})

describe('counts', () => {
  it.each<[string, string, string, VerdictValue, RegExp, ((made: Fixture) => void)?]>([
    ['nothing was shed', 'spans_shed', 'count==0', 'pass', /0 for want of room, 0 not taken/],
    ['some were, over a restart', 'spans_shed', 'count==7', 'pass', /3 for want of room, 4 not taken/,
      (made) => { made.events.push(tracingEvent(times.end + 1, 100, 1, 4), tracingEvent(times.end + 2, 50, 2, 0)) }],
    ['some were', 'spans_shed', 'count==0', 'fail', /edge\/frankfurt: 1 and 0/, (made) => { made.events.push(tracingEvent(times.end + 1, 99_999, 1)) }],
    ['nobody told', 'spans_shed', 'count==0', 'inconclusive', /no gateway told/, (made) => { made.events = made.events.filter(({ kind }) => kind !== 'tracing') }],
    ['each request weighs one', 'sampling_bias', 'value<0.01', 'pass', /2,400 sampled of 2,400/],
    ['one of four weighs four', 'sampling_bias', 'value<0.1', 'pass', /stand for 2,400/, (made) => sampledBy(made, 4, 4)],
    ['one of four weighs eight', 'sampling_bias', 'value<0.1', 'fail', /stand for 4,800/, (made) => sampledBy(made, 4, 8)],
    ['too few to tell', 'sampling_bias', 'value<0.1', 'inconclusive', /both sides/, (made) => sampledBy(made, 1200, 1250)],
    ['none by chance', 'sampling_bias', 'value<0.1', 'inconclusive', /none of 2,400/, (made) => sampledBy(made, 1, 0)],
    ['exact', 'red_metrics_error', 'value==0', 'pass', /1 entry gateways/],
    ['by gateway and route', 'red_metrics_error{gateway:frankfurt,route:orders}', 'value==0', 'pass', /1 series/],
    ['too many', 'red_metrics_error', 'value==0', 'fail', /edge\/frankfurt shop\/orders\/0: counted 3,[0-9]+, answered 3,[0-9]+ and at most/, (made) => counted(made, 300, 8)],
    ['too few', 'red_metrics_error', 'value==0', 'fail', /edge\/frankfurt shop\/orders\/0/, (made) => counted(made, -20, 3)],
    ['no gateway told', 'red_metrics_error', 'value==0', 'inconclusive', /no gateway told/, (made) => { made.events = made.events.filter(({ kind }) => kind !== 'red') }],
  ])('%s: %s %s is %s', async (_why, expression, condition, verdict, evidence, change) => {
    const check = await traced(expression, condition, change)
    expect([check.verdict, check.evidence.join('\n')]).toEqual([verdict, expect.stringMatching(evidence)])
  })
})

/** Of each so many traces one is there, with that weight. */
function sampledBy(made: Fixture, each: number, weight: number): void {
  const kept = new Set(made.rows.filter(({ sampled }) => sampled).filter((_, index) => index % each === 0).map(({ id }) => id))
  without(made, ({ requestId }) => !kept.has(requestId))
  for (const span of made.spans!) span.adjustedCount = weight
}

/** So many more or fewer in the report of one second. */
function counted(made: Fixture, by: number, second: number): void {
  const event = made.events.find((one) => one.kind === 'red' && one.report.sequence === second)
  if (event?.kind !== 'red') throw new Error('no report')
  event.report.series[0].outcomes.ok += by
}

const keepAll = { keep: ['error', 'slow', 'failover', 'shed'], slow: '300ms' }
/** A policy over all that the edge serves. */
function underPolicy(made: Fixture, more: Record<string, unknown>): void {
  made.run.config!.push({
    apiVersion: 'regatta.dev/v1alpha1', kind: 'SamplingPolicy', metadata: { name: 'shop', namespace: 'shop' },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }], sampler: { adaptive: { spansPerSecond: 4 } }, ...more },
  })
}

describe('what a policy owes', () => {
  const failed = [calm, dark, 'load-europe-000500']
  /** Three requests were answered 503, ten probes were hedged and slow; traces of these alone are kept. */
  const retroactive = (made: Fixture): void => {
    underPolicy(made, { retroactive: keepAll })
    for (const row of made.rows) if (failed.includes(row.id)) Object.assign(row, { outcome: '5xx', status: 503 })
    const kept = new Set(made.rows.filter(({ id, durationUs }) => failed.includes(id) || durationUs > 300_000).map(({ id }) => id))
    without(made, ({ requestId }) => !kept.has(requestId))
  }
  const changed = (change: (made: Fixture) => void) => (made: Fixture): void => {
    retroactive(made)
    change(made)
  }
  it.each<[string, string, VerdictValue, RegExp, (made: Fixture) => void]>([
    ['every error has its trace', 'errors_kept', 'pass', /3 of 3 requests that failed/, retroactive],
    ['one has none', 'errors_kept', 'fail', /load-europe-000500 at 10.000 s: no trace/, changed((made) => without(made, ({ requestId }) => requestId === 'load-europe-000500'))],
    ['one lacks an attempt', 'errors_kept', 'fail', /0 of 1 attempts/, changed((made) => without(made, ({ requestId, process, kind }) => requestId === dark && process === edge && kind === 'client'))],
    ['a client gave up after the last attempt had failed', 'errors_kept', 'fail', /3 of 4 requests/, changed((made) => {
      Object.assign(made.rows.find(({ id }) => id === 'load-europe-000501')!, { outcome: 'timeout', status: 0, gateway: '', region: '' })
      Object.assign(made.attempts.find(({ requestId }) => requestId === 'load-europe-000501')!, { outcome: 'timeout', status: 0 })
    })],
    ['nothing failed', 'errors_kept', 'inconclusive', /0 of 0/, (made) => underPolicy(made, { retroactive: keepAll })],
    ['no policy keeps errors', 'errors_kept', 'inconclusive', /no policy that keeps what is error/, changed((made) => {
      made.run.config!.pop()
      underPolicy(made, { retroactive: { keep: ['slow'] } })
    })],
    ['every slow one has its trace', 'slow_kept', 'pass', /15 of 15 requests over the slow threshold/, retroactive],
    ['one has none', 'slow_kept', 'fail', /prober-europe-000605 at 6.050 s: no trace/, changed((made) => without(made, ({ requestId }) => requestId === 'prober-europe-000605'))],
    ['nothing is on record', 'slow_kept', 'inconclusive', /no span/, changed(untold)],
    ['no policy is attached', 'slow_kept', 'inconclusive', /no policy that keeps what is slow/, changed((made) => { made.run.config!.pop() })],
  ])('%s: %s is %s', async (_why, metric, verdict, evidence, change) => {
    const check = await traced(metric, 'rate==1', change)
    expect([check.verdict, check.evidence.join('\n')]).toEqual([verdict, expect.stringMatching(evidence)])
  })

  type Cause = 'anomaly' | 'decay' | 'baseline' | 'budget'
  const rates = (...changes: [afterMs: number, cause: Cause, source?: string, route?: string][]) => (made: Fixture): void => {
    underPolicy(made, { anomaly: { factor: 8 } })
    for (const [afterMs, cause, source = edge, route = 'shop/orders/0'] of changes) {
      const key = { tenant: 'shop', route, protocol: 'http/1.1' }
      made.events.push({ atUs: times.fault + afterMs * 1000, source, kind: 'sampling-rate', key, probability: 0.1, cause, anomaly: cause === 'anomaly' ? 'slow' : '' })
    }
  }
  const there: [number, Cause][] = [[-500, 'budget'], [600, 'anomaly'], [5_000, 'decay'], [9_003, 'baseline']]
  it.each<[string, string, string, VerdictValue, number | null, (made: Fixture) => void]>([
    ['raised in time', 'anomaly_reaction_time', 'max<1s', 'pass', 600, rates(...there)],
    ['raised elsewhere only', 'anomaly_reaction_time', 'max<1s', 'fail', null, rates([600, 'anomaly', 'gateway/us-east'])],
    ['raised too late', 'anomaly_reaction_time', 'max<500ms', 'fail', 600, rates(...there)],
    ['never raised', 'anomaly_reaction_time', 'max<1s', 'fail', null, rates([-500, 'anomaly'], [200, 'budget'])],
    ['no policy raises', 'anomaly_reaction_time', 'max<1s', 'inconclusive', null, (made) => underPolicy(made, { retroactive: keepAll })],
    ['back in time', 'anomaly_recovery_time', 'max<4s', 'pass', 3_000, rates(...there)],
    ['back too late', 'anomaly_recovery_time', 'max<2s', 'fail', 3_000, rates(...there)],
    ['back before the healing', 'anomaly_recovery_time', 'max<1s', 'pass', 0, rates([600, 'anomaly'], [3_000, 'baseline'])],
    ['raised again, and back by then', 'anomaly_recovery_time', 'max<2s', 'fail', 3_000, rates([600, 'anomaly'], [3_000, 'baseline'], [4_000, 'anomaly'], [9_003, 'baseline'])],
    ['back, and raised by something later', 'anomaly_recovery_time', 'max<4s', 'pass', 3_000, rates(...there, [9_500, 'anomaly'])],
    ['one of two not back within the run', 'anomaly_recovery_time', 'max<60s', 'inconclusive', null, rates(...there, [700, 'anomaly', edge, 'shop/other/0'])],
    ['one of two not back within the run, which was long enough', 'anomaly_recovery_time', 'max<2s', 'fail', null, rates(...there, [700, 'anomaly', edge, 'shop/other/0'])],
    ['none raised', 'anomaly_recovery_time', 'max<60s', 'inconclusive', null, rates()],
  ])('%s: %s %s is %s', async (_why, expression, condition, verdict, observed, change) => {
    expect(await traced(expression, condition, change)).toMatchObject({ verdict, observed })
  })
})

const cost: Record<string, { cpuUs: number; bytes: number }> = { off: { cpuUs: 100, bytes: 0 }, 'always-on': { cpuUs: 150, bytes: 1000 }, adaptive: { cpuUs: 115, bytes: 80 } }
/** Rounds drift alike; `noise` pushes single blocks. */
const drifting = (rounds: number, noise: (round: number) => number = () => 0): Fixture => blocksFixture(rounds, (round, variant) => ({
  cpuUs: cost[variant].cpuUs * (1 + round / 10) + (variant === 'adaptive' ? noise(round) : 0), bytes: cost[variant].bytes,
}))

describe('what tracing costs', () => {
  const overhead = 'tracing_overhead{variant:adaptive}'
  it('is told in pairs, so that drift of the machine is no cost', async () => {
    const check = await judged(drifting(6), overhead, 'value<=0.4')
    expect(check).toMatchObject({ verdict: 'pass', observed: 0.3 })
    expect(check.evidence[0]).toContain('over 6 rounds')
    expect(await judged(drifting(6), overhead, 'value<=0.2')).toMatchObject({ verdict: 'fail', observed: 0.3 })
  })
  it('is the whole of it for the variant that traces everything', async () => {
    expect(await judged(drifting(5), 'tracing_overhead{variant:always-on}', 'value<=0.4')).toMatchObject({ verdict: 'fail', observed: 1 })
  })
  it('cannot be told from too few rounds, from rounds that disagree, or without a difference', async () => {
    expect(await judged(drifting(4), overhead, 'value<=0.4')).toMatchObject({ verdict: 'inconclusive', evidence: [expect.stringContaining('5 rounds would tell')] })
    const noisy = await judged(drifting(6, (round) => (round % 2 === 0 ? 40 : -20)), overhead, 'value<=0.4')
    expect(noisy.verdict).toBe('inconclusive')
    expect(Number(/--rounds (\d+)/.exec(noisy.evidence[0])?.[1])).toBeGreaterThan(6)
    const alike = await judged(blocksFixture(6, () => ({ cpuUs: 100, bytes: 1 })), overhead, 'value<=0.4')
    expect(alike).toMatchObject({ verdict: 'inconclusive', evidence: [expect.stringContaining('nothing that can be told')] })
  })
  it('is told as the machine was on average, where a process that traces nothing says how slow it was', async () => {
    // One block is slow, the next is not: by up to a half.
    const slow = (round: number, variant: string): number => 1 + ((round * 7 + variantNames.indexOf(variant as 'off') * 5) % 6) / 10
    const uneven = (told: boolean): Fixture => blocksFixture(6, (round, variant) => ({
      cpuUs: cost[variant].cpuUs * slow(round, variant), bytes: 1, ...(told ? { yardstickUs: 80 * slow(round, variant) } : {}),
    }))
    expect(await judged(uneven(false), overhead, 'value<=0.4')).toMatchObject({ verdict: 'inconclusive', evidence: [expect.stringContaining('not corrected')] })
    const check = await judged(uneven(true), overhead, 'value<=0.4')
    expect(check).toMatchObject({ verdict: 'pass', observed: expect.closeTo(0.3, 6) })
    expect(check.evidence[2]).toMatch(/by the fault proxy, whose work is the same in all variants: 100 µs, 100 µs and 100 µs a request/)
    // Services tell spans of what is sampled; where they do not, they are the better yardstick.
    const quiet = uneven(true)
    quiet.run.plan.scenario.tracing!.services = false
    expect((await judged(quiet, overhead, 'value<=0.4')).evidence[2]).toMatch(/by the services, .*: 100 µs, 100 µs and 100 µs a request/)
  })
  it('leaves out seconds under a fault and its ramp', async () => {
    const made = drifting(8)
    // The first round is played under a fault in which everything costs ten times as much.
    const primitive: Primitive = { kind: 'isolate', regions: ['eu-west'] }
    made.run.plan.faults = [{ name: 'outage', kind: 'regional-outage', index: 0, primitive, symptom: { expect: 'silent' }, paths: [], fromUs: 2 * s, toUs: 5 * s }]
    for (const [kind, atUs] of [['fault-asked', 2 * s], ['fault-in-force', 2 * s], ['fault-heal-asked', 5 * s], ['fault-healed', 5 * s]] as const) {
      made.events.push({ atUs, source: 'run', kind, fault: 'outage', primitive: 0, detail: primitive })
    }
    for (const event of made.events) if (event.kind === 'usage' && event.atUs < 20 * s) event.cpuUs *= event.atUs < 8 * s ? 10 : 1
    const check = await judged(made, overhead, 'value<=0.4')
    expect(check).toMatchObject({ verdict: 'pass', observed: 0.3 })
    expect(check.evidence[0]).toContain('over 7 rounds')
  })
  it('is also octets', async () => {
    const bytes = 'exported_bytes{variant:adaptive}'
    expect(await judged(drifting(5), bytes, 'value<=0.2')).toMatchObject({ verdict: 'pass', observed: 0.08 })
    expect(await judged(drifting(5), bytes, 'value<=0.05')).toMatchObject({ verdict: 'fail', observed: 0.08 })
    const silent = drifting(5)
    silent.events = silent.events.filter(({ kind }) => kind !== 'collector')
    expect(await judged(silent, bytes, 'value<=0.2')).toMatchObject({ verdict: 'inconclusive', evidence: [expect.stringContaining('nobody tells')] })
  })
})

describe('the figures for reports', () => {
  it('are in the verdict of a traced run, and fit its schema', async () => {
    const made = tracedFixture()
    const row = made.rows.find(({ id }) => id === dark)!
    // Its first attempt went to the region that had gone dark.
    const [server, client] = spansOf(row, { region: 'us-east' }, 1)
    made.spans!.push({ ...client, spanId: 'abcdefabcdef0001', parentSpanId: server.spanId, target: 'link:eu-west:127.0.0.1:2', region: 'eu-west', status: 0, outcome: 'timeout', attempt: 0 })
    made.events.push({ atUs: times.fault + 400_000, source: edge, kind: 'sampling-rate', key: { tenant: 'shop', route: 'shop/orders/0', protocol: 'http/1.1' }, probability: 0.5, cause: 'anomaly', anomaly: 'errors' })
    const { tracing } = verdictSchema.parse(await judgeFixture(made))
    expect(tracing).toMatchObject({
      variants: [{ variant: '', requests: 2400, traces: 2550, spans: 12_751, kept: { policy: 2550 }, brokenTraces: 0, overhead: null }],
      example: { requestId: dark, spans: expect.arrayContaining([expect.objectContaining({ target: 'link:eu-west:127.0.0.1:2', outcome: 'timeout' })]) },
      rates: [{ gateway: edge, probability: 0.5, cause: 'anomaly' }], ratesLeftOut: 0,
    })
  })
  it('tell each variant apart', async () => {
    const { tracing } = await judgeFixture(drifting(5))
    expect(tracing?.variants.map(({ variant, rounds, overhead, bytes }) => [variant, rounds, overhead?.value, bytes?.value])).toEqual([
      ['off', 5, 0, 0], ['always-on', 5, 1, 1], ['adaptive', 5, 0.3, 0.08],
    ])
    expect(tracing?.variants[1]).toMatchObject({ cpuUsPerRequest: expect.closeTo(195), bytesPerRequest: expect.closeTo(1000, -1) })
  })
})

describe('metrics by variant', () => {
  it('count requests of its blocks only, and their seconds', async () => {
    const made = drifting(5)
    // 50 a second, over what counts of the blocks.
    for (const variant of variantNames) expect((await judged(made, `http_reqs{variant:${variant}}`, 'rate>1')).observed).toBe(50)
    expect(await judged(made, 'http_reqs{variant:adaptive}', 'count==1250')).toMatchObject({ verdict: 'pass' })
  })
})

describe('where nothing can be traced', () => {
  it('is said for substrates and gateways that do not, when it was asked for', () => {
    const tracing = { collector: 'embedded', protocol: 'grpc', clients: true, services: true } as const
    expect(whyUntraced(tracing, {}, 'reference')).toBeNull()
    expect(whyUntraced(tracing, { untraced: 'no collector' }, 'reference')).toBe('no collector')
    expect(whyUntraced(tracing, {}, 'envoy')).toMatch(/envoy/)
    expect(whyUntraced(undefined, { untraced: 'no collector' }, 'envoy')).toBeNull()
  })
  it('makes thresholds unsupported', async () => {
    const made = tracedFixture()
    made.run.unmeasured = unmeasuredWithoutTraces('no collector here')
    expect(await judged(made, 'broken_traces', 'count==0')).toMatchObject({ verdict: 'unsupported', evidence: [expect.stringContaining('no collector here')] })
  })
})
