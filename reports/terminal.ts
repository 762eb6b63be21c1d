// What a run leaves on the terminal: the verdict, every check, how failover went, and where the reports are.

import pc from 'picocolors'
import type { Check, Verdict, VerdictValue } from '../scenarios/verdict.ts'
import { failoverWords, quantity, verdictWords, worstFirst } from './words.ts'

const paint: Record<VerdictValue, (text: string) => string> = { pass: pc.green, fail: pc.red, inconclusive: pc.yellow }
const mark: Record<VerdictValue, string> = { pass: '✓', fail: '✗', inconclusive: '?' }
const groups: Check['group'][] = ['objective', 'steady-state', 'validity']
const groupTitles: Record<Check['group'], string> = {
  objective: 'objectives', 'steady-state': 'steady state', validity: 'may the run be believed?',
}

/** The whole of it for one run. */
export function printVerdict(verdict: Verdict, reports: Record<string, string> | null): string {
  const lines = [
    '',
    `${pc.bold(paint[verdict.verdict](verdictWords[verdict.verdict]))}  ${verdict.scenario} on ${verdict.substrate}, gateway ${verdict.gateway}, seed ${verdict.seed}`,
    verdict.summary,
  ]
  for (const group of groups) {
    const checks = verdict.checks.filter((check) => check.group === group)
    if (checks.length === 0) continue
    lines.push('', pc.dim(groupTitles[group]))
    lines.push(...worstFirst(checks).flatMap(checkLines))
  }
  lines.push(...failoverLines(verdict))
  if (verdict.limits.length > 0) lines.push('', pc.dim('limits'), ...verdict.limits.map((limit) => `  ${pc.yellow('!')} ${limit}`))
  if (reports !== null) {
    lines.push('', pc.dim('reports'), ...Object.entries(reports).map(([kind, path]) => `  ${kind.padEnd(10)} ${path}`))
  }
  return `${lines.join('\n')}\n`
}

function checkLines(check: Check): string[] {
  const head = `  ${paint[check.verdict](mark[check.verdict])} ${check.name.padEnd(46)} ${quantity(check.observed, check.unit).padStart(14)}   ${pc.dim(check.objective)}`
  return check.verdict === 'pass' ? [head] : [head, ...check.evidence.slice(0, 6).map((line) => `      ${pc.dim(line)}`)]
}

function failoverLines({ failover, counts }: Verdict): string[] {
  if (failover === null) return []
  const { detectMs, decideMs, drainMs, recoverMs } = failover.stages
  const stage = (name: string, value: number | null): string => `${name} ${value === null ? pc.dim('not seen') : quantity(value, 'ms')}`
  return [
    '', pc.dim('failover'),
    `  time     ${failoverWords(failover)}, seen by clients of ${failover.groups.join(', ')}`,
    `  stages   ${[stage('detect', detectMs), stage('decide', decideMs), stage('drain', drainMs), stage('recover', recoverMs)].join('  →  ')}`,
    `  bad      ${failover.failed} failed and ${failover.slow} slow probes; ${counts.eligibleFailed} of ${counts.eligible} eligible requests failed, ${counts.hedges} hedges, ${counts.retries} retries`,
  ]
}

/** Distribution over repeats. */
export function printRepeats(verdicts: readonly Verdict[]): string {
  const count = (value: VerdictValue): number => verdicts.filter(({ verdict }) => verdict === value).length
  const times = verdicts.flatMap(({ failover }) => failover === null ? [] : [failover.notRecovered ? Infinity : failover.belowResolution ? 0 : failover.valueMs]).sort((a, b) => a - b)
  const at = (share: number): string => times.length === 0 ? 'not measured' : quantity(times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)], 'ms')
  const below = verdicts.filter(({ failover }) => failover?.belowResolution).length
  const eligibleFailed = verdicts.reduce((sum, { counts }) => sum + counts.eligibleFailed, 0)
  return [
    '', pc.bold(`${verdicts.length} runs: ${count('pass')} pass, ${count('fail')} fail, ${count('inconclusive')} inconclusive`),
    `failover_time  median ${at(0.5)}, 90th percentile ${at(0.9)}, worst ${at(1)}; ${below} below resolution (counted as 0)`,
    `eligible requests failed: ${eligibleFailed}`, '',
  ].join('\n')
}
