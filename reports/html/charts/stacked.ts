// Bars of counts, one upon the other: what charts of failures and of extra attempts have in common.

import { linearAxis } from '../axis.ts'
import { h, type Markup } from '../markup.ts'
import { numbers } from '../numbers.ts'
import { readable, type Page } from '../page.ts'
import { figure, panel } from '../panel.ts'
import { barPath } from '../paths.ts'
import type { Counted } from '../series.ts'

export interface Kind { name: string; label: string; tone: string }

export interface Stacked {
  id: string
  title: string
  words: string
  height: number
  /** From the bottom up; those that never occur are left out. */
  kinds: readonly Kind[]
  counts: Counted
  byPhase: Counted
  caption: string
  /** Said instead of a picture of nothing. */
  none: string
}

export function stackedChart(page: Page, { id, title, words, height, kinds, counts, byPhase, caption, none }: Stacked): Markup {
  const seen = kinds.filter(({ name }) => counts.has(name) || byPhase.has(name))
  if (seen.length === 0) return h`<figure class="card chart" id="${id}"><figcaption><h3>${title}</h3><p>${none}</p></figcaption></figure>`
  const empty = new Float64Array(page.slots.count)
  const top = new Float64Array(page.slots.count)
  const layers = seen.map((kind) => {
    const base = top.slice()
    const values = counts.get(kind.name) ?? empty
    values.forEach((value, slot) => { top[slot] += value })
    return { ...kind, base, values }
  })
  const y = linearAxis(top.reduce((most, value) => Math.max(most, value), 1), String, 1)
  page.readouts[id] = layers.map(({ label, tone, values }) => ({ label, tone, unit: 'count', values: readable(values) }))
  const { names } = page.phaseSlots
  return figure(id, title, words, page.frame, [panel(page.frame, {
    id, title: '', height, y, legend: seen.map(({ label, tone }) => ({ label, tone, mark: 'box' })), summary: `${words} The table below gives the counts by phase.`,
    shapes: h`${layers.map(({ tone, base, values }) => h`<path class="fill ${tone}" d="${barPath(base, values, y)}"/>`)}`,
  })], numbers({
    caption, head: ['', ...names],
    rows: seen.map(({ name, label }) => [label, ...names.map((_, slot) => String(byPhase.get(name)?.[slot] ?? 0))]),
  }))
}
