// How a comparison is put into words, the same on the terminal and on the page.

import type { Agreement, RatioFigure, SplitFigure } from '../../scenarios/parity/document.ts'

export const figureNames: Record<RatioFigure['name'], string> = {
  failover_time: 'failover time', detect: 'detected after', drain: 'drained after', latency_p50: 'latency in the fault, median', latency_p95: 'latency in the fault, p95',
}

export const agreementWords: Record<Agreement, string> = {
  inside: 'inside', outside: 'OUTSIDE', undecided: 'too wide to tell', 'within-resolution': 'inside', 'both-below-resolution': 'agrees',
  'both-not-recovered': 'agrees', 'not-observed': 'on neither', 'one-sided': 'ONE SIDE ONLY',
}

/** Class of the same name as a verdict's, for colour. */
export const agreementTones: Record<Agreement, 'pass' | 'fail' | 'inconclusive' | 'quiet'> = {
  inside: 'pass', outside: 'fail', undecided: 'inconclusive', 'within-resolution': 'pass', 'both-below-resolution': 'pass',
  'both-not-recovered': 'pass', 'not-observed': 'quiet', 'one-sided': 'fail',
}

/** `0.94 (0.91 to 0.99)`, and why it counts when the ratio is not what decides. */
export function ratioWords({ ratio, agreement, words }: RatioFigure): string {
  if (ratio === null) return words
  const said = `${two(ratio.value)} (${two(ratio.low)} to ${two(ratio.high)})`
  return agreement === 'within-resolution' ? `${said}, less apart than probes can tell` : agreement === 'one-sided' ? `${said}: ${words}` : said
}

/** `+0.4 points (0.1 to 0.7)`. */
export function pointsWords({ points }: Pick<SplitFigure, 'points'>): string {
  return `${points.value > 0 ? '+' : ''}${two(points.value)} points (${two(points.low)} to ${two(points.high)})`
}

/** The region that differs most in each phase. */
export function widestByPhase(splits: readonly SplitFigure[]): SplitFigure[] {
  const apart = ({ points }: SplitFigure): number => Math.abs(points.value)
  return [...new Set(splits.map(({ phase }) => phase))].map((name) =>
    splits.filter(({ phase }) => phase === name).reduce((most, split) => (apart(split) > apart(most) ? split : most)))
}

function two(value: number): string {
  const text = value.toFixed(2)
  return Number(text) === 0 ? '0.00' : text
}
