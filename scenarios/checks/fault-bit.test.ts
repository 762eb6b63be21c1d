// That a fault bit: each symptom is seen to be found, and seen to be missed; and what nobody can see is told.

import { describe, expect, it } from 'vitest'
import type { HistoryEvent, RequestRow } from '../../topologies/history.ts'
import type { Primitive, ToldSymptom } from '../../topologies/primitives.ts'
import { clusterParts, regionParts } from '../../topologies/topology.ts'
import { alter, checkOf, fixture, judgeFixture, outage, times } from '../judging.case.ts'
import type { CheckVerdict, VerdictValue } from '../verdict.ts'

const within = (row: RequestRow, fromUs: number, toUs: number): boolean => row.scheduledUs >= fromUs && row.scheduledUs < toUs

describe('the symptom of a fault', () => {
  const judged = async (symptom: typeof outage.symptom, change: Partial<RequestRow> | ((row: RequestRow) => Partial<RequestRow>)): Promise<CheckVerdict> => {
    const made = fixture((plan) => { plan.faults[0].symptom = symptom })
    alter(made, (row) => row.source === 'witness' && within(row, times.fault, times.healing), change)
    return checkOf(await judgeFixture(made), 'fault-bit').verdict
  }
  const answer = { outcome: 'ok', status: 200, region: 'eu-west', durationUs: 22_000 } as const
  it.each<[string, typeof outage.symptom, Partial<RequestRow> | ((row: RequestRow) => Partial<RequestRow>), VerdictValue]>([
    ['broken', { expect: 'broken' }, { outcome: 'refused', durationUs: 500 }, 'pass'],
    ['broken behind a gateway', { expect: 'broken' }, { outcome: '5xx', status: 502, durationUs: 500 }, 'pass'],
    ['not broken but silent', { expect: 'broken' }, {}, 'inconclusive'],
    ['slower', { expect: 'slower', byMs: 200 }, { ...answer, durationUs: 260_000 }, 'pass'],
    ['not slow enough', { expect: 'slower', byMs: 200 }, { ...answer, durationUs: 120_000 }, 'inconclusive'],
    ['errors', { expect: 'errors', share: 0.2 }, { ...answer, outcome: '5xx', status: 503 }, 'pass'],
    ['unavailable, and a mesh moved it', { expect: 'unavailable' }, { ...answer, region: 'us-east', durationUs: 120_000 }, 'pass'],
    ['errors that a mesh kept from clients', { expect: 'errors', share: 0.2 }, { ...answer, region: 'us-east' }, 'pass'],
    ['not unavailable but slow', { expect: 'unavailable' }, { ...answer, durationUs: 400_000 }, 'inconclusive'],
    ['no errors', { expect: 'errors', share: 0.2 }, answer, 'inconclusive'],
    ['some slower', { expect: 'slower', byMs: 100, share: 0.15 }, (row) => ({ ...answer, durationUs: (row.scheduledUs / 200_000) % 5 < 1 ? 230_000 : 22_000 }), 'pass'],
    ['too few slower', { expect: 'slower', byMs: 100, share: 0.3 }, (row) => ({ ...answer, durationUs: (row.scheduledUs / 200_000) % 5 < 1 ? 230_000 : 22_000 }), 'inconclusive'],
  ])('%s', async (_name, symptom, change, verdict) => {
    expect(await judged(symptom, change)).toBe(verdict)
  })
  const soon = times.fault + 900_000
  const process = (name: string, state: 'killed' | 'exited' | 'ready', atUs = soon): HistoryEvent => ({ atUs, source: 'run', kind: 'process', process: name, state, pid: 1 })
  const tracing = (atUs: number, lost: number): HistoryEvent => ({
    atUs, source: 'edge/frankfurt', kind: 'tracing', exported: { queued: 0, sent: 10, sentBytes: 1, shed: 1, failed: lost - 1 },
    counts: {
      requests: 0, sampled: 0, recorded: 0, kept: 0, promoted: { error: 0, slow: 0, failover: 0, shed: 0 }, overwritten: 0, lostToRing: 0, untold: 0, restarted: 0, ringBytes: 0,
    },
  })
  it.each<[ToldSymptom, Primitive, enough: HistoryEvent[], tooLittle: HistoryEvent[]]>([
    ['unreachable-control-plane', { kind: 'stop', at: [{ region: 'eu-west', parts: ['control-plane'] }] },
      [{ atUs: soon, source: 'gateway/eu-west', kind: 'control-plane-lost', address: '127.0.0.1:1' }],
      [{ atUs: soon, source: 'gateway/us-east', kind: 'control-plane-lost', address: '127.0.0.1:1' }]],
    ['unreachable-api-server', { kind: 'stop', at: [{ region: 'eu-west', parts: ['api-server'] }] },
      [{ atUs: soon, source: 'control-plane/eu-west', kind: 'api-server-lost', address: 'https://10.0.0.1' }],
      [{ atUs: soon, source: 'control-plane/us-east', kind: 'api-server-lost', address: 'https://10.0.0.1' }]],
    ['out-of-discovery', { kind: 'unready', at: [{ region: 'eu-west', parts: ['services'] }] },
      [{ atUs: soon, source: 'control-plane/eu-west', kind: 'endpoints-changed', services: 1, endpoints: 0 }],
      [{ atUs: times.fault - 1, source: 'control-plane/eu-west', kind: 'endpoints-changed', services: 1, endpoints: 1 }]],
    ['unreachable-collector', { kind: 'collector', mode: 'hang' },
      [tracing(times.fault - 1, 3), tracing(soon, 4)], [tracing(times.fault - 1, 3), tracing(soon, 3), tracing(times.healing + 5_000_000, 9)]],
    ['stopped', { kind: 'stop', at: [{ region: 'eu-west', parts: ['dns'] }] }, [process('dns/eu-west', 'killed')], [process('dns/us-east', 'killed')]],
    ['restarted', { kind: 'kill', at: [{ region: 'eu-west', parts: ['services', 'gateway'] }] },
      [process('services/eu-west', 'killed'), process('gateway/eu-west', 'killed'), process('services/eu-west', 'ready', soon + 1), { atUs: soon + 2, source: 'gateway/eu-west', kind: 'ready' }],
      [process('services/eu-west', 'killed'), process('gateway/eu-west', 'ready'), process('gateway/eu-west', 'killed', soon + 1), process('services/eu-west', 'ready', soon + 2)]],
  ])('%s is what processes tell of the place', async (expected, primitive, enough, tooLittle) => {
    const capabilities = { supported: true, how: '', symptom: '', parts: [...regionParts, ...clusterParts] }
    const told = async (events: HistoryEvent[]): Promise<CheckVerdict> => {
      const made = fixture((plan) => { plan.faults[0] = { ...outage, symptom: { expect: expected }, paths: [], primitive } })
      made.run.capabilities.stop = capabilities
      made.events.push(...events)
      return checkOf(await judgeFixture(made), 'fault-bit').verdict
    }
    expect(await told([])).toBe('inconclusive')
    expect(await told(tooLittle)).toBe('inconclusive')
    expect(await told(enough)).toBe('pass')
  })
  it('what is told of a path that clients do not use proves nothing', async () => {
    const made = fixture((plan) => {
      plan.faults[0] = { ...outage, symptom: { expect: 'restarted' }, primitive: { kind: 'kill', at: [{ region: 'eu-west', parts: ['services'] }] } }
    })
    made.events.push(process('services/eu-west', 'killed'), process('services/eu-west', 'ready', soon + 1))
    expect(checkOf(await judgeFixture(made), 'fault-bit').verdict).toBe('pass')
    made.attempts = []
    made.rows = made.rows.filter((row) => row.pinned !== '' || row.region !== 'eu-west')
    expect(checkOf(await judgeFixture(made), 'fault-bit')).toMatchObject({ verdict: 'inconclusive', evidence: expect.arrayContaining([expect.stringContaining('steady client traffic')]) })
  })
  it('what the substrate cannot do is told as unsupported, with the reason', async () => {
    const made = fixture((plan) => {
      plan.faults[0] = { ...outage, symptom: { expect: 'unreachable-api-server' }, paths: [], primitive: { kind: 'stop', at: [{ region: 'eu-west', parts: ['api-server'] }] } }
    })
    made.events = made.events.filter(({ kind }) => !kind.startsWith('fault-'))
    const verdict = await judgeFixture(made)
    for (const name of ['fault-bit', 'history-complete']) {
      expect(checkOf(verdict, name)).toMatchObject({ verdict: 'inconclusive', evidence: expect.arrayContaining([expect.stringMatching(/^unsupported: .*no api-server here/)]) })
    }
    expect(verdict).toMatchObject({ verdict: 'inconclusive', summary: expect.stringContaining('unsupported') })
  })
  it.each([['later', times.fault + 1_000_000, 'pass'], ['at once', times.fault, 'inconclusive']] as const)(
    'what another fault may have done, which sets in %s, counts only where nothing else is known', async (_name, otherUs, verdict) => {
      const made = fixture((plan) => {
        plan.faults[0].symptom = { expect: 'errors', share: 0.5 }
        plan.faults.push({ ...outage, name: 'other', symptom: { expect: 'silent' }, fromUs: otherUs })
      })
      const { primitive: detail } = outage
      const told = (kind: 'fault-asked' | 'fault-in-force' | 'fault-heal-asked' | 'fault-healed', atUs: number): HistoryEvent =>
        ({ atUs, source: 'run', kind, fault: 'other', primitive: 0, detail })
      made.events.push(told('fault-asked', otherUs), told('fault-in-force', otherUs), told('fault-heal-asked', times.healing), told('fault-healed', times.healing))
      alter(made, (row) => row.source === 'witness' && within(row, times.fault, times.fault + 1_000_000), { ...answer, outcome: '5xx', status: 500 })
      expect(checkOf(await judgeFixture(made), 'fault-bit outage').verdict).toBe(verdict)
    })
  it('a fault on a link that no path crosses is named', async () => {
    const made = fixture((plan) => { plan.faults[0] = { ...outage, name: 'nowhere', paths: [] } })
    const verdict = await judgeFixture(made)
    expect(checkOf(verdict, 'fault-bit nowhere')).toMatchObject({ verdict: 'inconclusive' })
    expect(verdict.exitCode).toBe(2)
  })
})
