// The one sentence that a person reads first.

import type { RunRecord } from '../run-record.ts'
import type { Check, Verdict } from '../verdict.ts'
import { formatCount, formatMs, formatUnit } from './statistics.ts'

export function summarise(verdict: Verdict, run: RunRecord): string {
  const { checks, scenario, substrate } = verdict
  const unsupported = checks.filter((check) => check.verdict === 'unsupported')
  if (verdict.exitCode === 130) return `Inconclusive: ${scenario} was interrupted before it ended.`
  if (run.ended === 'failed') return `Inconclusive: ${scenario} could not be run to its end${run.error === null ? '' : ` (${run.error.code}: ${run.error.message})`}.`
  if (verdict.verdict === 'pass') return `Pass: ${failoverText(verdict)}all ${checks.length - unsupported.length} checks of ${scenario} ${unsupported.length === 0 ? 'hold' : `that ${substrate} can measure hold, ${unsupported.length} cannot be judged there`}.`
  const wanted = verdict.verdict === 'fail' ? 'fail' : 'inconclusive'
  const decisive = checks.filter((check) => check.verdict === wanted)
  const first = decisive.find((check) => check.group !== 'objective') ?? decisive.find(({ name }) => name === 'invariants') ?? decisive[0]
  const others = decisive.length > 1 ? `, and ${decisive.length - 1} more` : ''
  const lead = verdict.verdict === 'fail' ? `Fail: ${scenario} missed` : `Inconclusive: ${scenario} cannot be judged by`
  if (first !== undefined) return `${lead} ${first.name} (${reason(first)})${others}.`
  const asked = unsupported.find(({ group }) => group === 'objective')
  return asked === undefined
    ? `Inconclusive: ${scenario} states no objective.`
    : `Inconclusive: ${scenario} states no objective that ${substrate} can measure (${asked.evidence[0] ?? asked.name}).`
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
