// What a run leaves on the terminal: the verdict, every check, how failover went, and where the reports are.
// Colours only for people: a pipe or a file gets plain text.

import pc from 'picocolors'
import { formatCount } from '../scenarios/judging/statistics.ts'
import type { Check, CheckVerdict, Verdict, VerdictValue } from '../scenarios/verdict.ts'
import { tracingLines, type TracingLine } from './tracing-words.ts'
import { failoverWords, oneLine, quantity, verdictWords, worstFirst } from './words.ts'

const mark: Record<CheckVerdict, string> = { pass: '✓', fail: '✗', inconclusive: '?', unsupported: '–' }
const groups: Check['group'][] = ['objective', 'steady-state', 'validity']
const groupTitles: Record<Check['group'], string> = {
  objective: 'objectives', 'steady-state': 'steady state', validity: 'may the run be believed?',
}
/** Names longer than this are not cut, their line just gets longer. */
const widestName = 56

type Colours = ReturnType<typeof pc.createColors>

/** picocolors counts a CI server as a terminal; we do not. */
function coloursFor(colour: boolean): Colours {
  return pc.createColors(colour && pc.isColorSupported)
}

function paint(colours: Colours, verdict: CheckVerdict, text: string): string {
  return { pass: colours.green, fail: colours.red, inconclusive: colours.yellow, unsupported: colours.dim }[verdict](text)
}

/** The whole of it for one run. */
export function printVerdict(
  verdict: Verdict, reports: Record<string, string> | null, colour = process.stdout.isTTY === true, columns = process.stdout.columns ?? Infinity,
): string {
  const colours = coloursFor(colour)
  const title = (text: string): string[] => ['', colours.dim(text)]
  const width = Math.min(widestName, Math.max(0, ...verdict.checks.map(({ name }) => oneLine(name).length)))
  const lines = [
    '',
    `${colours.bold(paint(colours, verdict.verdict, verdictWords[verdict.verdict]))}  ${oneLine(`${verdict.scenario} on ${verdict.substrate}, gateway ${verdict.gateway}, seed ${verdict.seed}`)}`,
    ...verdict.summary.split('\n').map(oneLine),
  ]
  for (const group of groups) {
    const checks = verdict.checks.filter((check) => check.group === group)
    if (checks.length === 0) continue
    lines.push(...title(groupTitles[group]), ...worstFirst(checks).flatMap((check) => checkLines(colours, check, width, columns)))
  }
  if (verdict.failover !== null) lines.push(...title('failover'), ...failoverLines(colours, verdict))
  if (verdict.tracing !== undefined) lines.push(...title('tracing: processor time and octets a request, of what tracing everything costs'), ...tracingLines(verdict.tracing).map(tracingLine))
  if (verdict.limits.length > 0) lines.push(...title('limits'), ...verdict.limits.map((limit) => `  ${colours.yellow('!')} ${oneLine(limit)}`))
  if (reports !== null) lines.push(...title('reports'), ...Object.entries(reports).map(([kind, path]) => `  ${kind.padEnd(10)} ${path}`))
  return `${lines.join('\n')}\n`
}

function checkLines(colours: Colours, check: Check, width: number, columns: number): string[] {
  const name = oneLine(check.name).padEnd(width)
  const observed = quantity(check.observed, check.unit).padStart(12)
  const room = columns - `  x ${name} ${observed}   `.length
  const head = `  ${paint(colours, check.verdict, mark[check.verdict])} ${name} ${observed}   ${colours.dim(clipped(oneLine(check.objective), room))}`
  const shown = check.verdict === 'pass' ? [] : check.evidence.slice(0, 6)
  const left = check.verdict === 'pass' ? 0 : check.evidence.length - shown.length
  return [head, ...shown.map((line) => `      ${colours.dim(oneLine(line))}`), ...(left > 0 ? [`      ${colours.dim(`and ${left} more`)}`] : [])]
}

/** What does not fit on the line ends in an ellipsis; without room for sense it is left out. */
function clipped(text: string, room: number): string {
  if (text.length <= room) return text
  return room < 8 ? '' : `${text.slice(0, room - 1)}…`
}

function failoverLines(colours: Colours, { failover, counts }: Verdict): string[] {
  if (failover === null) return []
  const { detectMs, decideMs, drainMs, recoverMs } = failover.stages
  const stage = (name: string, value: number | null): string => `${name} ${value === null ? colours.dim('not seen') : quantity(value, 'ms')}`
  return [
    `  time     ${failoverWords(failover)}, seen by clients of ${oneLine(failover.groups.join(', '))}`,
    `  stages   ${[stage('detect', detectMs), stage('decide', decideMs), stage('drain', drainMs), stage('recover', recoverMs)].join('  →  ')}`,
    `  bad      ${formatCount(failover.failed)} failed and ${formatCount(failover.slow)} slow probes; ${formatCount(counts.eligibleFailed)} of ${formatCount(counts.eligible)} eligible requests failed, ${formatCount(counts.hedges)} hedges, ${formatCount(counts.retries)} retries`,
  ]
}

function tracingLine({ variant, processor, octets, kept }: TracingLine): string {
  return `  ${[variant.padEnd(12), processor, octets, kept].filter((part) => part !== '').join('  ')}`
}

/** Distribution over repeats. */
export function printRepeats(verdicts: readonly Verdict[], colour = process.stdout.isTTY === true): string {
  const count = (value: VerdictValue): number => verdicts.filter(({ verdict }) => verdict === value).length
  const times = verdicts.flatMap(({ failover }) => failover === null ? [] : [failover.notRecovered ? Infinity : failover.belowResolution ? 0 : failover.valueMs]).sort((a, b) => a - b)
  const at = (share: number): string => times.length === 0 ? 'not measured' : quantity(times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)], 'ms')
  const below = verdicts.filter(({ failover }) => failover?.belowResolution).length
  const eligibleFailed = verdicts.reduce((sum, { counts }) => sum + counts.eligibleFailed, 0)
  return [
    '', coloursFor(colour).bold(`${verdicts.length} runs: ${count('pass')} pass, ${count('fail')} fail, ${count('inconclusive')} inconclusive`),
    `failover_time  median ${at(0.5)}, 90th percentile ${at(0.9)}, worst ${at(1)}; ${below} below resolution (counted as 0)`,
    `eligible requests failed: ${formatCount(eligibleFailed)}`, '',
  ].join('\n')
}
