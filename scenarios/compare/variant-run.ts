// What one run contributes to a comparison of variants: what parity takes from a run, and what a person chooses a mesh or
// a gateway by. A run that never started contributes its error.

import type { History } from '../../topologies/history/read.ts'
import { measures } from '../checks/measures.ts'
import { judgeContext, type JudgeContext, type Tags } from '../judging/context.ts'
import { percentileOfSorted } from '../judging/statistics.ts'
import { runFigures, type RunFigures } from '../parity/run-figures.ts'
import type { RunRecord } from '../run-record.ts'
import type { Verdict } from '../verdict.ts'

export const latencyPhases = ['steady', 'fault'] as const

/** Milliseconds. */
interface Latency { p50: number; p95: number }

/** How a run stands in its comparison; the name of its folder says it again. */
export interface Place {
  folder: string
  /** From 1. */
  round: number
  /** Second run of the first variant in its round: the control. */
  again: boolean
  /** How often it was played before in that round, because the machine had no room. */
  repeat: number
}

export interface VariantRun extends RunFigures, Place {
  gateway: string
  /** As `--mesh` takes it. */
  mesh: string
  failoverOwner: 'gateway' | 'mesh'
  verdict: Verdict['verdict']
  exitCode: number
  /** Objectives that were missed. */
  missed: string[]
  error: RunRecord['error']
  /** Failed requests that could have been saved, of load and prober, all phases but the warm-up; null when nothing was played. */
  eligibleFailed: number | null
  /** Of the affected groups' probes in the fault; null when failover could not be measured. */
  probes: { failed: number; slow: number } | null
  /** By group of clients, from the scheduled start, failures included. */
  latencyByGroup: Record<(typeof latencyPhases)[number], Record<string, Latency>>
  /** Milliseconds; null when the gateway under test tells none. */
  decisionMs: { p50: number; p99: number } | null
  /** Milliseconds from the start to the first arrival; null when it was never up. */
  upMs: number | null
  /** Of it, for the mesh; null without one. */
  meshMs: number | null
  /** Tool → version. */
  tools: Record<string, string>
}

export function variantRun(record: RunRecord, history: History, verdict: Verdict, place: Place): VariantRun {
  const context = judgeContext(record, history)
  const { gateway, mesh, error, inventory: { stagesMs, tools } } = record
  const { failover, counts } = verdict
  return {
    ...runFigures(record, history, verdict), ...place, gateway, mesh, error,
    failoverOwner: record.plan.topology.failoverOwner, verdict: verdict.verdict, exitCode: verdict.exitCode,
    missed: verdict.checks.filter(({ group, verdict: value }) => group === 'objective' && value === 'fail').map(({ name }) => name),
    eligibleFailed: counts.requests === 0 ? null : counts.eligibleFailed,
    probes: failover === null ? null : { failed: failover.failed, slow: failover.slow },
    latencyByGroup: { steady: latencies(context, 'steady'), fault: latencies(context, 'fault') },
    decisionMs: decisions(context),
    upMs: 'drill' in stagesMs ? upMs(stagesMs) : null, meshMs: stagesMs.mesh ?? null,
    tools: Object.fromEntries(Object.entries(tools).map(([tool, { version }]) => [tool, version])),
  }
}

/** Stages of a start come one after another; what follows the start is no part of it. */
function upMs(stages: Readonly<Record<string, number>>): number {
  return Object.entries(stages).reduce((sum, [stage, ms]) => (stage === 'drill' || stage === 'tear-down' ? sum : sum + ms), 0)
}

function latencies(context: JudgeContext, phase: string): Record<string, Latency> {
  return Object.fromEntries(context.plan.topology.clients.flatMap(({ name: group }) => {
    const sorted = sample(context, 'http_req_duration', { phase, group })
    return sorted === null ? [] : [[group, { p50: percentileOfSorted(sorted, 50), p95: percentileOfSorted(sorted, 95) }]]
  }))
}

function decisions(context: JudgeContext): VariantRun['decisionMs'] {
  const sorted = sample(context, 'decision_time', {})
  return sorted === null ? null : { p50: percentileOfSorted(sorted, 50), p99: percentileOfSorted(sorted, 99) }
}

function sample(context: JudgeContext, metric: 'http_req_duration' | 'decision_time', tags: Tags): Float64Array | null {
  const found = measures[metric].measure(context, tags)
  return found.kind === 'trend' && found.values.length > 0 ? found.values.slice().sort() : null
}
