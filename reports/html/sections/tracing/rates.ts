// Sampling rates through the fault: of each gateway that raised one because of an anomaly, the route whose rate rose most, as
// steps on a logarithmic scale. A dot is a change that the gateway told of.

import type { HistoryEvent } from '../../../../topologies/history.ts'
import { quantity } from '../../../words.ts'
import { logAxis, type Axis } from '../../axis.ts'
import { h, type Markup } from '../../markup.ts'
import { numbers } from '../../numbers.ts'
import type { Page } from '../../page.ts'
import { figure, frameOf, panel, shadesOf, zeroOf, type Frame } from '../../panel.ts'
import { dotPath } from '../../paths.ts'

type Change = Extract<HistoryEvent, { kind: 'sampling-rate' }>
interface Line { source: string; route: string; changes: Change[] }

/** Gateways that are drawn, and changes of each that are dots and rows. */
const mostLines = 6
const mostChanges = 200
const beforeUs = 10_000_000
const afterUs = 60_000_000

export function ratesFigure(page: Page): Markup {
  const changes = page.history.events.filter((event) => event.kind === 'sampling-rate')
  const lines = raised(changes)
  if (lines.length === 0) {
    return h`<div class="card"><h3>Sampling rates</h3><p class="quiet">${changes.length === 0 ? 'No gateway told of a rate.' : `${quantity(changes.length, 'count')} changes to keep a budget; none was raised because of an anomaly.`}</p></div>`
  }
  const frame = aroundFaults(page, lines)
  const drawn = lines.slice(0, mostLines)
  const within = (line: Line): Change[] => line.changes.filter(({ atUs }) => atUs >= frame.fromUs && atUs < frame.toUs).slice(0, mostChanges)
  const rates = drawn.flatMap(({ changes: all }) => all.map(({ probability }) => probability * 100))
  const y = logAxis(Math.max(0.01, Math.min(...rates)), 100, (value) => `${value} %`)
  const zeroUs = zeroOf(page.context)
  return figure('sampling-rates', 'Sampling rates through the anomaly',
    `Of each gateway the route whose rate rose most.${lines.length > drawn.length ? ` ${lines.length - drawn.length} more gateways raised theirs.` : ''} Each dot is a change that was told: raised because of an anomaly, decaying, or following the budget.`,
    frame, drawn.map((line) => linePanel(page, { line, shown: within(line), frame, y, zeroUs })), numbers({
      caption: 'Changes of these rates', head: ['gateway', 'route', 'after the fault', 'rate', 'because of'],
      rows: drawn.flatMap((line) => within(line).map(({ atUs, probability, cause, anomaly }) =>
        [line.source, line.route, since(atUs - zeroUs), quantity(probability, 'share'), anomaly === '' ? cause : `${cause}: ${anomaly}`])),
    }))
}

/** One line a gateway, those that rose furthest first. */
function raised(changes: readonly Change[]): Line[] {
  const byKey = new Map<string, Line & { rose: number }>()
  for (const change of changes) {
    const { source, key: { tenant, route, protocol } } = change
    const name = `${source}\n${tenant}\n${route}\n${protocol}`
    const line = byKey.get(name) ?? { source, route, changes: [], rose: 0 }
    const before = line.changes.at(-1)?.probability ?? change.probability
    if (change.cause === 'anomaly') line.rose = Math.max(line.rose, change.probability / before, 1)
    line.changes.push(change)
    byKey.set(name, line)
  }
  const best = new Map<string, Line & { rose: number }>()
  for (const line of byKey.values()) if (line.rose > (best.get(line.source)?.rose ?? 0)) best.set(line.source, line)
  return [...best.values()].sort((a, b) => b.rose - a.rose || (a.source < b.source ? -1 : 1))
}

/** From shortly before the first rate was raised, or its fault began, to when the last could be back. */
function aroundFaults(page: Page, lines: readonly Line[]): Frame {
  const anomalies = lines.flatMap(({ changes }) => changes.filter(({ cause }) => cause === 'anomaly').map(({ atUs }) => atUs))
  const shades = shadesOf(page.context)
  const fromUs = Math.min(...anomalies, ...shades.map((shade) => shade.fromUs)) - beforeUs
  const toUs = Math.max(...anomalies, ...shades.map((shade) => shade.toUs)) + afterUs
  return frameOf(page.context, Math.max(page.slots.fromUs, fromUs), Math.min(page.slots.toUs, toUs))
}

function linePanel(page: Page, { line, shown, frame, y, zeroUs }: { line: Line; shown: readonly Change[]; frame: Frame; y: Axis; zeroUs: number }): Markup {
  const id = `rates-${line.source}`
  const before = line.changes.findLast(({ atUs }) => atUs < frame.fromUs)
  const dots = shown.map(({ atUs, probability }) => ({ x: frame.x.at(atUs), y: y.at(probability * 100) }))
  page.points[id] = shown.map(({ atUs, probability, cause, anomaly }, index) => ({
    at: dots[index].x / 10, top: dots[index].y, tone: '',
    text: `${since(atUs - zeroUs)}: ${quantity(probability, 'share')}\n${anomaly === '' ? cause : `${cause}: ${anomaly}`}`,
  }))
  const steps = dots.reduce((path, { x, y: top }) => `${path}H${x}V${top}`, before === undefined ? '' : `M0 ${y.at(before.probability * 100)}`)
  const path = before === undefined && dots.length > 0 ? `M${dots[0].x} ${dots[0].y}${steps}` : steps
  const most = Math.max(...shown.map(({ probability }) => probability), 0)
  return panel(frame, {
    id, title: `${line.source} · ${line.route}`, height: 110, y, legend: [],
    summary: `Sampling rate of ${line.route} at ${line.source}: ${shown.length} changes, at most ${quantity(most, 'share')}.`,
    shapes: h`<g class="calm-1"><path class="line" d="${path}H1000"/><path class="dot" d="${dotPath(dots)}"/></g>`,
  })
}

function since(us: number): string {
  return `${us < 0 ? '−' : '+'}${(Math.abs(us) / 1e6).toFixed(2)} s`
}
