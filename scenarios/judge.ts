// The verdict on a run: a pure function of what its folder holds. The same folder gives the same bytes anywhere,
// any time, so nothing here reads a clock, a path or the machine.

import type { RequestOutcome } from '../topologies/history.ts'
import { readHistory, type History } from '../topologies/history/read.ts'
import { findFalseEjections } from './checks/false-ejections.ts'
import { rules } from './checks/index.ts'
import { invariants } from './checks/invariants.ts'
import { judgeContext, type JudgeContext } from './judging/context.ts'
import { measureFailover } from './judging/failover.ts'
import { countRows } from './judging/rows.ts'
import { rounded } from './judging/statistics.ts'
import { summarise } from './judging/summary.ts'
import { tracingFigures } from './judging/tracing-figures.ts'
import { judgeThreshold } from './judging/threshold-check.ts'
import { readRun } from './read-run.ts'
import type { RunRecord } from './run-record.ts'
import { parseThresholds } from './thresholds.ts'
import { ExitCode, verdictVersion, type Check, type Counts, type FailoverMeasurement, type PathLatency, type Verdict, type VerdictValue } from './verdict.ts'

/**
 * Judges the run in a folder. Throws RGT_RUN_FOLDER when it is no run's, RGT_HISTORY_FORMAT when its history is of a
 * later version; whatever else is missing or broken makes the verdict inconclusive.
 */
export async function judge(runDir: string): Promise<Verdict> {
  return judgeHistory(await readRun(runDir), readHistory(runDir))
}

export function judgeHistory(run: RunRecord, history: History): Verdict {
  const context = judgeContext(run, history)
  const { plan } = run
  const checks = [...Object.values(rules).flatMap((rule) => evaluate(rule.name, rule.group, () => rule.evaluate(context))), ...objectives(context)]
  const verdict = run.ended === 'complete' ? overall(checks) : 'inconclusive'
  const failover = plan.faults.length === 0 ? null : measureFailover(context)
  const document: Verdict = {
    apiVersion: verdictVersion,
    kind: 'Verdict',
    run: run.id,
    scenario: plan.scenario.name,
    topology: plan.topology.name,
    substrate: run.substrate,
    gateway: run.gateway,
    mesh: run.mesh,
    seed: plan.seed,
    verdict,
    exitCode: exitCodeOf(run, history, verdict),
    summary: '',
    checks,
    failover: failover === null || 'unknown' in failover ? null : roundedFailover(failover.measurement),
    paths: context.normal.all.map(roundedPath),
    counts: countsOf(context),
    ...tracingOf(context),
    limits: [...run.limits],
  }
  return { ...document, summary: summarise(document, run) }
}

/** The document as it stands in `verdict.json`. */
export function verdictText(verdict: Verdict): string {
  return `${JSON.stringify(verdict, null, 2)}\n`
}

/**
 * A broken invariant is a fact whatever else the run is worth. Apart from that a run that may not be believed answers
 * nothing, however clearly an objective was missed or met. Otherwise a missed objective decides, then an unanswered one.
 * What is unsupported decides nothing.
 */
export function overall(checks: readonly Check[]): VerdictValue {
  const has = (value: VerdictValue, ...groups: Check['group'][]): boolean =>
    checks.some((check) => check.verdict === value && (groups.length === 0 || groups.includes(check.group)))
  if (checks.some(({ name, verdict }) => name === invariants.name && verdict === 'fail')) return 'fail'
  if (has('inconclusive', 'validity', 'steady-state') || has('fail', 'validity')) return 'inconclusive'
  if (has('fail')) return 'fail'
  // No objective at all, or none that could be measured: nothing was answered. Invariants are asked of every run.
  const answered = checks.some(({ name, group, verdict }) => group === 'objective' && name !== invariants.name && verdict !== 'unsupported')
  return has('inconclusive') || !answered ? 'inconclusive' : 'pass'
}

function objectives(context: JudgeContext): Check[] {
  const { scenario } = context.plan
  return evaluate('thresholds', 'objective', () =>
    parseThresholds(scenario.thresholds, { file: scenario.name, path: 'spec.thresholds' }).map((threshold) => judgeThreshold(context, threshold, 'objective')))
}

function evaluate(name: string, group: Check['group'], run: () => Check[]): Check[] {
  try {
    return run()
  } catch (error) {
    const evidence = [`judging it failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`]
    return [{ name, group, verdict: 'inconclusive', objective: 'can be judged', observed: null, unit: '', evidence }]
  }
}

function exitCodeOf(run: RunRecord, history: History, verdict: VerdictValue): number {
  if (run.ended === 'interrupted' || history.events.some((event) => event.kind === 'interrupted')) return ExitCode.interrupted
  return run.ended === 'failed' ? ExitCode.toolFailed : ExitCode[verdict]
}

function countsOf(context: JudgeContext): Counts {
  const { requests, attempts } = context.history
  const rows = context.select({})
  const { codes, values } = attempts.reason
  const byReason = new Uint32Array(values.length)
  for (let row = 0; row < codes.length; row++) byReason[codes[row]]++
  const reason = (name: string): number => byReason[values.indexOf(name)] ?? 0
  const denied = (outcome: RequestOutcome): number => {
    const code = requests.outcome.codeOf(outcome)
    return countRows(rows, (row) => requests.outcome.codes[row] === code)
  }
  const accessDenied = denied('access-denied')
  return {
    requests: rows.length,
    eligible: countRows(rows, context.eligible),
    eligibleFailed: countRows(rows, (row) => context.failed(row) && context.eligible(row)),
    failed: countRows(rows, context.failed),
    residencyDenied: denied('residency'),
    ...(accessDenied === 0 ? {} : { accessDenied }),
    attempts: reason('first') + reason('retry') + reason('hedge'),
    retries: reason('retry'),
    hedges: reason('hedge'),
    falseEjections: findFalseEjections(context, {}).length,
  }
}

function tracingOf(context: JudgeContext): Pick<Verdict, 'tracing'> {
  const tracing = tracingFigures(context)
  return tracing === null ? {} : { tracing }
}

function roundedFailover(measurement: FailoverMeasurement): FailoverMeasurement {
  const { stages } = measurement
  const orNull = (ms: number | null): number | null => (ms === null ? null : rounded(ms))
  return {
    ...measurement,
    valueMs: rounded(measurement.valueMs),
    resolutionMs: rounded(measurement.resolutionMs),
    zeroUncertaintyMs: rounded(measurement.zeroUncertaintyMs),
    lastBadMs: orNull(measurement.lastBadMs),
    stages: { detectMs: orNull(stages.detectMs), decideMs: orNull(stages.decideMs), drainMs: orNull(stages.drainMs), recoverMs: orNull(stages.recoverMs) },
  }
}

function roundedPath(path: PathLatency): PathLatency {
  return { ...path, normalMs: rounded(path.normalMs), p99Ms: rounded(path.p99Ms) }
}
