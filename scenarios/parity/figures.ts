// The figures of one scenario on two substrates, side by side: failover time and its stages, latency while the fault
// is on, and where the traffic went.

import { formatMs } from '../judging/statistics.ts'
import { differenceOfMeans, differenceOfMedians, median, ratioOfMedians, type Estimate } from './bootstrap.ts'
import { ratioBounds, splitBound, splitPhases, type Agreement, type RatioFigure, type SplitFigure } from './document.ts'
import type { RunFigures } from './run-figures.ts'

/** Equal runs, equal intervals. */
const bootstrapSeed = 20_260_101

type Runs = readonly RunFigures[]

/** Failover time first; what no run of either side could have is left out. */
export function ratioFigures(subject: Runs, reference: Runs): RatioFigure[] {
  const resolutionMs = Math.max(...[...subject, ...reference].map((run) => run.resolutionMs))
  const others: [RatioFigure['name'], RatioFigure['role'], (run: RunFigures) => number | null][] = [
    ['detect', 'stage', (run) => run.detectMs],
    ['drain', 'stage', (run) => run.drainMs],
    ['latency_p50', 'latency', (run) => run.latencyMs?.p50 ?? null],
    ['latency_p95', 'latency', (run) => run.latencyMs?.p95 ?? null],
  ]
  const measured = [...subject, ...reference].some(({ failover }) => failover !== null)
  return measured ? [failoverFigure(subject, reference), ...others.map(([name, role, of]) => figureOf(name, role, of, subject, reference, resolutionMs))] : []
}

/** In most of its runs nothing was measured but a bound; null = most have a value of their own. */
function boundOf(runs: Runs): 'below-resolution' | 'not-recovered' | null {
  const share = (kind: string): number => runs.filter(({ failover }) => failover?.kind === kind).length / runs.length
  return share('below-resolution') > 0.5 ? 'below-resolution' : share('not-recovered') > 0.5 ? 'not-recovered' : null
}

function failoverFigure(subject: Runs, reference: Runs): RatioFigure {
  const figure = figureOf('failover_time', 'promise', (run) => run.failover?.ms ?? null, subject, reference, 0)
  const bounds = [boundOf(subject), boundOf(reference)]
  if (bounds[0] === null && bounds[1] === null) return figure
  if (bounds[0] === 'below-resolution' && bounds[1] === 'below-resolution') {
    const resolutionMs = Math.max(...[...subject, ...reference].map((run) => run.resolutionMs))
    return { ...figure, ratio: null, agreement: 'both-below-resolution', words: `both below ${formatMs(Math.ceil(resolutionMs))}: no request was bad on either side` }
  }
  if (bounds[0] === 'not-recovered' && bounds[1] === 'not-recovered') {
    return { ...figure, ratio: null, agreement: 'both-not-recovered', words: 'neither recovered before healing' }
  }
  // A bound on one side is no value to divide by, but where that side has stopped is plain.
  const said = (bound: typeof bounds[0], ms: number | null): string => bound === 'below-resolution' ? `below ${formatMs(ms ?? 0)}` : bound === 'not-recovered' ? 'not recovered' : formatMs(ms ?? 0)
  const crossed = bounds.includes('not-recovered') || figure.agreement === 'outside'
  return { ...figure, agreement: crossed ? 'one-sided' : figure.agreement, words: `${said(bounds[0], figure.subject.median)} against ${said(bounds[1], figure.reference.median)}` }
}

function figureOf(
  name: RatioFigure['name'], role: RatioFigure['role'], of: (run: RunFigures) => number | null, subject: Runs, reference: Runs, resolutionMs: number,
): RatioFigure {
  const sides = { subject: sideOf(subject, of), reference: sideOf(reference, of) }
  const head = { name, role, unit: 'ms' as const, ...sides }
  const seen = [seenOften(sides.subject), seenOften(sides.reference)]
  if (!seen[0] && !seen[1]) return { ...head, ratio: null, agreement: 'not-observed', words: 'observed on neither side' }
  if (!seen[0] || !seen[1]) return { ...head, ratio: null, agreement: 'one-sided', words: `observed on one side only: ${seen[0] ? 'the first' : 'the second'}` }
  const [a, b] = [sides.subject.values, sides.reference.values]
  const apart = differenceOfMedians(a, b, bootstrapSeed)
  const ratio = Math.min(...b) > 0 ? ratioOfMedians(a, b, bootstrapSeed) : null
  const words = `${formatMs(sides.subject.median!)} against ${formatMs(sides.reference.median!)}`
  const agreement = ratio === null ? 'undecided' : inBounds(ratio, ratioBounds.low, ratioBounds.high)
  if (agreement !== 'inside' && Math.max(Math.abs(apart.low), Math.abs(apart.high)) < resolutionMs) {
    return { ...head, ratio, agreement: 'within-resolution', words: `${words}: less apart than the ${formatMs(Math.ceil(resolutionMs))} that probes can tell` }
  }
  return { ...head, ratio, agreement, words }
}

function sideOf(runs: Runs, of: (run: RunFigures) => number | null): RatioFigure['subject'] {
  const values = runs.map(of).filter((value) => value !== null)
  return { values, median: values.length === 0 ? null : median(values), unobserved: runs.length - values.length }
}

function seenOften({ values, unobserved }: RatioFigure['subject']): boolean {
  return values.length > unobserved
}

/** Inside when the whole interval is, outside when none of it is. */
export function inBounds({ low, high }: Estimate, least: number, most: number): Extract<Agreement, 'inside' | 'outside' | 'undecided'> {
  if (low >= least && high <= most) return 'inside'
  return high < least || low > most ? 'outside' : 'undecided'
}

/** Every region in every phase in which both sides served requests. */
export function splitFigures(subject: Runs, reference: Runs): SplitFigure[] {
  return splitPhases.flatMap((phase) => {
    const served = (runs: Runs): Record<string, number>[] => runs.map(({ shares }) => shares[phase]).filter((shares) => Object.keys(shares).length > 0)
    const [a, b] = [served(subject), served(reference)]
    if (a.length === 0 || b.length === 0) return []
    return [...new Set([...a, ...b].flatMap((shares) => Object.keys(shares)))].map((region): SplitFigure => {
      const [ours, theirs] = [a, b].map((side) => side.map((shares) => 100 * (shares[region] ?? 0)))
      const points = differenceOfMeans(ours, theirs, bootstrapSeed)
      const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length / 100
      return { phase, region, subject: mean(ours), reference: mean(theirs), points, agreement: inBounds(points, -splitBound, splitBound) }
    })
  })
}
