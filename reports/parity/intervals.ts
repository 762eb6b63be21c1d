// Parity's rows: every figure against the band that counts as parity.

import type { Comparison, ParityReport, RatioFigure, SplitFigure } from '../../scenarios/parity/document.ts'
import { intervalHead, intervalRow, position, ratioAxis, type Scale } from '../html/intervals.ts'
import { h, nothing, type Markup } from '../html/markup.ts'
import { quantity } from '../words.ts'
import { agreementTones, agreementWords, figureNames, pointsWords, ratioWords, widestByPhase } from './words.ts'

type Banded = Scale & { band: [number, number] }

/** Half to double. */
function ratioScale({ ratioLow, ratioHigh }: ParityReport['bounds']): Banded {
  return { ...ratioAxis(2, [0.5, ratioLow, 1, ratioHigh, 2]), band: [ratioLow, ratioHigh] }
}

function pointScale({ points }: ParityReport['bounds']): Banded {
  const edge = 2 * points
  const ticks = [-edge, -points, 0, points, edge].map((value) => ({ value, label: value < 0 ? `−${-value}` : value === 0 ? '0' : `+${value}` }))
  return { at: (value) => position((value + edge) / (2 * edge)), least: -edge, most: edge, band: [-points, points], middle: 0, ticks }
}

export function ratioRows({ figures, subject, reference }: Comparison, bounds: ParityReport['bounds']): Markup {
  if (figures.length === 0) return nothing
  const scale = ratioScale(bounds)
  return h`<div class="intervals">
${intervalHead('Ratio of medians', sidesOf({ subject, reference }), scale)}
${figures.map((figure) => row(figureNames[figure.name], valuesOf(figure), figure.ratio, scale, figure.agreement, figure.ratio === null ? figure.words : ratioWords(figure)))}
</div>`
}

/** The region that differs most in each phase; the table below has them all. */
export function splitRows({ splits, subject, reference }: Comparison, bounds: ParityReport['bounds']): Markup {
  if (splits.length === 0) return nothing
  const scale = pointScale(bounds)
  return h`<div class="intervals">
${intervalHead('Traffic, points apart', sidesOf({ subject, reference }), scale)}
${widestByPhase(splits).map((split) => row(`${split.phase}: ${split.region}`, sharesOf(split), split.points, scale, split.agreement, pointsWords(split)))}
</div>`
}

/** What decides, all scenarios under one another: failover time, then the traffic that differs most. */
export function overviewRows({ comparisons, bounds, substrates }: ParityReport): Markup {
  const named = ({ scenario, subject, calibratedOn }: Comparison): string =>
    `${scenario}${substrates.length > 2 ? ` (${subject.substrate})` : ''}${calibratedOn ? ' (calibrated on)' : ''}`
  const compared = comparisons.filter(({ refused }) => refused === null)
  if (compared.length === 0) return nothing
  const [ratios, points] = [ratioScale(bounds), pointScale(bounds)]
  const failovers = compared.flatMap((comparison) => comparison.figures.filter(({ role }) => role === 'promise').map((figure) => ({ comparison, figure })))
  return h`<div class="intervals">
${failovers.length === 0 ? nothing : intervalHead('Failover time', sidesOf(compared[0]), ratios)}
${failovers.map(({ comparison, figure }) => row(named(comparison), valuesOf(figure), figure.ratio, ratios, figure.agreement, figure.ratio === null ? figure.words : ratioWords(figure)))}
</div><div class="intervals">
${intervalHead('Traffic, where it differs most', sidesOf(compared[0]), points)}
${compared.map((comparison) => splitOverview(named(comparison), comparison.widestSplit, points))}
</div>`
}

function splitOverview(name: string, split: SplitFigure | null, scale: Banded): Markup {
  if (split === null) return nothing
  return row(name, sharesOf(split), split.points, scale, split.agreement, `${pointsWords(split)}, ${split.phase}: ${split.region}`)
}

function sidesOf({ subject, reference }: Pick<Comparison, 'subject' | 'reference'>): string {
  return `${subject.substrate} · ${reference.substrate}`
}

function valuesOf({ subject, reference, agreement }: RatioFigure): string {
  if (agreement === 'both-not-recovered') return 'not recovered'
  const bound = agreement === 'both-below-resolution' ? '< ' : ''
  return [subject, reference].map(({ median }) => (median === null ? '–' : `${bound}${quantity(median, 'ms')}`)).join(' · ')
}

function sharesOf({ subject, reference }: SplitFigure): string {
  return [subject, reference].map((share) => quantity(share, 'share')).join(' · ')
}

function row(
  name: string, values: string, estimate: { value: number; low: number; high: number } | null, scale: Banded, agreement: RatioFigure['agreement'], words: string,
): Markup {
  return intervalRow({ name, values, estimate, band: scale.band, tone: agreementTones[agreement], answer: agreementWords[agreement], words }, scale)
}
