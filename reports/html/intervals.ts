// One row a figure: where its interval lies against a band. Words and shapes are HTML with positions in per cent, so that
// nothing is stretched on any screen.

import { h, nothing, type Markup } from './markup.ts'

/** A scale in per cent of the plot's width; what lies beyond is held at the edge and marked. */
export interface Scale { at(value: number): number; least: number; most: number; middle: number; ticks: { value: number; label: string }[] }

/** Ratios from 1/`most` to `most`, logarithmic, because 0.8 and 1.25 are equally far from 1. */
export function ratioAxis(most: number, ticks: readonly number[]): Scale {
  const least = 1 / most
  return { at: (value) => position(Math.log(value / least) / Math.log(most / least)), least, most, middle: 1, ticks: ticks.map((value) => ({ value, label: String(value) })) }
}

/** Per cent of a share of the width, held at its edges. */
export function position(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 100
}

export function intervalHead(label: string, values: string, scale: Scale): Markup {
  return h`<div class="interval head"><span class="what">${label}</span><span class="values">${values}</span>
<span class="ruler" aria-hidden="true">${scale.ticks.map(({ value, label: text }) => h`<i style="left:${scale.at(value)}%">${text}</i>`)}</span><span class="said"></span></div>`
}

export interface IntervalRow {
  name: string
  values: string
  estimate: { value: number; low: number; high: number } | null
  /** null = there is none for this row. */
  band: readonly [low: number, high: number] | null
  tone: 'pass' | 'fail' | 'inconclusive' | 'quiet'
  /** In bold before the words. */
  answer: string
  words: string
}

export function intervalRow({ name, values, estimate, band, tone, answer, words }: IntervalRow, scale: Scale): Markup {
  return h`<div class="interval ${tone}"><span class="what">${name}</span><span class="values">${values}</span>
<span class="line" role="img" aria-label="${words}">${band === null ? nothing : bandOf(band, scale)}${estimate === null ? nothing : mark(estimate, scale)}</span>
<span class="said"><b>${answer}</b> <span>${words}</span></span></div>`
}

function bandOf([low, high]: readonly [number, number], { at, middle }: Scale): Markup {
  return h`<i class="band" style="left:${at(low)}%;width:${at(high) - at(low)}%"></i><i class="middle" style="left:${at(middle)}%"></i>`
}

function mark({ value, low, high }: { value: number; low: number; high: number }, { at, least, most }: Scale): Markup {
  const beyond = `${low < least ? ' before' : ''}${high > most ? ' after' : ''}`
  return h`<i class="whisker${beyond}" style="left:${at(low)}%;width:${at(high) - at(low)}%"></i><i class="dot" style="left:${at(value)}%"></i>`
}
