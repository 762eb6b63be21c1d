// How variants and their figures are put into words, the same on the terminal and on the page.

import type { Comparison, Figure, PlayedRun, Told, Variant } from '../../scenarios/compare/document.ts'
import { failoverValues } from '../../scenarios/compare/words.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { quantity } from '../words.ts'

const names: Record<Figure['name'], string> = {
  failover_time: 'failover time', failed_probes: 'failed probes', slow_probes: 'slow probes', eligible_failed: 'failed eligible requests',
  latency_p50: 'latency, median', latency_p95: 'latency, p95', decision_p50: 'decision, median', decision_p99: 'decision, p99',
}

/** `latency, p95: europe, in the fault`. */
export function figureName({ name, phase, group }: Figure): string {
  if (group === null) return names[name]
  return `${names[name]}: ${group}, ${phase === 'fault' ? 'in the fault' : 'steady'}`
}

/** What a difference means, as a class of verdicts and a word before the words: more of any figure is worse. */
export function meaningOf({ name, difference }: Figure): { tone: 'pass' | 'fail' | 'inconclusive' | 'quiet'; answer: string } {
  // Fewer slow probes may be failed ones.
  if (difference?.told === 'less') return name === 'slow_probes' ? { tone: 'quiet', answer: '' } : { tone: 'pass', answer: 'better' }
  if (difference?.told === 'more') return { tone: 'fail', answer: 'worse' }
  return { tone: difference?.told === 'not-compared' ? 'inconclusive' : 'quiet', answer: '' }
}

/** What all figures of a variant were worth: those told apart, the rest, and a sentence when nothing could be compared. */
export function sorted({ figures }: Variant): { apart: Figure[]; alike: Figure[]; none: string | null } {
  const told = (...words: Told[]): Figure[] => figures.filter(({ difference }) => difference !== null && words.includes(difference.told))
  const [apart, alike, none] = [told('more', 'less'), told('not-apart'), told('not-compared')]
  return { apart, alike, none: none.length === 0 ? null : none.length === figures.length ? none[0].difference!.words : `${none.length} not compared` }
}

/** How the whole ended, as a class and a word of verdicts. */
export function endOf({ exitCode }: Pick<Comparison, 'exitCode'>): { tone: 'pass' | 'fail' | 'inconclusive'; word: string } {
  if (exitCode === ExitCode.pass) return { tone: 'pass', word: 'PASS' }
  if (exitCode === ExitCode.fail) return { tone: 'fail', word: 'FAIL' }
  if (exitCode === ExitCode.toolFailed) return { tone: 'fail', word: 'NOT ALL CAME UP' }
  return { tone: 'inconclusive', word: exitCode === ExitCode.interrupted ? 'INTERRUPTED' : 'INCONCLUSIVE' }
}

/** `2 pass, 1 fail`. */
export function verdictCounts({ verdicts, counts }: Variant): string {
  const parts = [...Object.entries(verdicts), ['failed to run', counts.failed] as const].filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`)
  return parts.length === 0 ? 'not played' : parts.join(', ')
}

export function figure({ figures }: Variant, name: Figure['name']): Figure {
  return figures.find((one) => one.name === name)!
}

/** `609 ms (540 ms to 702 ms)`; where some are bounds each is said: `2 x < 10 ms, 31 ms`. */
export function spreadWords({ median, min, max, unit }: Figure): string {
  if (median === null || min === null || max === null) return '–'
  const said = quantity(median, unit)
  return min === max ? said : `${said} (${quantity(min, unit)} to ${quantity(max, unit)})`
}

/** Of counted runs. */
export function failoverWords(variant: Variant): string {
  const counted = variant.runs.filter((run) => run.counted)
  if (counted.length === 0) return '–'
  const bounded = counted.some(({ failover }) => failover === null || failover.kind !== 'measured')
  return bounded ? failoverValues(counted.map(({ failover }) => failover)) : spreadWords(figure(variant, 'failover_time'))
}

/** Why figures of some runs do not count; null when all do. */
export function leftOut({ counts: { crowded, doubted, failed } }: Variant): string | null {
  const parts = [
    ...(crowded === 0 ? [] : [`${crowded} without room on the machine`]), ...(doubted === 0 ? [] : [`${doubted} not to be believed`]), ...(failed === 0 ? [] : [`${failed} failed to run`]),
  ]
  return parts.length === 0 ? null : `left out: ${parts.join(', ')}`
}

/** Each once, however many runs had it. */
export function errorsOf({ runs }: Variant): { text: string; details: string[] }[] {
  const errors = new Map(runs.flatMap(({ error }) => (error === null ? [] : [[`${error.code} ${error.message}`, error] as const])))
  return [...errors.values()].map(({ code, message, details }) => ({ text: `${code}: ${message}`, details }))
}

/** What came of one run. */
export function runWords({ verdict, missed, counted, doubts, error }: PlayedRun): string {
  if (error !== null) return `${error.code}: ${error.message}`
  if (!counted) return `${verdict}; left out: ${doubts.join('; ')}`
  return missed.length === 0 ? verdict : `${verdict}: missed ${missed.join(', ')}`
}

export function ownerWords({ failoverOwner }: Variant): string {
  return failoverOwner ?? 'not known'
}

/** `14.2 s (mesh 10.7 s)`. */
export function upWords({ upMs, meshMs }: Variant): string {
  if (upMs === null) return '–'
  return `${quantity(upMs, 'ms')}${meshMs === null ? '' : ` (mesh ${quantity(meshMs, 'ms')})`}`
}

export function toolWords({ tools }: Variant): string {
  return Object.entries(tools).map(([tool, version]) => `${tool} ${version}`).join(', ')
}
