// One run of one cell: what a worker is told, what it gives back, and what of a verdict a map is made from.

import type { Topology } from '../../topologies/topology.ts'
import type { RunRecord } from '../run-record.ts'
import type { Scenario } from '../scenario.ts'
import type { Check, Verdict, VerdictValue } from '../verdict.ts'

export interface TrialJob {
  scenario: Scenario
  topology: Topology
  seed: number
  /** Folder of the run; it is removed afterwards unless it is to be kept. */
  runDir: string
  keep: boolean
  /** For its run.json. */
  command: string
}

export interface Trial {
  seed: number
  /** Coded error of a run that could not be played; what it measured is not to be had. */
  error: { code: string; message: string } | null
  verdict: VerdictValue
  /** Why the run may not be believed, check by check; empty when it may. */
  doubts: string[]
  /** Null when there was nothing to measure. Milliseconds from the moment the fault was asked for. */
  failover: TrialFailover | null
  falseEjections: number
  requests: number
  failed: number
  eligible: number
  eligibleFailed: number
  /** Equal runs, equal hash; '' where the substrate keeps none. */
  trace: string
}

export interface TrialFailover {
  /** An upper bound; of no meaning when `notRecovered`. */
  valueMs: number
  resolutionMs: number
  /** No probe was bad. */
  belowResolution: boolean
  notRecovered: boolean
  /** Until the first sign of trouble was noted by a gateway; null = never. */
  detectMs: number | null
  /** Until the first request was sent elsewhere; null = never. */
  decideMs: number | null
}

export function trialOf(record: RunRecord, verdict: Verdict): Trial {
  const { failover, counts } = verdict
  return {
    seed: verdict.seed,
    error: record.error === null ? null : { code: record.error.code, message: record.error.message },
    verdict: verdict.verdict,
    doubts: doubtsOf(verdict),
    failover: failover === null ? null : {
      valueMs: failover.valueMs, resolutionMs: failover.resolutionMs, belowResolution: failover.belowResolution,
      notRecovered: failover.notRecovered, detectMs: failover.stages.detectMs, decideMs: failover.stages.decideMs,
    },
    falseEjections: counts.falseEjections, requests: counts.requests, failed: counts.failed,
    eligible: counts.eligible, eligibleFailed: counts.eligibleFailed,
    trace: record.inventory.trace?.hash ?? '',
  }
}

/** What makes a run one that may not be believed (see `overall` of `judge.ts`). */
function doubtsOf({ checks }: Verdict): string[] {
  const doubtful = ({ group, verdict }: Check): boolean =>
    (group === 'validity' && verdict !== 'pass') || (group === 'steady-state' && verdict === 'inconclusive')
  return checks.filter(doubtful).map(({ name, evidence }) => (evidence.length === 0 ? name : `${name}: ${evidence[0]}`))
}

/** A run that never came to a verdict. */
export function failedTrial(seed: number, error: { code: string; message: string }): Trial {
  return {
    seed, error: { code: error.code, message: error.message }, verdict: 'inconclusive', doubts: [`${error.code}: ${error.message}`], failover: null,
    falseEjections: 0, requests: 0, failed: 0, eligible: 0, eligibleFailed: 0, trace: '',
  }
}
