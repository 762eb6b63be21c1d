// Latency by client group: a line for each region that served it, so that a failover shows as the moment when the
// colour changes. From the scheduled start, so that waiting counts.

import { quantity } from '../../words.ts'
import { logAxis } from '../axis.ts'
import { h, type Markup } from '../markup.ts'
import { numbers } from '../numbers.ts'
import { readable, type Page } from '../page.ts'
import { figure, panel } from '../panel.ts'
import { bandPath, linePath } from '../paths.ts'
import { latencies, type Latency } from '../series.ts'

/** More groups than this are in the table only; those that the fault hits come first. */
const mostPanels = 6

export function latencyChart(page: Page): Markup {
  const all = latencies(page.context, page.slots, page.drawnAs)
  const { affectedGroups, topology } = page.run.plan
  const names = topology.clients.map(({ name }) => name).filter((name) => all.some(({ group }) => group === name))
    .sort((a, b) => Number(affectedGroups.includes(b)) - Number(affectedGroups.includes(a)))
  const values = all.flatMap(({ median, p99 }) => [...median, ...p99]).filter((value) => value !== null)
  const y = logAxis(Math.min(...values, 1000), Math.max(...values, 1), (ms) => quantity(ms, 'ms'))
  const shown = names.slice(0, mostPanels)
  const hidden = names.length - shown.length
  return figure('latency', 'Latency',
    `From the scheduled start to the last byte, by client group and the region that served it: the line is the median of each ${quantity(page.slots.widthUs / 1e6, 's')}, the band reaches to the 99th percentile. The scale is logarithmic.${hidden > 0 ? ` ${hidden} more groups are in the table only.` : ''}`,
    page.frame,
    shown.map((group) => groupPanel(page, group, all.filter((series) => series.group === group), y, affectedGroups.includes(group))),
    numbersOf(page))
}

function groupPanel(page: Page, group: string, series: Latency[], y: ReturnType<typeof logAxis>, affected: boolean): Markup {
  const id = `latency-${group}`
  const ordered = series.toSorted((a, b) => page.palette.own.indexOf(a.region) - page.palette.own.indexOf(b.region))
  page.readouts[id] = ordered.flatMap(({ region, median, p99 }) => [
    { label: `${region} median`, tone: page.palette.of(region), unit: 'ms' as const, values: readable(median) },
    { label: `${region} p99`, tone: page.palette.of(region), unit: 'ms' as const, values: readable(p99) },
  ])
  return panel(page.frame, {
    id, title: group, height: affected ? 170 : 110, y,
    legend: ordered.map(({ region }) => ({ label: `served by ${region}`, tone: page.palette.of(region) })),
    summary: `Latency of ${group} over time; the table below gives it by phase.`,
    shapes: h`${ordered.map(({ region, median, p99 }) => h`<g class="${page.palette.of(region)}"><path class="band" d="${bandPath(median, p99, y)}"/><path class="line" d="${linePath(median, y)}"/></g>`)}`,
  })
}

function numbersOf(page: Page): Markup {
  const { names } = page.phaseSlots
  const cell = (value: number | null): string => (value === null ? '–' : quantity(value, 'ms'))
  return numbers({
    caption: 'Latency by phase, median / 99th percentile',
    head: ['group → region', ...names],
    rows: latencies(page.context, page.phaseSlots, (region) => region).map(({ group, region, median, p99 }) =>
      [`${group} → ${region}`, ...names.map((_, slot) => (median[slot] === null ? '–' : `${cell(median[slot])} / ${cell(p99[slot])}`))]),
  })
}
