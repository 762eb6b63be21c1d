// A made-up run for tests of judging: a region falls silent, its edge moves the clients within 0.1 s, and all is
// as it should be. A test changes one thing and sees what the verdict makes of it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arrivalsOf, isEligible } from '../topologies/arrivals.ts'
import type { AttemptRow, HistoryEvent, Phase, RequestRow, RequestSource, SpanRow } from '../topologies/history.ts'
import { openHistory } from '../topologies/history/open.ts'
import type { ConfigDocument, LoadSpec, StreamSpec } from '../topologies/substrate.ts'
import { usualClusters, type Topology } from '../topologies/topology.ts'
import { judge } from './judge.ts'
import type { RunRecord } from './run-record.ts'
import type { Plan, PlannedFault } from './scenario.ts'
import type { Check, Verdict } from './verdict.ts'

export interface Fixture { run: RunRecord; rows: RequestRow[]; attempts: AttemptRow[]; events: HistoryEvent[]; /** Absent = nothing was traced. */ spans?: SpanRow[] }

const s = 1_000_000
/** Zero of the fault, its healing, and the end, microseconds. */
export const times = { steady: 1 * s, fault: 6 * s, healing: 12 * s, recovered: 14 * s, end: 17 * s } as const

/** Normal latency from Europe by region, microseconds. */
const normalUs: Record<string, number> = { 'eu-west': 22_000, 'us-east': 90_000 }
/** Until then the edge still sends to the dead region, and hedges. */
const detectedUs = times.fault + 100_000

const topology: Topology = {
  name: 'two-regions', description: 'for tests',
  regions: ['eu-west', 'us-east'].map((name) => ({ name, cloud: 'aws', jurisdiction: name === 'eu-west' ? 'EU' : 'US', coordinates: { latitude: 0, longitude: 0 } })),
  edges: [{ name: 'frankfurt', coordinates: { latitude: 0, longitude: 0 }, home: 'eu-west' }],
  clients: [{ name: 'europe', coordinates: { latitude: 0, longitude: 0 }, jurisdiction: 'EU', entry: { kind: 'edge', edge: 'frankfurt' } }],
  services: [{ name: 'shop/orders:8080', regions: ['eu-west', 'us-east'], replicas: 1, response: { latencyMs: 1, jitterMs: 0, distribution: 'uniform', concurrency: null, bytes: 1, errorRate: 0 } }],
  links: [
    { from: 'clients:europe', to: 'edge:frankfurt', rttMs: 5, source: 'stated' },
    { from: 'edge:frankfurt', to: 'region:eu-west', rttMs: 15, source: 'stated' },
    { from: 'edge:frankfurt', to: 'region:us-east', rttMs: 80, source: 'stated' },
  ],
  gateway: { kind: 'reference', config: [] }, mesh: 'none', failoverOwner: 'gateway', clusters: usualClusters,
}

const configuration: ConfigDocument[] = [
  {
    apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'shop', namespace: 'shop' },
    spec: { gatewayClassName: 'regatta', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'orders', namespace: 'shop' },
    spec: { parentRefs: [{ name: 'shop' }], hostnames: ['shop.example'], rules: [{ backendRefs: [{ name: 'orders', port: 8080 }] }] },
  },
]
/** Locks the route `orders` to the European Union. */
export const unionOnly: ConfigDocument = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'ResidencyPolicy', metadata: { name: 'union', namespace: 'shop' },
  spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'orders' }], allowedJurisdictions: ['EU'], reason: 'law' },
}

const stream = (ratePerSecond: number, pinned: string | null, route = 'orders'): StreamSpec => ({
  group: 'europe', entry: null, ratePerSecond, arrivals: 'constant', seed: 1, phaseUs: 0, timeoutMs: 1000, pinned,
  templates: [{ name: route, weight: 1, method: 'GET', host: 'shop.example', path: '/', headers: {}, bodyBytes: 0 }],
})
const load = (name: string, source: RequestSource, streams: StreamSpec[], fromUs: number, toUs: number): LoadSpec =>
  ({ name, source, engine: 'open-loop', streams, fromUs, toUs })

export const outage: PlannedFault = {
  name: 'outage', kind: 'regional-outage', index: 0, symptom: { expect: 'silent' }, paths: [{ group: 'europe', region: 'eu-west' }],
  primitive: { kind: 'cut', mode: 'black-hole', on: [{ from: 'edge:frankfurt', to: 'region:eu-west' }, { from: 'region:eu-west', to: 'edge:frankfurt' }] },
  fromUs: times.fault, toUs: times.healing,
}

function planOf(): Plan {
  const marks: [Phase, number, number][] = [['warmup', 0, times.steady], ['steady', times.steady, times.fault],
    ['fault', times.fault, times.healing], ['healing', times.healing, times.recovered], ['recovered', times.recovered, times.end]]
  return {
    version: 1, topology, seed: 7, faults: [outage], affectedGroups: ['europe'], endUs: times.end, steps: [],
    phases: marks.map(([phase, fromUs, toUs]) => ({ phase, fromUs, toUs })),
    loads: [
      load('load', 'load', [stream(50, null)], 0, times.end),
      load('prober', 'prober', [stream(100, null)], 0, times.end),
      load('paths', 'path-probe', ['eu-west', 'us-east'].map((region) => stream(50, region)), times.steady, times.fault),
      load('witness', 'witness', [stream(4, 'eu-west')], times.steady, times.healing),
    ],
    scenario: {
      name: 'test-outage', description: '', mustExit: null, topology: 'two-regions', entry: null, config: [],
      loads: [{ name: 'load', kind: 'open-loop', ratePerSecond: 50, arrivals: 'constant', groups: null, timeoutMs: 1000, suite: null, mix: [] }],
      prober: { groups: null, intervalMs: 10, template: 'orders', timeoutMs: 1000 },
      timeline: { warmupUs: s, steadyUs: 5 * s, faultUs: 6 * s, healingUs: 2 * s, recoveredUs: 3 * s },
      steadyState: { http_req_failed: ['rate<0.01'] }, method: [],
      thresholds: { failover_time: ['max<5s'], eligible_failed: ['count==0'] },
      options: { collectGarbageEveryMs: 0, requireTools: [] }, file: '/somewhere/test.yaml',
    },
  }
}

const symptom = { supported: true, how: '', symptom: '' }
function runOf(plan: Plan): RunRecord {
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Run', id: 'test-run', startedAt: '2026-01-01T00:00:00.000Z', finishedAt: null, ended: 'complete', error: null,
    command: '', config: configuration, regatta: '0.1.0', node: '24', machine: { os: '', arch: '', cpuModel: '', cpus: 2, memoryBytes: 1 },
    substrate: 'local', gateway: 'reference', mesh: 'none',
    capabilities: { delay: symptom, throttle: symptom, cut: symptom, reset: symptom, pause: symptom, stop: symptom, degrade: symptom, skew: symptom, isolate: symptom, kill: symptom, evict: symptom, unready: symptom, loss: symptom, collector: symptom },
    inventory: { tools: {}, stagesMs: {}, entries: {}, admin: {}, clock: { id: 'monotonic', offsetUs: 0, uncertaintyUs: 0 } }, plan, limits: [],
  }
}

function rowsOf(plan: Plan): RequestRow[] {
  return plan.loads.flatMap((spec) => spec.streams.flatMap((one, index) => [...arrivalsOf(spec, index)].map(({ id, atUs }) => {
    const dark = atUs >= times.fault && atUs < times.healing
    const region = one.pinned ?? (dark ? 'us-east' : 'eu-west')
    const silent = one.pinned === 'eu-west' && dark
    const hedged = one.pinned === null && dark && atUs < detectedUs
    return {
      id, source: spec.source, scheduledUs: atUs, startUs: atUs + 200, group: 'europe', entry: 'edge', route: one.templates[0].name,
      durationUs: silent ? 1_000_000 : normalUs[region] + (hedged ? 300_000 : (atUs / 1000) % 3),
      protocol: 'http/1.1', method: 'GET', gateway: silent ? '' : 'frankfurt', region: silent ? '' : region, pinned: one.pinned ?? '',
      status: silent ? 0 : 200, outcome: silent ? 'timeout' : 'ok', attempts: hedged ? 2 : 1, decisionNs: 4_000,
      eligible: isEligible('GET', 0, 'edge', one.pinned), sampled: false, bytes: 256,
    } satisfies RequestRow
  })))
}

function attemptsOf(rows: readonly RequestRow[]): AttemptRow[] {
  return rows.filter((row) => row.region !== '').map((row) => ({
    requestId: row.id, attempt: 0, reason: row.pinned === '' ? 'first' : 'pinned', service: 'shop/orders:80', target: `link:${row.region}:127.0.0.1:1`,
    region: row.region, startUs: row.startUs + 10, durationUs: row.durationUs - 10, status: 200, outcome: 'ok', gateway: 'frankfurt',
  }))
}

function eventsOf(plan: Plan): HistoryEvent[] {
  const detail = outage.primitive
  const edge = { source: 'edge/frankfurt' }
  return [
    ...plan.phases.map(({ phase, fromUs }): HistoryEvent => ({ atUs: fromUs, source: 'run', kind: 'phase', phase })),
    ...Array.from({ length: 17 }, (_, i): HistoryEvent => ({ atUs: i * s + 500_000, source: 'run', kind: 'machine', cpuShare: 0.4, loopLagP99Ms: 3, freeBytes: 1e9 })),
    { atUs: times.fault, source: 'run', kind: 'fault-asked', fault: 'outage', primitive: 0, detail },
    { atUs: times.fault + 4_000, source: 'run', kind: 'fault-in-force', fault: 'outage', primitive: 0, detail },
    { atUs: times.fault + 60_000, ...edge, kind: 'target-state', target: 'link:eu-west:127.0.0.1:1', service: null, from: 'healthy', state: 'suspect', cause: 'silence' },
    { atUs: times.fault + 70_000, ...edge, kind: 'first-redirect', from: 'eu-west', to: 'us-east', cause: 'silence' },
    { atUs: times.fault + 90_000, ...edge, kind: 'target-state', target: 'link:eu-west:127.0.0.1:1', service: null, from: 'suspect', state: 'ejected', cause: 'probe-missed' },
    { atUs: times.fault + 95_000, ...edge, kind: 'pool-drained', target: 'link:eu-west:127.0.0.1:1', connections: 4 },
    { atUs: times.healing, source: 'run', kind: 'fault-heal-asked', fault: 'outage', primitive: 0, detail },
    { atUs: times.healing + 3_000, source: 'run', kind: 'fault-healed', fault: 'outage', primitive: 0, detail },
  ]
}

/** `change` works on the plan before rows and events are made from it; what is returned may be changed further. */
export function fixture(change: (plan: Plan) => void = () => {}): Fixture {
  const plan = structuredClone(planOf())
  change(plan)
  const rows = rowsOf(plan)
  return { run: structuredClone(runOf(plan)), rows, attempts: attemptsOf(rows), events: eventsOf(plan) }
}

/** Writes the run's folder; the caller removes it. */
export async function writeFixture({ run, rows, attempts, events, spans }: Fixture): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'regatta-judge-'))
  const history = openHistory(dir)
  rows.forEach(history.request)
  attempts.forEach(history.attempt)
  events.forEach(history.event)
  spans?.forEach((span) => history.span?.(span))
  await history.finalise()
  writeFileSync(join(dir, 'run.json'), JSON.stringify(run))
  return dir
}

export async function judgeFixture(made: Fixture): Promise<Verdict> {
  const dir = await writeFixture(made)
  try {
    return await judge(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The check whose name begins so. Throws when there is none, so that no test passes for want of a check. */
export function checkOf(verdict: Verdict, name: string): Check {
  const check = verdict.checks.find((one) => one.name.startsWith(name))
  if (check === undefined) throw new Error(`no check ${name} among ${verdict.checks.map((one) => one.name).join(', ')}`)
  return check
}

/** Changes rows that `which` picks. */
export function alter(made: Fixture, which: (row: RequestRow) => boolean, change: Partial<RequestRow> | ((row: RequestRow) => Partial<RequestRow>)): void {
  for (const row of made.rows) if (which(row)) Object.assign(row, typeof change === 'function' ? change(row) : change)
}
