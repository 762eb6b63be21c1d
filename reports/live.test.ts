// The view while a run is on: plain lines for logs, and frames of the picture at chosen moments.

import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import { loadScenarioAndTopology } from '../scenarios/load-scenario.ts'
import { plan as planOf } from '../scenarios/plan.ts'
import type { Plan } from '../scenarios/scenario.ts'
import type { HistoryEvent, RequestRow } from '../topologies/history.ts'
import { headline, openLive } from './live.ts'
import { openScene } from './live-scene.ts'
import { nasty } from './verdict.case.ts'

async function fastOutage(): Promise<Plan> {
  const { scenario, topology } = await loadScenarioAndTopology('regional-outage', { fast: true })
  return planOf(scenario, topology, 1)
}

const row = (atUs: number, region: string, change: Partial<RequestRow> = {}): RequestRow => ({
  id: 'r', source: 'load', scheduledUs: atUs, startUs: atUs, durationUs: 25_000, group: 'europe', entry: 'edge', route: 'catalog', protocol: 'http/1.1', method: 'GET',
  gateway: 'frankfurt', region, pinned: '', status: 200, outcome: 'ok', attempts: 1, decisionNs: 1, eligible: true, sampled: false, bytes: 1, ...change,
})

describe('plain', () => {
  it('writes a line an event that matters, with the time of the run, and nothing else', async () => {
    const plan = await fastOutage()
    let text = ''
    const live = openLive({ plan, plain: true, stream: { write: (chunk: unknown) => (text += String(chunk)) !== '' } })
    const detail = plan.faults[0].primitive
    live.progress('links', '60 proxies')
    live.event({ atUs: 0, source: 'run', kind: 'phase', phase: 'warmup' })
    live.event({ atUs: 1, source: 'run', kind: 'machine', cpuShare: 0.5, loopLagP99Ms: 1, freeBytes: 1 })
    live.event({ atUs: 5_500_123, source: 'run', kind: 'fault-asked', fault: 'regional-outage', primitive: 0, detail })
    live.event({ atUs: 5_600_000, source: 'edge/frankfurt', kind: 'first-redirect', from: 'eu-west', to: 'us-east', cause: 'silence' })
    live.event({ atUs: 5_700_000, source: 'edge/x', kind: 'snapshot-refused', gateway: 'g', revision: 2, code: 'RGT_X', message: nasty })
    live.request(row(0, 'eu-west'))
    live.close()
    const lines = text.split('\n')
    expect(lines.slice(0, 5)).toEqual([
      'regional-outage: three-regions, 17 s, seed 1', 'start links: 60 proxies', '   0.000 s  phase warmup',
      '   5.500 s  fault regional-outage#0 asked: isolate', '   5.600 s  edge/frankfurt: eu-west → us-east (silence)',
    ])
    expect(lines).toHaveLength(7)
    // oxlint-disable-next-line no-control-regex
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f]/)
  })

  it('has nothing to say of samples', () => {
    expect(headline({ atUs: 0, source: 'gateway/x', kind: 'usage', cpuUs: 1, rssBytes: 1, requests: 1, loopLagP99Us: 1 })).toBeNull()
  })
})

describe('the picture', () => {
  const scene = async (): Promise<ReturnType<typeof openScene> & { plan: Plan }> => {
    const plan = await fastOutage()
    return { plan, ...openScene(plan, pc.createColors(false)) }
  }

  it('before the run shows the stage of the start', async () => {
    const { progress, frame } = await scene()
    progress('processes', '13 of 14 ready')
    expect(frame(null, 80)).toBe('regional-outage  three-regions  starting\nprocesses: 13 of 14 ready')
  })

  it('shows shares, the fault in force, the countdown and what nobody served', async () => {
    const { plan, frame, event, request } = await scene()
    const [fault] = plan.faults
    const told = (one: HistoryEvent): void => event(one, headline(one))
    told({ atUs: fault.fromUs, source: 'run', kind: 'phase', phase: 'fault' })
    told({ atUs: fault.fromUs, source: 'run', kind: 'fault-in-force', fault: fault.name, primitive: 0, detail: fault.primitive })
    for (let index = 0; index < 8; index++) request(row(fault.fromUs, index < 6 ? 'us-east' : 'ap-south'))
    request(row(fault.fromUs, '', { outcome: 'timeout' }))
    request(row(fault.fromUs, 'us-east', { outcome: '5xx' }))
    request(row(fault.fromUs, 'eu-west', { source: 'witness' }))
    const lines = frame(fault.fromUs + 1_000_000, 80).split('\n')
    expect(lines[0]).toBe('regional-outage  three-regions  fault, healing in 3 s, 9 s left')
    expect(lines).toContain('fault region dark: eu-west   requests 10   failed 2')
    expect(lines.find((line) => line.includes('us-east'))).toMatch(/70 % {5}4\/s {2}median {3}25 ms {2}1 bad$/)
    expect(lines.find((line) => line.startsWith('  eu-west '))).toContain('0 %')
    expect(lines).toContain('  not served: 1 requests in the last 2 s')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80)
  })

  it('forgets the fault when its last primitive is healed, and requests after two seconds', async () => {
    const { plan, frame, event, request } = await scene()
    const [fault] = plan.faults
    const about = { source: 'run' as const, fault: fault.name, detail: fault.primitive }
    event({ atUs: 1, kind: 'fault-in-force', primitive: 0, ...about }, null)
    event({ atUs: 1, kind: 'fault-in-force', primitive: 1, ...about }, null)
    event({ atUs: 2, kind: 'fault-healed', primitive: 0, ...about }, null)
    expect(frame(3, 80)).toContain('fault region dark')
    event({ atUs: 4, kind: 'fault-healed', primitive: 1, ...about }, null)
    request(row(0, 'eu-west'))
    expect(frame(1_000_000, 80)).toMatch(/eu-west .* 100 %/)
    expect(frame(3_000_000, 80)).toContain('fault none')
    expect(frame(3_000_000, 80)).not.toContain('100 %')
  })
})
