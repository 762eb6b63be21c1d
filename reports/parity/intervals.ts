// One row a figure: where its interval lies against the band that counts as parity. Words and shapes are HTML with
// positions in per cent, so that nothing is stretched on any screen.

import type { Comparison, ParityReport, RatioFigure, SplitFigure } from '../../scenarios/parity/document.ts'
import { h, nothing, type Markup } from '../html/markup.ts'
import { quantity } from '../words.ts'
import { agreementTones, agreementWords, figureNames, pointsWords, ratioWords, widestByPhase } from './words.ts'

/** A scale in per cent of the plot's width; what lies beyond is held at the edge and marked. */
interface Scale { at(value: number): number; least: number; most: number; band: [number, number]; middle: number; ticks: { value: number; label: string }[] }

/** Ratios: half to double, logarithmic, because 0.8 and 1.25 are equally far from 1. */
function ratioScale({ ratioLow, ratioHigh }: ParityReport['bounds']): Scale {
  const ticks = [0.5, ratioLow, 1, ratioHigh, 2].map((value) => ({ value, label: String(value) }))
  return { at: (value) => position(Math.log(value / 0.5) / Math.log(4)), least: 0.5, most: 2, band: [ratioLow, ratioHigh], middle: 1, ticks }
}

function pointScale({ points }: ParityReport['bounds']): Scale {
  const edge = 2 * points
  const ticks = [-edge, -points, 0, points, edge].map((value) => ({ value, label: value < 0 ? `−${-value}` : value === 0 ? '0' : `+${value}` }))
  return { at: (value) => position((value + edge) / (2 * edge)), least: -edge, most: edge, band: [-points, points], middle: 0, ticks }
}

function position(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 100
}

export function ratioRows({ figures, subject, reference }: Comparison, bounds: ParityReport['bounds']): Markup {
  if (figures.length === 0) return nothing
  const scale = ratioScale(bounds)
  return h`<div class="intervals">
${axis('Ratio of medians', sidesOf({ subject, reference }), scale)}
${figures.map((figure) => row(figureNames[figure.name], valuesOf(figure), figure.ratio, scale, figure.agreement, figure.ratio === null ? figure.words : ratioWords(figure)))}
</div>`
}

/** The region that differs most in each phase; the table below has them all. */
export function splitRows({ splits, subject, reference }: Comparison, bounds: ParityReport['bounds']): Markup {
  if (splits.length === 0) return nothing
  const scale = pointScale(bounds)
  return h`<div class="intervals">
${axis('Traffic, points apart', sidesOf({ subject, reference }), scale)}
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
${failovers.length === 0 ? nothing : axis('Failover time', sidesOf(compared[0]), ratios)}
${failovers.map(({ comparison, figure }) => row(named(comparison), valuesOf(figure), figure.ratio, ratios, figure.agreement, figure.ratio === null ? figure.words : ratioWords(figure)))}
</div><div class="intervals">
${axis('Traffic, where it differs most', sidesOf(compared[0]), points)}
${compared.map((comparison) => splitOverview(named(comparison), comparison.widestSplit, points))}
</div>`
}

function splitOverview(name: string, split: SplitFigure | null, scale: Scale): Markup {
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

function axis(label: string, values: string, scale: Scale): Markup {
  return h`<div class="interval head"><span class="what">${label}</span><span class="values">${values}</span>
<span class="ruler" aria-hidden="true">${scale.ticks.map(({ value, label: text }) => h`<i style="left:${scale.at(value)}%">${text}</i>`)}</span><span class="said"></span></div>`
}

function row(
  name: string, values: string, estimate: { value: number; low: number; high: number } | null, scale: Scale, agreement: RatioFigure['agreement'], words: string,
): Markup {
  const tone = agreementTones[agreement]
  return h`<div class="interval ${tone}"><span class="what">${name}</span><span class="values">${values}</span>
<span class="line" role="img" aria-label="${words}">${band(scale)}${estimate === null ? nothing : mark(estimate, scale)}</span>
<span class="said"><b>${agreementWords[agreement]}</b> <span>${words}</span></span></div>`
}

function band({ at, band: [low, high], middle }: Scale): Markup {
  return h`<i class="band" style="left:${at(low)}%;width:${at(high) - at(low)}%"></i><i class="middle" style="left:${at(middle)}%"></i>`
}

function mark({ value, low, high }: { value: number; low: number; high: number }, { at, least, most }: Scale): Markup {
  const beyond = `${low < least ? ' before' : ''}${high > most ? ' after' : ''}`
  return h`<i class="whisker${beyond}" style="left:${at(low)}%;width:${at(high) - at(low)}%"></i><i class="dot" style="left:${at(value)}%"></i>`
}
