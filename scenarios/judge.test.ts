// Verdicts: each check is seen to pass, to fail where it can, and to be inconclusive; and what they add up to.

import { cpSync, mkdtempSync, rmSync, writeFileSync, truncateSync, renameSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RequestRow } from '../topologies/history.ts'
import { rules } from './checks/index.ts'
import { measures } from './checks/measures.ts'
import { metricNames } from './checks/metrics.ts'
import { judge, overall, verdictText } from './judge.ts'
import { alter, checkOf, fixture, judgeFixture, times, unionOnly, writeFixture, type Fixture } from './judging.case.ts'
import type { Plan } from './scenario.ts'
import type { Check, CheckVerdict, Verdict, VerdictValue } from './verdict.ts'
import { verdictJsonSchema, verdictSchema } from './verdict.schema.ts'

const within = (row: RequestRow, fromUs: number, toUs: number): boolean => row.scheduledUs >= fromUs && row.scheduledUs < toUs
const client = (row: RequestRow): boolean => row.pinned === ''
const asking = (thresholds: Record<string, string[]>) => fixture((plan) => { plan.scenario.thresholds = thresholds })
const threshold = async (expression: string, condition: string, change: (made: Fixture) => void = () => {}): Promise<Check> => {
  const made = asking({ [expression]: [condition] })
  change(made)
  return checkOf(await judgeFixture(made), expression)
}
const refail = { outcome: '5xx', status: 503 } as const

describe('a good run', () => {
  it('passes, with every part of the document filled in', async () => {
    const verdict = await judgeFixture(fixture())
    expect(verdict.checks.filter((check) => check.verdict !== 'pass')).toEqual([])
    expect(verdict).toMatchObject({ verdict: 'pass', exitCode: 0, counts: { eligibleFailed: 0, failed: 0, falseEjections: 0 } })
    expect(verdict.failover).toMatchObject({
      valueMs: 100, resolutionMs: 10, zeroUncertaintyMs: 4, belowResolution: false, notRecovered: false, lastBadMs: 90, slow: 10, failed: 0,
      stages: { detectMs: 60, decideMs: 70, drainMs: 95, recoverMs: 100 },
    })
    expect(verdict.paths.map(({ region, samples }) => [region, samples])).toEqual([['eu-west', 249], ['us-east', 246]])
    expect(verdict.summary).toBe('Pass: failover took 100 ms, 0 of 2,400 eligible requests failed, and all 9 checks of test-outage hold.')
  })
  it('is judged the same, byte for byte, twice and on a copy elsewhere', async () => {
    const dir = await writeFixture(fixture())
    const copy = mkdtempSync(join(tmpdir(), 'regatta-copy-'))
    cpSync(dir, copy, { recursive: true })
    const texts = [await judge(dir), await judge(dir), await judge(copy)].map(verdictText)
    expect(new Set(texts).size).toBe(1)
    expect(texts[0]).not.toContain('/somewhere')
    for (const folder of [dir, copy]) rmSync(folder, { recursive: true })
  })
  it('fits the published schema, as every verdict does', async () => {
    const broken = fixture()
    broken.events = []
    for (const made of [fixture(), broken]) {
      const verdict: Verdict = verdictSchema.parse(await judgeFixture(made))
      expect(verdict.kind).toBe('Verdict')
    }
    expect(verdictJsonSchema()).toMatchObject({ type: 'object', properties: { checks: { type: 'array' } }, additionalProperties: false })
  })
})

describe('failover_time', () => {
  const judged = (change: (made: Fixture) => void) => threshold('failover_time', 'max<5s', change)
  it('fails when probes go on failing past the objective', async () => {
    const check = await threshold('failover_time', 'max<2s', (made) => alter(made, (row) => client(row) && within(row, times.fault, times.fault + 2_500_000), refail))
    expect(check).toMatchObject({ verdict: 'fail', observed: 2500 })
  })
  it('fails when the last seconds before the healing are bad, whatever the objective', async () => {
    const check = await threshold('failover_time', 'max<60s', (made) => alter(made, (row) => row.source === 'prober' && within(row, times.healing - 1_000_000, times.healing - 990_000), refail))
    expect(check).toMatchObject({ verdict: 'fail', evidence: expect.arrayContaining([expect.stringContaining('not recovered')]) })
  })
  it('is below the resolution when no probe was bad', async () => {
    const made = fixture()
    alter(made, (row) => row.source === 'prober' && row.durationUs > 300_000, { durationUs: 90_000 })
    const verdict = await judgeFixture(made)
    expect(verdict.failover).toMatchObject({ belowResolution: true, valueMs: 10, lastBadMs: null, stages: { recoverMs: null } })
    expect(checkOf(verdict, 'failover_time').evidence[0]).toContain('europe: < 10 ms')
  })
  it('counts what was in flight when the fault was asked for, but never less than nought', async () => {
    const made = fixture()
    alter(made, (row) => row.source === 'prober' && row.durationUs > 300_000, { durationUs: 90_000 })
    alter(made, (row) => row.source === 'prober' && within(row, times.fault - 20_000, times.fault), refail)
    expect((await judgeFixture(made)).failover).toMatchObject({ failed: 2, belowResolution: true, valueMs: 10 })
  })
  it('cannot answer an objective finer than its resolution', async () => {
    const check = await threshold('failover_time', 'max<5ms', (made) => alter(made, (row) => row.source === 'prober' && row.durationUs > 300_000, { durationUs: 90_000 }))
    expect(check.verdict).toBe('inconclusive')
  })
  it('is inconclusive when slow cannot be judged where it matters, and only there', async () => {
    const few = (made: Fixture): void => { made.rows = made.rows.filter((row) => !(row.source === 'path-probe' && row.pinned === 'us-east' && Number(row.id.slice(-6)) > 150)) }
    expect((await threshold('failover_time', 'max<50ms', few)).verdict).toBe('inconclusive')
    expect((await judged(few)).verdict).toBe('pass')
  })
  it.each<[string, (made: Fixture) => void]>([
    ['the prober sent nothing', (made) => { made.rows = made.rows.filter((row) => row.source !== 'prober') }],
    ['the fault was never in force', (made) => { made.events = made.events.filter((event) => event.kind !== 'fault-in-force') }],
    ['the healing is not on record', (made) => { made.events = made.events.filter((event) => event.kind !== 'fault-heal-asked') }],
    ['nobody is affected', (made) => { made.run.plan.affectedGroups = [] }],
    ['the fault was too short', (made) => { for (const event of made.events) if (event.kind === 'fault-heal-asked') event.atUs = times.fault + 2_000_000 }],
  ])('is inconclusive when %s', async (_why, change) => {
    expect(await judged(change)).toMatchObject({ verdict: 'inconclusive', observed: null })
  })
  it('tells only the stages that were observed', async () => {
    const made = fixture()
    made.events = made.events.filter((event) => event.kind !== 'first-redirect' && event.kind !== 'pool-drained')
    expect((await judgeFixture(made)).failover?.stages).toEqual({ detectMs: 60, decideMs: null, drainMs: null, recoverMs: 100 })
  })
})

describe('validity', () => {
  const verdictOf = async (name: string, change: (made: Fixture) => void, plan: (plan: Plan) => void = () => {}): Promise<[CheckVerdict, VerdictValue, string]> => {
    const made = fixture(plan)
    change(made)
    const verdict = await judgeFixture(made)
    const check = checkOf(verdict, name)
    return [check.verdict, verdict.verdict, check.evidence.join('\n')]
  }
  it.each<[string, string, (made: Fixture) => void, RegExp]>([
    ['generator', 'rows are missing', (made) => { made.rows.splice(made.rows.findIndex((row) => row.source === 'load'), 3) }, /847 of 850/],
    ['generator', 'it sent late', (made) => alter(made, client, (row) => ({ startUs: row.scheduledUs + 40_000 })), /send lag .* 40 ms/],
    ['generator', 'it dropped requests', (made) => alter(made, (row) => row.id.endsWith('000100'), { outcome: 'lost' }), /dropped by the generator/],
    ['generator', 'it says that it dropped some', (made) => { made.events.push({ atUs: 1, source: 'run', kind: 'tool', tool: 'generator/load', text: '{"dropped":4}' }) }, /generator\/load: 4 requests dropped/],
    ['machine-room', 'the processors are busy in one phase', (made) => { for (const event of made.events) if (event.kind === 'machine' && event.atUs > times.fault && event.atUs < times.healing) event.cpuShare = 0.9 }, /fault: processor use 90 %/],
    ['machine-room', 'the event loop lags', (made) => { for (const event of made.events) if (event.kind === 'machine' && event.atUs > times.fault) event.loopLagP99Ms = 150 }, /lag at most 150 ms/],
    ['machine-room', 'nobody looked', (made) => { made.events = made.events.filter((event) => event.kind !== 'machine') }, /no sample/],
    ['normal-latency', 'a path has too few probes', (made) => { made.rows = made.rows.filter((row) => row.source !== 'path-probe' || Number(row.id.slice(-6)) < 100) }, /has (99|100) answered probes/],
    ['fault-bit outage', 'the witness still gets answers', (made) => alter(made, (row) => row.source === 'witness', { outcome: 'ok', status: 200, region: 'eu-west', durationUs: 22_000 }), /did not bite/],
    ['fault-bit outage', 'the witness was broken before', (made) => alter(made, (row) => row.source === 'witness', { outcome: 'timeout', status: 0, region: '' }), /did not bite/],
    ['fault-bit outage', 'clients did not use the path', (made) => { made.attempts = made.attempts.filter((row) => row.region !== 'eu-west' || row.reason !== 'first') }, /0 attempts of steady client traffic/],
    ['fault-bit outage', 'it was never in force', (made) => { made.events = made.events.filter((event) => event.kind !== 'fault-in-force') }, /not in force/],
    ['fault-bit outage', 'there was no witness', (made) => { made.rows = made.rows.filter((row) => row.source !== 'witness') }, /too few|did not bite/],
    ['history-complete', 'a phase never began', (made) => { made.events = made.events.filter((event) => !(event.kind === 'phase' && event.phase === 'recovered')) }, /phase recovered never began/],
    ['history-complete', 'a fault was not healed', (made) => { made.events = made.events.filter((event) => event.kind !== 'fault-healed') }, /outage .* was never healed/],
    ['steady-state before', 'it was not steady', (made) => alter(made, (row) => client(row) && within(row, times.steady, times.steady + 500_000), refail), /not steady before/],
  ])('%s: inconclusive when %s', async (name, _why, change, evidence) => {
    const [check, whole, text] = await verdictOf(name, change)
    expect([check, whole]).toEqual(['inconclusive', 'inconclusive'])
    expect(text).toMatch(evidence)
  })
  it('steady state after the healing is an objective: missed, it fails', async () => {
    const [check, whole] = await verdictOf('steady-state after', (made) => alter(made, (row) => client(row) && within(row, times.recovered, times.recovered + 500_000), refail))
    expect([check, whole]).toEqual(['fail', 'fail'])
  })
  it('an objective that is clearly missed says nothing when the run may not be believed', async () => {
    const [, whole] = await verdictOf('machine-room', (made) => {
      alter(made, (row) => client(row) && within(row, times.fault, times.healing), refail)
      made.events = made.events.filter((event) => event.kind !== 'machine')
    })
    expect(whole).toBe('inconclusive')
  })
  it('judges attempts where no witness was sent', async () => {
    const made = fixture((plan) => { plan.loads = plan.loads.filter((load) => load.source !== 'witness') })
    const silent = made.attempts.filter((row) => row.startUs < times.fault + 10_000 && row.startUs > times.fault - 200_000)
    made.attempts.push(...silent.map((row, i) => ({ ...row, startUs: times.fault + 5_000 + i * 1000, region: 'eu-west', status: 0, outcome: 'timeout' as const, requestId: `t${i}` })))
    expect(checkOf(await judgeFixture(made), 'fault-bit')).toMatchObject({ verdict: 'pass', evidence: [expect.stringContaining('attempts):')] })
  })
})

describe('metrics', () => {
  const steadyOnly = (row: RequestRow): boolean => client(row) && within(row, times.steady, times.fault)
  it.each<[string, string, VerdictValue, ((made: Fixture) => void)?]>([
    ['http_req_duration{phase:recovered}', 'p(95)<rtt+100', 'pass'],
    ['http_req_duration{phase:recovered}', 'p(95)<rtt+1', 'fail'],
    ['http_req_duration{phase:recovered,region:us-east}', 'p(95)<rtt+100', 'inconclusive'],
    ['http_req_duration', 'max<200', 'fail'],
    ['http_req_duration{region:nowhere}', 'max<200', 'inconclusive'],
    ['http_req_failed', 'rate<0.001', 'pass'],
    ['http_req_failed', 'rate<0.001', 'fail', (made) => alter(made, (row) => steadyOnly(row) && row.id.endsWith('5'), refail)],
    ['http_req_failed{route:none}', 'rate<0.001', 'inconclusive'],
    ['http_reqs', 'rate>100', 'pass'],
    ['http_reqs', 'count>1000000', 'fail'],
    ['http_reqs{group:nobody}', 'count>1', 'inconclusive'],
    ['eligible_failed', 'count==0', 'pass'],
    ['eligible_failed', 'count==0', 'fail', (made) => alter(made, (row) => row.id === 'prober-europe-000700', refail)],
    ['eligible_failed', 'count==0', 'inconclusive', (made) => alter(made, () => true, { eligible: false })],
    ['slow_requests{phase:fault}', 'count<100', 'pass'],
    ['slow_requests{phase:fault}', 'count==0', 'fail'],
    ['slow_requests{phase:fault}', 'count<100', 'inconclusive', (made) => { made.rows = made.rows.filter((row) => row.source !== 'path-probe') }],
    ['decision_time', 'p(99)<10µs', 'pass'],
    ['decision_time', 'p(99)<3µs', 'fail'],
    ['decision_time', 'p(99)<3µs', 'inconclusive', (made) => alter(made, () => true, { decisionNs: 0 })],
    ['send_lag', 'p(99)<1ms', 'pass'],
    ['send_lag', 'p(99)<100us', 'fail'],
    ['send_lag{source:load,phase:healing,method:PUT}', 'p(99)<1', 'inconclusive'],
    ['traffic_share{region:us-east,phase:fault}', 'value>0.95', 'pass'],
    ['traffic_share{region:us-east,phase:steady}', 'value>0.1', 'fail'],
    ['traffic_share{region:us-east,group:nobody}', 'value>0.1', 'inconclusive'],
    ['error_budget', 'value<1', 'pass'],
    ['error_budget', 'value<1', 'fail', (made) => alter(made, (row) => row.id === 'prober-europe-000700', refail)],
    ['error_budget{route:none}', 'value<1', 'inconclusive'],
    ['false_ejections', 'count==0', 'pass'],
    ['false_ejections', 'count==0', 'fail', (made) => ejected(made, 'link:us-east:127.0.0.1:2', times.fault + 500_000)],
    ['false_ejections', 'count==0', 'fail', (made) => ejected(made, 'link:eu-west:127.0.0.1:1', times.steady + 500_000)],
    ['false_ejections', 'count==0', 'inconclusive', (made) => { made.events = made.events.filter((event) => event.source === 'run') }],
    ['config_propagation', 'p(99)<100ms', 'pass', (made) => published(made, 40_000)],
    ['config_propagation', 'p(99)<100ms', 'fail', (made) => published(made, 400_000)],
    ['config_propagation', 'p(99)<100ms', 'inconclusive', (made) => published(made, null)],
    ['config_propagation', 'p(99)<100ms', 'inconclusive'],
  ])('%s %s is %s', async (expression, condition, verdict, change = () => {}) => {
    const check = await threshold(expression, condition, change)
    expect(check.verdict, check.evidence.join('\n')).toBe(verdict)
    if (verdict === 'inconclusive') expect(check.evidence.length).toBeGreaterThan(0)
  })
  it('has a test above, or its own, for every metric', () => {
    expect(Object.keys(measures).sort()).toEqual([...metricNames].sort())
  })
})

function ejected(made: Fixture, target: string, atUs: number): void {
  made.events.push({ atUs, source: 'edge/frankfurt', kind: 'target-state', target, service: null, from: 'healthy', state: 'ejected', cause: 'silence' })
}
function published(made: Fixture, afterUs: number | null): void {
  made.events.push({ atUs: times.steady, source: 'run', kind: 'config-published', revision: 2, region: 'eu-west', documents: 1 })
  if (afterUs !== null) made.events.push({ atUs: times.steady + afterUs, source: 'edge/frankfurt', kind: 'snapshot-applied', revision: 2, version: 'v', routes: 1, buildUs: 10 })
}

describe('residency', () => {
  const refused = (): Fixture => {
    const made = asking({ residency_violations: ['count==0'] })
    made.run.config?.push(unionOnly)
    const dark = (row: RequestRow): boolean => row.region === 'us-east'
    const ids = new Set(made.rows.filter(dark).map((row) => row.id))
    alter(made, dark, { region: '', outcome: 'residency', status: 503 })
    made.attempts = made.attempts.filter((row) => !ids.has(row.requestId))
    return made
  }
  const both = (verdict: Verdict): CheckVerdict[] => [checkOf(verdict, 'residency').verdict, checkOf(verdict, 'residency_violations').verdict]
  it('passes when the only lawful region is dead and all is refused, and counts the refusals apart', async () => {
    const verdict = await judgeFixture(refused())
    expect(both(verdict)).toEqual(['pass', 'pass'])
    expect(verdict.counts).toMatchObject({ failed: 0, residencyDenied: 900 })
  })
  it('is not what a refusal by an access policy is: that is no failure either, and counted for itself', async () => {
    const made = refused()
    alter(made, (row) => row.outcome === 'residency', { outcome: 'access-denied', status: 403 })
    expect((await judgeFixture(made)).counts).toMatchObject({ failed: 0, eligibleFailed: 0, residencyDenied: 0, accessDenied: 900 })
    expect((await judgeFixture(refused())).counts).not.toHaveProperty('accessDenied')
  })
  it('fails for one answer from elsewhere, and for one attempt that was sent there', async () => {
    const answered = refused()
    alter(answered, (row) => row.id === 'load-europe-000400', { region: 'us-east', outcome: 'ok', status: 200 })
    expect(both(await judgeFixture(answered))).toEqual(['fail', 'fail'])
    const sent = refused()
    sent.attempts.push({ ...sent.attempts[0], requestId: 'load-europe-000400', region: 'us-east', outcome: 'timeout', status: 0 })
    expect(both(await judgeFixture(sent))).toEqual(['fail', 'fail'])
  })
  it('is inconclusive when the configuration is not on record, or nothing was asked of a locked route', async () => {
    const unsaid = refused()
    delete unsaid.run.config
    expect(both(await judgeFixture(unsaid))).toEqual(['inconclusive', 'inconclusive'])
    unsaid.run.config = [{ apiVersion: 'v1', kind: 'Nonsense', metadata: { name: 'x' } }]
    expect(both(await judgeFixture(unsaid))).toEqual(['inconclusive', 'inconclusive'])
    const unused = refused()
    alter(unused, () => true, { route: 'other' })
    expect(both(await judgeFixture(unused))).toEqual(['inconclusive', 'inconclusive'])
  })
  it('a request whose every lawful region is under the fault is not eligible', async () => {
    const made = refused()
    alter(made, (row) => row.outcome === 'residency', { outcome: 'no-healthy-target' })
    expect((await judgeFixture(made)).counts).toMatchObject({ failed: 900, eligibleFailed: 0 })
  })
})

describe('runs that did not end well', () => {
  it('interrupted: inconclusive with 130', async () => {
    const made = fixture()
    made.run.ended = 'interrupted'
    expect(await judgeFixture(made)).toMatchObject({ verdict: 'inconclusive', exitCode: 130 })
  })
  it('failed: inconclusive with 4, and its error', async () => {
    const made = fixture()
    made.run.ended = 'failed'
    made.run.error = { code: 'RGT_TOOL_MISSING', message: 'k6 is not there', found: 'nothing', hint: 'fetch it' }
    const verdict = await judgeFixture(made)
    expect(verdict).toMatchObject({ verdict: 'inconclusive', exitCode: 4, summary: expect.stringContaining('(RGT_TOOL_MISSING: k6 is not there)') })
    expect(checkOf(verdict, 'history-complete').evidence).toContain('the run ended as failed: RGT_TOOL_MISSING: k6 is not there (found: nothing; hint: fetch it)')
  })
  it('nothing on record at all: every rule and objective answers, none with pass', async () => {
    const dir = await writeFixture({ ...fixture(), rows: [], attempts: [], events: [] })
    for (const file of ['requests.arrow', 'attempts.arrow', 'events.ndjson']) unlinkSync(join(dir, file))
    const verdict = await judge(dir)
    expect(verdict.verdict).toBe('inconclusive')
    expect(verdict.checks.filter((check) => check.verdict === 'pass')).toEqual([])
    rmSync(dir, { recursive: true })
  })
  it('a torn table is told', async () => {
    const dir = await writeFixture(fixture())
    renameSync(join(dir, 'requests.arrow'), join(dir, 'requests.arrows'))
    truncateSync(join(dir, 'requests.arrows'), 5_000)
    expect(checkOf(await judge(dir), 'history-complete').verdict).toBe('inconclusive')
    rmSync(dir, { recursive: true })
  })
  it('no run at all: a coded error', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'regatta-none-'))
    await expect(judge(dir)).rejects.toMatchObject({ code: 'RGT_RUN_FOLDER' })
    writeFileSync(join(dir, 'run.json'), '{"kind":"Run"}')
    await expect(judge(dir)).rejects.toMatchObject({ code: 'RGT_RUN_FOLDER' })
    rmSync(dir, { recursive: true })
  })
  it('a threshold that cannot be read any more is inconclusive, not fatal', async () => {
    expect(checkOf(await judgeFixture(asking({ long_gone: ['max<1'] })), 'thresholds').verdict).toBe('inconclusive')
  })
})

describe('invariants', () => {
  const virtual = (): Fixture => {
    const made = fixture()
    made.run.time = 'virtual'
    return made
  }
  const breach = { atUs: 7_500_000, source: 'run', kind: 'invariant-violated', invariant: 'residency', text: 'sent to us-east' } as const
  it('are watched in virtual time only', async () => {
    expect((await judgeFixture(fixture())).checks.some(({ name }) => name === 'invariants')).toBe(false)
    expect(checkOf(await judgeFixture(virtual()), 'invariants')).toMatchObject({ verdict: 'pass', observed: 0, evidence: [expect.stringContaining('not watched: sampling')] })
  })
  it('broken once they decide, whatever else the run is worth', async () => {
    const made = virtual()
    made.events.push(breach)
    made.rows = []
    const verdict = await judgeFixture(made)
    expect(checkOf(verdict, 'invariants')).toMatchObject({ verdict: 'fail', observed: 1, evidence: ['residency at 7.500 s: sent to us-east', expect.anything()] })
    expect(verdict).toMatchObject({ verdict: 'fail', exitCode: 1, summary: expect.stringContaining('missed invariants') })
  })
  it('cannot be told without events', async () => {
    expect(checkOf(await judgeFixture({ ...virtual(), events: [] }), 'invariants').verdict).toBe('inconclusive')
  })
})

describe('virtual time', () => {
  const unmeasured = { decision_time: 'the clock stands still while a decision is made' }
  const virtual = (thresholds: Record<string, string[]>, change: (made: Fixture) => void = () => {}): Promise<Verdict> => {
    const made = asking(thresholds)
    Object.assign(made.run, { substrate: 'simulated', time: 'virtual', unmeasured })
    made.events = made.events.filter(({ kind }) => kind !== 'machine')
    change(made)
    return judgeFixture(made)
  }
  const decision = { decision_time: ['p(99)<1ms'] }
  it('needs no room on a machine, and says so', async () => {
    const verdict = await virtual({ eligible_failed: ['count==0'] })
    expect(checkOf(verdict, 'machine-room')).toMatchObject({ verdict: 'pass', observed: null, evidence: [expect.stringContaining('virtual time')] })
    expect(verdict.verdict).toBe('pass')
  })
  it('tells what it cannot measure, and lets the other objectives decide', async () => {
    const verdict = await virtual({ ...decision, eligible_failed: ['count==0'] })
    expect(checkOf(verdict, 'decision_time')).toMatchObject({
      verdict: 'unsupported', group: 'objective', observed: null, unit: 'ms', objective: 'p(99) < 1 ms', evidence: [`simulated cannot measure decision_time: ${unmeasured.decision_time}`],
    })
    expect(verdict).toMatchObject({ verdict: 'pass', summary: expect.stringMatching(/all \d+ checks of test-outage that simulated can measure hold, 1 cannot be judged there\.$/) })
    expect(verdictSchema.parse(verdict)).toEqual(verdict)
    expect((await virtual({ ...decision, http_reqs: ['count>1000000'] })).verdict).toBe('fail')
  })
  it('measures it all the same where the substrate can', async () => {
    expect(checkOf(await virtual(decision, ({ run }) => { run.unmeasured = {} }), 'decision_time').verdict).toBe('pass')
  })
  it.each<[string, Record<string, string[]>, RegExp]>([
    ['no objective can be measured', decision, /states no objective that simulated can measure \(simulated cannot measure decision_time: the clock/],
    ['there is no objective', {}, /states no objective\.$/],
  ])('is inconclusive when %s, though every invariant holds', async (_why, thresholds, summary) => {
    const verdict = await virtual(thresholds)
    expect(checkOf(verdict, 'invariants').verdict).toBe('pass')
    expect(verdict).toMatchObject({ verdict: 'inconclusive', exitCode: 2, summary: expect.stringMatching(summary) })
  })
  it('holds the default steady state where none of the stated can be measured', async () => {
    const verdict = await virtual({ eligible_failed: ['count==0'] }, ({ run }) => { run.plan.scenario.steadyState = decision })
    const steady = verdict.checks.filter(({ group }) => group === 'steady-state')
    expect(steady.map(({ name, verdict: held }) => [name, held])).toEqual([
      ['steady-state before: decision_time p(99)<1ms', 'unsupported'], ['steady-state before: http_req_failed rate<0.01', 'pass'],
      ['steady-state after: decision_time p(99)<1ms', 'unsupported'], ['steady-state after: http_req_failed rate<0.01', 'pass'],
    ])
    expect(verdict.verdict).toBe('pass')
  })
  it('has every scheduled arrival on record, whatever engine the load asks for', async () => {
    const k6 = ({ run, rows }: Fixture): void => {
      run.plan.loads[0].engine = 'k6'
      run.plan.scenario.loads[0].suite = 'by-hand'
      rows.splice(rows.findIndex((row) => row.source === 'load'), 1)
    }
    expect(checkOf(await virtual({}, k6), 'generator')).toMatchObject({ verdict: 'inconclusive', evidence: [expect.stringContaining('849 of 850')] })
    const made = fixture()
    k6(made)
    expect(checkOf(await judgeFixture(made), 'generator').verdict).toBe('pass')
  })
  it('has an end for every request', async () => {
    const open = (made: Fixture): void => alter(made, (row) => row.id.endsWith('000100'), { outcome: 'lost' })
    expect(checkOf(await virtual({}, open), 'generator')).toMatchObject({ verdict: 'inconclusive', evidence: expect.arrayContaining([expect.stringContaining('were dropped by the generator')]) })
  })
  it('has as many requests on record as were played', async () => {
    const traced = (requests: (made: Fixture) => number) => (made: Fixture): void => {
      made.run.inventory.trace = { hash: '0', events: 1, virtualUs: 1, wallMs: 1, requests: requests(made) }
    }
    expect(checkOf(await virtual({}, traced(({ rows }) => rows.length)), 'history-complete').verdict).toBe('pass')
    expect(checkOf(await virtual({}, traced(({ rows }) => rows.length + 1)), 'history-complete').verdict).toBe('inconclusive')
  })
  it('gives the same verdict whatever machine and time it was played on', async () => {
    const texts = await Promise.all([1, 2].map(async (times) => verdictText(await virtual(decision, ({ run }) => {
      Object.assign(run, { startedAt: `2026-01-0${times}T00:00:00.000Z`, finishedAt: null, command: `at ${times}`, node: `v${times}` })
      Object.assign(run.machine, { cpuModel: `model ${times}`, cpus: times })
      Object.assign(run.inventory, { stagesMs: { world: times }, trace: undefined })
      run.plan.scenario.file = `/home/${times}/test.yaml`
    }))))
    expect(texts[0]).toBe(texts[1])
  })
})

describe('what checks add up to', () => {
  const check = (group: Check['group'], verdict: CheckVerdict): Check => ({ name: '', group, verdict, objective: '', observed: null, unit: '', evidence: [] })
  it.each<[VerdictValue, Check[]]>([
    ['pass', [check('validity', 'pass'), check('objective', 'pass')]],
    ['fail', [check('validity', 'pass'), check('objective', 'fail'), check('objective', 'inconclusive')]],
    ['fail', [check('steady-state', 'fail'), check('objective', 'pass')]],
    ['inconclusive', [check('validity', 'inconclusive'), check('objective', 'fail')]],
    ['inconclusive', [check('steady-state', 'inconclusive'), check('objective', 'fail')]],
    ['inconclusive', [check('validity', 'pass'), check('objective', 'inconclusive')]],
    ['inconclusive', [check('validity', 'pass')]],
    ['inconclusive', []],
    ['pass', [check('steady-state', 'unsupported'), check('objective', 'unsupported'), check('objective', 'pass')]],
    ['fail', [check('objective', 'unsupported'), check('objective', 'fail')]],
    ['inconclusive', [check('validity', 'pass'), check('objective', 'unsupported')]],
    ['inconclusive', [check('objective', 'unsupported'), { ...check('objective', 'pass'), name: 'invariants' }]],
  ])('%s', (verdict, checks) => {
    expect(overall(checks)).toBe(verdict)
  })
})

it('a rule that throws is inconclusive with what it threw', async () => {
  const made = fixture()
  const { evaluate } = rules.generator
  Object.assign(rules.generator, { evaluate: () => { throw new RangeError('boom') } })
  try {
    const verdict = await judgeFixture(made)
    expect(checkOf(verdict, 'generator')).toMatchObject({ verdict: 'inconclusive', evidence: ['judging it failed: RangeError: boom'] })
    expect(verdict.verdict).toBe('inconclusive')
  } finally {
    Object.assign(rules.generator, { evaluate })
  }
})
