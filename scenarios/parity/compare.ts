// One scenario on two substrates: which runs may be compared, how they differ, and what that means for parity.

import type { VerdictValue } from '../verdict.ts'
import { level, resamples } from './bootstrap.ts'
import { ratioBounds, splitBound, type Comparison, type ParityReport, type ParityRuns } from './document.ts'
import { ratioFigures, splitFigures } from './figures.ts'
import { reasonsFor } from './reasons.ts'
import type { RunFigures } from './run-figures.ts'

export interface Side {
  substrate: string
  /** Every run that was made, the ones that may not be believed as well. */
  runs: readonly RunFigures[]
  folders?: readonly string[]
}

export interface ComparisonRequest {
  scenario: string
  subject: Side
  /** What the subject is measured against. */
  reference: Side
  /** Runs that each side must have. */
  runsAsked: number
  calibratedOn: boolean
}

export const parityBounds: ParityReport['bounds'] = {
  ratioLow: ratioBounds.low, ratioHigh: ratioBounds.high, points: splitBound, level, resamples,
}

export function compareSides({ scenario, subject, reference, runsAsked, calibratedOn }: ComparisonRequest): Comparison {
  const head = { scenario, subject: runsOf(subject), reference: runsOf(reference), calibratedOn }
  const refused = refusal([subject, reference], runsAsked)
  if (refused !== null) {
    return { ...head, verdict: 'inconclusive', refused, figures: [], splits: [], widestSplit: null, reasons: [refused] }
  }
  const [ours, theirs] = [believed(subject), believed(reference)]
  const figures = ratioFigures(ours, theirs)
  const splits = splitFigures(ours, theirs)
  const widestSplit = splits.toSorted((a, b) => Math.abs(b.points.value) - Math.abs(a.points.value))[0] ?? null
  const reasons = reasonsFor({ subject: ours, reference: theirs, figures, splits })
  return { ...head, verdict: verdictOf(figures, splits), refused: null, figures, splits, widestSplit, reasons }
}

export function believed({ runs }: Side): RunFigures[] {
  return runs.filter(({ doubts }) => doubts.length === 0)
}

function runsOf(side: Side): ParityRuns {
  const left = side.runs.filter(({ doubts }) => doubts.length > 0)
  return {
    substrate: side.substrate, believed: side.runs.length - left.length, crowded: left.filter(({ crowded }) => crowded).length,
    doubted: left.filter(({ crowded }) => !crowded).length, doubts: [...new Set(left.flatMap(({ doubts }) => doubts))], folders: [...(side.folders ?? [])],
  }
}

/** Too few runs that may be believed say nothing, whatever they show. */
function refusal(sides: readonly Side[], runsAsked: number): string | null {
  const short = sides.filter((side) => believed(side).length < runsAsked)
  if (short.length === 0) return null
  const said = short.map((side) => {
    const { believed: good, crowded, doubted } = runsOf(side)
    const why = [crowded === 0 ? '' : `in ${crowded} the machine or the load generator had no room`, doubted === 0 ? '' : `${doubted} may not be believed for another reason`]
    return `${side.substrate} has ${good} of ${runsAsked} runs${why.some((text) => text !== '') ? ` (${why.filter((text) => text !== '').join(', ')})` : ''}`
  })
  return `not compared: ${said.join('; ')}`
}

/** Promises and traffic decide; stages and latency explain. */
function verdictOf(figures: Comparison['figures'], splits: Comparison['splits']): VerdictValue {
  const decisive = [...figures.filter(({ role }) => role === 'promise'), ...splits].map(({ agreement }) => agreement)
  if (decisive.some((agreement) => agreement === 'outside' || agreement === 'one-sided')) return 'fail'
  return decisive.length === 0 || decisive.includes('undecided') ? 'inconclusive' : 'pass'
}

/** What was calibrated on is shown and does not count. */
export function overallParity(comparisons: readonly Comparison[]): Pick<ParityReport, 'verdict' | 'exitCode' | 'summary'> {
  const counted = comparisons.filter(({ calibratedOn }) => !calibratedOn)
  const of = (value: VerdictValue): string[] => counted.filter(({ verdict }) => verdict === value).map(({ scenario }) => scenario)
  const [passed, failed, open] = [of('pass'), of('fail'), of('inconclusive')]
  const verdict: VerdictValue = failed.length > 0 ? 'fail' : open.length > 0 || passed.length === 0 ? 'inconclusive' : 'pass'
  const parts = [
    `${passed.length} of ${counted.length} scenarios are inside the bounds`,
    ...(failed.length === 0 ? [] : [`outside: ${failed.join(', ')}`]),
    ...(open.length === 0 ? [] : [`cannot be told: ${open.join(', ')}`]),
  ]
  return { verdict, exitCode: { pass: 0, fail: 1, inconclusive: 2 }[verdict], summary: `${parts.join('; ')}.` }
}
