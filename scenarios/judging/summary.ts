// The one sentence that a person reads first.

import type { RunRecord } from '../run-record.ts'
import type { Check, Verdict } from '../verdict.ts'
import { formatCount, formatMs, formatUnit } from './statistics.ts'

export function summarise(verdict: Verdict, run: RunRecord): string {
  const { checks, scenario } = verdict
  if (verdict.exitCode === 130) return `Inconclusive: ${scenario} was interrupted before it ended.`
  if (run.ended === 'failed') return `Inconclusive: ${scenario} could not be run to its end${run.error === null ? '' : ` (${run.error.code}: ${run.error.message})`}.`
  if (verdict.verdict === 'pass') return `Pass: ${failoverText(verdict)}all ${checks.length} checks of ${scenario} hold.`
  const wanted = verdict.verdict === 'fail' ? 'fail' : 'inconclusive'
  const decisive = checks.filter((check) => check.verdict === wanted)
  const first = decisive.find((check) => check.group !== 'objective') ?? decisive.find(({ name }) => name === 'invariants') ?? decisive[0]
  const others = decisive.length > 1 ? `, and ${decisive.length - 1} more` : ''
  const lead = verdict.verdict === 'fail' ? `Fail: ${scenario} missed` : `Inconclusive: ${scenario} cannot be judged by`
  return first === undefined ? `Inconclusive: ${scenario} states no objective.` : `${lead} ${first.name} (${reason(first)})${others}.`
}

function failoverText({ failover, counts }: Verdict): string {
  if (failover === null) return ''
  const time = failover.belowResolution ? `under ${formatMs(failover.resolutionMs)}` : formatMs(failover.valueMs)
  return `failover took ${time}, ${formatCount(counts.eligibleFailed)} of ${formatCount(counts.eligible)} eligible requests failed, and `
}

function reason(check: Check): string {
  if (check.verdict === 'fail' && check.observed !== null) return `observed ${formatUnit(check.observed, check.unit)}`
  return check.evidence[0] ?? 'no evidence'
}
