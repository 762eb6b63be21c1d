// What one run contributes to a comparison: its figures, whether it may be believed, and the circumstances that may
// explain a difference.

import type { Phase } from '../../topologies/history.ts'
import type { History } from '../../topologies/history/read.ts'
import { judgeContext, type JudgeContext } from '../judging/context.ts'
import { mean, percentile } from '../judging/statistics.ts'
import type { RunRecord } from '../run-record.ts'
import type { Check, Verdict } from '../verdict.ts'
import { splitPhases } from './document.ts'

export interface RunFigures {
  run: string
  scenario: string
  substrate: string
  seed: number
  /** What keeps the run from being believed; empty = it is compared. */
  doubts: string[]
  /** The doubts are the machine's or the generator's alone: another try may do. */
  crowded: boolean
  failover: { kind: 'measured' | 'below-resolution' | 'not-recovered'; ms: number } | null
  resolutionMs: number
  detectMs: number | null
  drainMs: number | null
  /** Of the affected groups' probes in the fault phase, from their scheduled start. */
  latencyMs: { p50: number; p95: number } | null
  /** Share of accepted requests by serving region, 0 to 1; a phase without any is empty. */
  shares: Record<(typeof splitPhases)[number], Record<string, number>>
  circumstances: Circumstances
}

export interface Circumstances {
  /** Highest p99 of the runner's event loop in the fault phase, milliseconds; null where nobody measured (virtual time). */
  loopLagMs: number | null
  /** Mean use of the processors in the fault phase, 0 to 1. */
  cpuShare: number | null
  hedges: number
  retries: number
  failed: number
  slow: number
  /** Verdicts that gateways discarded because their own event loop was late. */
  discarded: number
  falseEjections: number
}

const roomChecks = ['machine-room', 'generator']

export function runFigures(run: RunRecord, history: History, verdict: Verdict): RunFigures {
  const context = judgeContext(run, history)
  const doubtful = verdict.checks.filter(({ group, verdict: value }) => group !== 'objective' && value !== 'pass')
  const { failover } = verdict
  return {
    run: run.id, scenario: verdict.scenario, substrate: run.substrate, seed: verdict.seed,
    doubts: [...(run.ended === 'complete' ? [] : [`ended ${run.ended}${run.error === null ? '' : `: ${run.error.code}`}`]), ...doubtful.map(doubtOf)],
    crowded: run.ended === 'complete' && doubtful.some(({ name }) => roomChecks.includes(name)),
    failover: failover === null ? null : {
      kind: failover.notRecovered ? 'not-recovered' : failover.belowResolution ? 'below-resolution' : 'measured', ms: failover.valueMs,
    },
    resolutionMs: failover?.resolutionMs ?? run.plan.scenario.prober.intervalMs,
    detectMs: failover?.stages.detectMs ?? null,
    drainMs: failover?.stages.drainMs ?? null,
    latencyMs: latencyInFault(context),
    shares: Object.fromEntries(splitPhases.map((phase) => [phase, sharesIn(context, phase)])) as RunFigures['shares'],
    circumstances: circumstancesOf(context, verdict),
  }
}

function doubtOf({ name, evidence }: Check): string {
  return evidence.length === 0 ? name : `${name}: ${evidence[0]}`
}

function latencyInFault(context: JudgeContext): RunFigures['latencyMs'] {
  const values = Float64Array.from(context.plan.affectedGroups.flatMap((group) =>
    Array.from(context.select({ source: 'prober', phase: 'fault', group }), (row) => context.latencyMs(row)))).sort()
  return values.length === 0 ? null : { p50: percentile(values, 50), p95: percentile(values, 95) }
}

function sharesIn(context: JudgeContext, phase: Phase): Record<string, number> {
  const { requests } = context.history
  const accepted = Array.from(context.select({ phase })).filter((row) => requests.outcome.at(row) === 'ok' && requests.region.at(row) !== '')
  const counts = new Map<string, number>()
  for (const row of accepted) counts.set(requests.region.at(row), (counts.get(requests.region.at(row)) ?? 0) + 1)
  return Object.fromEntries(context.plan.topology.regions.flatMap(({ name }) =>
    (accepted.length === 0 ? [] : [[name, (counts.get(name) ?? 0) / accepted.length] as const])))
}

function circumstancesOf(context: JudgeContext, { counts, failover }: Verdict): Circumstances {
  const { events } = context.history
  const fault = context.phases.find(({ phase }) => phase === 'fault')
  const machine = events.filter((event) => event.kind === 'machine')
    .filter(({ atUs }) => fault !== undefined && atUs >= fault.fromUs && atUs < fault.toUs)
  return {
    loopLagMs: machine.length === 0 ? null : machine.reduce((most, { loopLagP99Ms }) => Math.max(most, loopLagP99Ms), 0),
    cpuShare: machine.length === 0 ? null : mean(machine.map(({ cpuShare }) => cpuShare)),
    hedges: counts.hedges, retries: counts.retries, failed: failover?.failed ?? 0, slow: failover?.slow ?? 0,
    discarded: events.filter(({ kind }) => kind === 'verdict-discarded').length,
    falseEjections: counts.falseEjections,
  }
}
