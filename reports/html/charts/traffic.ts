// Who served the traffic: a region's share of all requests over time. What no region served stays hatched.

import { formatUnit } from '../../../scenarios/judging/statistics.ts'
import { quantity } from '../../words.ts'
import { linearAxis } from '../axis.ts'
import { h, type Markup } from '../markup.ts'
import { numbers } from '../numbers.ts'
import { otherRegions, readable, type Page } from '../page.ts'
import { figure, panel } from '../panel.ts'
import { stepAreaPath } from '../paths.ts'
import { served, type Counted } from '../series.ts'

export const unserved = 'not served'

export function trafficChart(page: Page): Markup {
  const counts = served(page.context, page.slots, page.drawnAs)
  const totals = totalsOf(counts, page.slots.count)
  const names = [...page.palette.own, otherRegions].filter((name) => counts.has(name))
  const top = new Float64Array(page.slots.count)
  const layers = [...names, ''].filter((name) => counts.has(name)).map((name) => {
    const base = top.slice()
    const values = (counts.get(name) as Float64Array).map((count, slot) => (totals[slot] === 0 ? 0 : count / totals[slot]))
    values.forEach((value, slot) => { top[slot] += value })
    return { label: name === '' ? unserved : name, tone: name === '' ? 'unserved' : page.palette.of(name), base, values }
  })
  const y = linearAxis(1, (value) => formatUnit(value, 'share'))
  page.readouts.traffic = [
    ...layers.map(({ label, tone, values }) => ({ label, tone, unit: 'share' as const, values: readable(values) })),
    { label: 'requests', tone: '', unit: 'count', values: readable(totals) },
  ]
  const phaseCounts = served(page.context, page.phaseSlots, (region) => region)
  const phaseTotals = totalsOf(phaseCounts, page.phaseSlots.count)
  return figure('traffic', 'Traffic by serving region', `Share of the requests of load and prober in each ${quantity(page.slots.widthUs / 1e6, 's')}.`, page.frame, [panel(page.frame, {
    id: 'traffic', title: '', height: 150, y, legend: layers.map(({ label, tone }) => ({ label, tone, mark: 'box' })),
    summary: 'Share of traffic by serving region over time; the table below gives it by phase.',
    shapes: h`${layers.map(({ tone, base, values }) => h`<path class="fill area-fill ${tone}" d="${stepAreaPath(base, values)}"/>`)}`,
  })], numbers({
    caption: 'Share of traffic by phase', head: ['served by', ...page.phaseSlots.names],
    rows: [...phaseCounts].map(([name, values]) => [name === '' ? unserved : name,
      ...page.phaseSlots.names.map((_, slot) => (phaseTotals[slot] === 0 ? '–' : quantity(values[slot] / phaseTotals[slot], 'share')))]),
  }))
}

export function totalsOf(counts: Counted, length: number): Float64Array {
  const totals = new Float64Array(length)
  for (const values of counts.values()) values.forEach((value, slot) => { totals[slot] += value })
  return totals
}
