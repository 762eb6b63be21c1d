// A made-up run of a catalogue scenario, for tests of reports: every arrival of the real plan, answered as a good
// gateway would answer it. Nothing is random, so the same fixture gives the same page.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeRegion, regionsByDistance } from '../../scenarios/faults/paths.ts'
import { judge, verdictText } from '../../scenarios/judge.ts'
import { pathRttMs } from '../../scenarios/judging/paths.ts'
import { loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { overlay } from '../../scenarios/overlay.ts'
import { plan as planOf } from '../../scenarios/plan.ts'
import type { RunRecord } from '../../scenarios/run-record.ts'
import type { Plan } from '../../scenarios/scenario.ts'
import { ArrivalCursor, isEligible, requestId, streamLabel, uniformAt } from '../../topologies/arrivals.ts'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import type { AttemptRow, HistoryEvent, RequestRow } from '../../topologies/history.ts'
import { openHistory } from '../../topologies/history/open.ts'
import { loadTopology } from '../../topologies/load.ts'
import type { ConfigDocument, LoadSpec } from '../../topologies/substrate.ts'
import type { ClientGroup } from '../../topologies/topology.ts'

export interface FixtureOptions {
  scenario?: string
  topology?: string
  /** Every rate times this. */
  rate?: number
  /** Requests of these milliseconds after the fault time out instead of being saved. */
  lost?: [number, number]
  limits?: string[]
  /** Replaced in every text of the run: name → what stands there instead. */
  rename?: Record<string, string>
}

/** From the fault, microseconds. */
const stages = { detect: 163_000, decide: 164_000, drain: 301_000 }

/** Writes and judges the folder of a made-up run; the caller removes it. */
export async function writeFixtureRun(options: FixtureOptions = {}): Promise<string> {
  const loaded = await loadScenarioAndTopology(options.scenario ?? 'regional-outage', { fast: true })
  const { scenario } = loaded
  const topology = options.topology === undefined ? loaded.topology : await loadTopology(options.topology)
  const plan = structuredClone(planOf(scenario, topology, 42)) as Plan
  for (const stream of plan.loads.flatMap((load) => load.streams)) stream.ratePerSecond *= options.rate ?? 1
  const rename = renamer(options.rename ?? {})
  const dir = mkdtempSync(join(tmpdir(), 'regatta-report-'))
  const history = openHistory(dir)
  for (const load of plan.loads) {
    load.streams.forEach((_, index) => {
      for (const row of rowsOf(plan, load, index, options)) {
        history.request(rename(row))
        attemptsOf(row, plan).forEach((attempt) => history.attempt(rename(attempt)))
      }
    })
  }
  eventsOf(plan).forEach((event) => history.event(rename(event)))
  await history.finalise()
  writeFileSync(join(dir, 'run.json'), JSON.stringify(rename(recordOf(plan, overlay(await gatewayConfig(topology), scenario.config), options))))
  writeFileSync(join(dir, 'verdict.json'), verdictText(await judge(dir)))
  return dir
}

function renamer(names: Record<string, string>): <Value>(value: Value) => Value {
  const pairs = Object.entries(names).map(([from, to]) => [from, JSON.stringify(to).slice(1, -1)])
  if (pairs.length === 0) return (value) => value
  return (value) => JSON.parse(pairs.reduce((text, [from, to]) => text.replaceAll(from, to), JSON.stringify(value))) as typeof value
}

function* rowsOf(plan: Plan, load: LoadSpec, index: number, options: FixtureOptions): Generator<RequestRow> {
  const cursor = new ArrivalCursor(load, load.streams[index])
  const { stream } = cursor
  const group = plan.topology.clients.find(({ name }) => name === stream.group) as ClientGroup
  const label = streamLabel(load, index)
  while (cursor.next()) {
    const template = stream.templates[cursor.template]
    const { region, extraUs, outcome } = serve(plan, group, stream.pinned, cursor.atUs, options)
    const jitterUs = 2000 + Math.floor(uniformAt(stream.seed, cursor.index, 7) ** 6 * 20_000)
    const pathUs = pathRttMs(plan.topology, group.name, '', region) * 1000
    yield {
      id: requestId(label, cursor.index), source: load.source, scheduledUs: cursor.atUs, startUs: cursor.atUs + 150,
      durationUs: Math.round(outcome === 'timeout' ? stream.timeoutMs * 1000 : pathUs + jitterUs + extraUs), group: group.name, entry: group.entry.kind,
      route: template.name, protocol: 'http/1.1', method: template.method, gateway: group.entry.kind === 'edge' ? group.entry.edge : '',
      region: outcome === 'ok' ? region : '', pinned: stream.pinned ?? '', status: outcome === 'ok' ? 200 : 0, outcome,
      attempts: outcome === 'ok' && extraUs > 0 ? 2 : 1, decisionNs: 4000 + (cursor.index % 50) * 100,
      eligible: isEligible(template.method, template.bodyBytes, group.entry.kind, stream.pinned), sampled: false, bytes: 512,
    }
  }
}

/** Who serves a request of a time, and what the fault adds to it. */
function serve(plan: Plan, group: ClientGroup, pinned: string | null, atUs: number, { lost }: FixtureOptions): { region: string; extraUs: number; outcome: 'ok' | 'timeout' } {
  const dark = plan.faults.find(({ fromUs, toUs, paths }) => atUs >= fromUs && atUs < toUs && paths.some(({ region }) => region === (pinned ?? homeRegion(plan.topology, group))))
  const [home, next] = pinned === null ? regionsByDistance(plan.topology, group) : [pinned, pinned]
  if (dark === undefined) {
    const back = plan.faults.find(({ toUs, paths }) => atUs >= toUs && atUs < toUs + 2_000_000 && paths.some(({ region }) => region === home))
    return { region: pinned === null && back !== undefined ? next : home, extraUs: 0, outcome: 'ok' }
  }
  const sinceUs = atUs - dark.fromUs
  if (pinned !== null || (lost !== undefined && sinceUs >= lost[0] * 1000 && sinceUs < lost[1] * 1000)) return { region: home, extraUs: 0, outcome: 'timeout' }
  return { region: next, extraUs: Math.max(0, stages.drain - sinceUs), outcome: 'ok' }
}

function attemptsOf(row: RequestRow, plan: Plan): AttemptRow[] {
  if (row.source === 'path-probe' || row.source === 'witness') return []
  const attempt = (index: number, reason: AttemptRow['reason'], region: string): AttemptRow => ({
    requestId: row.id, attempt: index, reason, service: 'shop/catalog:8080', target: `link:${region}:127.0.0.1:1`, region, startUs: row.startUs + 100 + index * 160_000,
    durationUs: row.durationUs, status: row.status, outcome: row.outcome === 'ok' ? 'ok' : 'timeout', gateway: row.gateway,
  })
  const first = row.attempts > 1 ? (plan.faults[0]?.paths[0]?.region ?? row.region) : row.region
  return row.attempts > 1 ? [attempt(0, 'first', first), attempt(1, 'hedge', row.region)] : [attempt(0, 'first', first)]
}

function eventsOf(plan: Plan): HistoryEvent[] {
  const events: HistoryEvent[] = plan.phases.map(({ phase, fromUs }) => ({ atUs: fromUs, source: 'run', kind: 'phase', phase }))
  for (let atUs = 500_000; atUs < plan.endUs; atUs += 1_000_000) {
    events.push({ atUs, source: 'run', kind: 'machine', cpuShare: 0.35 + 0.1 * Math.sin(atUs / 2e6), loopLagP99Ms: 4, freeBytes: 8e9 })
  }
  for (const { name, index, primitive, fromUs, toUs, paths } of plan.faults) {
    const about = { source: 'run' as const, fault: name, primitive: index, detail: primitive }
    events.push({ atUs: fromUs, kind: 'fault-asked', ...about }, { atUs: fromUs + 3_000, kind: 'fault-in-force', ...about },
      { atUs: toUs, kind: 'fault-heal-asked', ...about }, { atUs: toUs + 2_000, kind: 'fault-healed', ...about })
    for (const { group, region } of paths) {
      const entry = plan.topology.clients.find((client) => client.name === group)?.entry
      const source = entry?.kind === 'edge' ? `edge/${entry.edge}` : `gateway/${region}`
      const target = `link:${region}:127.0.0.1:1`
      const next = plan.topology.regions.find((other) => other.name !== region)?.name ?? region
      events.push(
        { atUs: fromUs + stages.detect, source, kind: 'target-state', target, service: null, from: 'healthy', state: 'suspect', cause: 'silence' },
        { atUs: fromUs + stages.decide, source, kind: 'first-redirect', from: region, to: next, cause: 'silence' },
        { atUs: fromUs + stages.drain, source, kind: 'target-state', target, service: null, from: 'suspect', state: 'ejected', cause: 'silence' },
        { atUs: fromUs + stages.drain, source, kind: 'pool-drained', target, connections: 4 },
        { atUs: fromUs + stages.drain, source, kind: 'region-state', region, state: 'draining', cause: 'silence' },
        { atUs: toUs + 1_200_000, source, kind: 'region-state', region, state: 'recovering', cause: 'probe-succeeded' },
        { atUs: toUs + 3_200_000, source, kind: 'region-state', region, state: 'serving', cause: 'region-recovered' },
      )
    }
  }
  return events
}

function recordOf(plan: Plan, config: ConfigDocument[], { limits }: FixtureOptions): RunRecord {
  const can = { supported: true, how: 'made up', symptom: 'as the fixture says' }
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Run', id: 'fixture', startedAt: '2026-01-02T03:04:05.678Z', finishedAt: '2026-01-02T03:04:45.000Z',
    ended: 'complete', error: null, command: `regatta run ${plan.scenario.name} --on local --seed ${plan.seed}`, regatta: '0.1.0', node: 'v24.0.0',
    machine: { os: 'linux', arch: 'x64', cpuModel: 'made up', cpus: 2, memoryBytes: 8 * 2 ** 30 }, substrate: 'local', gateway: 'reference', mesh: 'none',
    capabilities: { delay: can, throttle: can, cut: can, reset: can, pause: can, stop: can, degrade: can, isolate: can, kill: can, evict: can, unready: can, loss: can, collector: can, skew: { supported: false, how: 'needs a clock of its own', symptom: '' } },
    inventory: {
      tools: { k6: { version: '1.8.1', origin: 'path' }, toxiproxy: { version: '2.12.0', origin: 'embedded', reason: 'not found and not installed' } },
      stagesMs: { tools: 120, processes: 900, links: 80, snapshots: 210 }, entries: {}, admin: {}, clock: { id: 'monotonic', offsetUs: 0, uncertaintyUs: 1 },
    },
    plan, config, limits: limits ?? [],
  }
}
