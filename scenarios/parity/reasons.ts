// Why two substrates differ, as far as the record tells: which figure is outside, which stage the difference lies in,
// and what else was different while it happened. It names circumstances beside a difference; it does not prove causes.

import { formatMs, formatUnit } from '../judging/statistics.ts'
import { median, type Estimate } from './bootstrap.ts'
import { ratioBounds, splitBound, type RatioFigure, type SplitFigure } from './document.ts'
import type { Circumstances, RunFigures } from './run-figures.ts'

interface Compared {
  subject: readonly RunFigures[]
  reference: readonly RunFigures[]
  figures: readonly RatioFigure[]
  splits: readonly SplitFigure[]
}

const settled = ['inside', 'within-resolution', 'both-below-resolution', 'both-not-recovered', 'not-observed']

/** Empty when everything agrees. */
export function reasonsFor({ subject, reference, figures, splits }: Compared): string[] {
  const apart = figures.filter(({ agreement }) => !settled.includes(agreement))
  const split = splits.filter(({ agreement }) => agreement !== 'inside')
  if (apart.length === 0 && split.length === 0) return []
  const names = { subject: subject[0].substrate, reference: reference[0].substrate }
  const failover = apart.find(({ name }) => name === 'failover_time')
  return [
    ...apart.map((figure) => figureText(figure, names)),
    ...(failover === undefined ? [] : stageTexts(failover, figures, names)),
    ...split.map((one) => splitText(one, names)),
    ...circumstanceTexts(subject, reference, names),
  ]
}

type Names = { subject: string; reference: string }

function figureText({ name, subject, reference, ratio, agreement, words }: RatioFigure, names: Names): string {
  const medians = subject.median === null || reference.median === null ? words
    : `${names.subject} ${formatMs(subject.median)}, ${names.reference} ${formatMs(reference.median)}`
  if (agreement === 'one-sided' || ratio === null) return `${name}: ${words} (${names.subject} against ${names.reference})`
  const where = agreement === 'outside' ? `outside ${ratioBounds.low} to ${ratioBounds.high}` : `too wide to tell: ${moreRuns(ratio, subject.values.length)}`
  return `${name}: ${medians}; ratio ${two(ratio.value)} (${two(ratio.low)} to ${two(ratio.high)}), ${where}; ${spread(subject.values, names.subject)}, ${spread(reference.values, names.reference)}`
}

function spread(values: readonly number[], name: string): string {
  return `${name} ${formatMs(Math.min(...values))} to ${formatMs(Math.max(...values))} over ${values.length} runs`
}

/** An interval narrows with the root of the number of runs. */
function moreRuns({ value, low, high }: Estimate, runs: number): string {
  const room = Math.min(Math.log(ratioBounds.high / value), Math.log(value / ratioBounds.low))
  if (!(room > 0)) return 'the ratio itself is outside'
  return `about ${Math.ceil(runs * (Math.log(high / low) / 2 / room) ** 2)} runs a side would show whether it is inside`
}

/** Where in the sequence the difference arises: before detection, or after it. */
function stageTexts(failover: RatioFigure, figures: readonly RatioFigure[], names: Names): string[] {
  const detect = figures.find(({ name }) => name === 'detect')
  const [whole, first] = [failover, detect].map((figure) => (figure?.subject.median == null || figure.reference.median === null ? null : figure.subject.median - figure.reference.median))
  if (whole === null || first === null) return []
  const signed = (ms: number): string => `${ms < 0 ? '−' : '+'}${formatMs(Math.abs(ms))}`
  return [`of the ${signed(whole)} between the medians of failover_time (${names.subject} less ${names.reference}), ${signed(first)} lie before detection and ${signed(whole - first)} after it`]
}

function splitText({ phase, region, subject, reference, points, agreement }: SplitFigure, names: Names): string {
  const where = agreement === 'outside' ? `outside ±${splitBound} points` : 'too wide to tell'
  return `traffic to ${region} in phase ${phase}: ${names.subject} ${formatUnit(subject, 'share')}, ${names.reference} ${formatUnit(reference, 'share')}; `
    + `${two(points.value)} points (${two(points.low)} to ${two(points.high)}), ${where}`
}

/** A late event loop delays timers and answers; more than this is felt in a failover of a few hundred milliseconds. */
const feltLagMs = 10
const crowdedShare = 0.5

function circumstanceTexts(subject: readonly RunFigures[], reference: readonly RunFigures[], names: Names): string[] {
  const texts: string[] = []
  for (const [runs, name] of [[subject, names.subject], [reference, names.reference]] as const) {
    const lag = medianOf(runs, 'loopLagMs')
    const cpu = medianOf(runs, 'cpuShare')
    if (lag !== null && lag > feltLagMs) texts.push(`event loops of ${name} were late by up to ${formatMs(lag)} in the median run while the fault was on`)
    if (cpu !== null && cpu > crowdedShare) texts.push(`the processors of ${name} were ${formatUnit(cpu, 'share')} in use while the fault was on`)
  }
  const counted: [keyof Circumstances, string][] = [
    ['hedges', 'hedged requests'], ['retries', 'retried requests'], ['failed', 'failed probes'], ['slow', 'slow probes'],
    ['discarded', 'verdicts discarded for a late event loop'], ['falseEjections', 'false ejections'],
  ]
  for (const [key, what] of counted) {
    const [ours, theirs] = [medianOf(subject, key) ?? 0, medianOf(reference, key) ?? 0]
    if (Math.abs(ours - theirs) > Math.max(2, 0.2 * Math.max(ours, theirs))) texts.push(`${what} in the median run: ${names.subject} ${ours}, ${names.reference} ${theirs}`)
  }
  return texts
}

function medianOf(runs: readonly RunFigures[], key: keyof Circumstances): number | null {
  const values = runs.map(({ circumstances }) => circumstances[key]).filter((value) => value !== null)
  return values.length === 0 ? null : median(values)
}

function two(value: number): string {
  return String(Number(value.toFixed(2)))
}
