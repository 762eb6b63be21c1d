// The seconds around the fault, a dot a probe of the groups that it hits: what clients saw, request by request.
// Shape says what was wrong (a large dot with a yellow core is slow, a square failed), colour says which region served.

import { slowMarginMs } from '../../../scenarios/judging/context.ts'
import { quantity } from '../../words.ts'
import { logAxis } from '../axis.ts'
import { h, nothing, type Markup } from '../markup.ts'
import { numbers } from '../numbers.ts'
import type { Page } from '../page.ts'
import { figure, frameOf, panel, zeroOf, type Frame } from '../panel.ts'
import { dotPath } from '../paths.ts'
import { stagesOf } from '../stages.ts'

const beforeUs = 1_000_000
/** At least this much after; more when recovery took longer. */
const afterUs = 3_000_000
const mostAfterUs = 20_000_000
/** Good probes beyond this are thinned out evenly; bad ones are all drawn, up to the same number. */
const mostDots = 1500

type Kind = 'ok' | 'slow' | 'failed'
interface Dot { row: number; x: number; y: number; kind: Kind; region: string }

export function momentChart(page: Page): Markup {
  const { context, verdict } = page
  if (context.faults.every(({ askedUs }) => askedUs === null)) return nothing
  const zeroUs = zeroOf(context)
  const tookUs = (verdict.failover?.valueMs ?? 0) * 1000
  const frame = frameOf(context, zeroUs - beforeUs, Math.min(zeroUs + Math.max(afterUs, Math.min(tookUs * 1.25, mostAfterUs)), page.slots.toUs), 9)
  frame.marks = stagesOf(page).filter(({ atMs, key }) => atMs !== null && key !== 'asked').map(({ atMs, name }) => ({ atUs: zeroUs + (atMs as number) * 1000, label: name }))
  const rows = probesWithin(page, frame)
  if (rows.length === 0) return nothing
  const { requests } = context.history
  const latency = rows.map(context.latencyMs)
  const y = logAxis(Math.min(...latency), Math.max(...latency), (ms) => quantity(ms, 'ms'))
  const dots = rows.map((row): Dot => ({
    row, x: frame.x.at(requests.scheduledUs[row]), y: y.at(context.latencyMs(row)), kind: kindOf(page, row), region: requests.region.at(row),
  }))
  page.points.moment = dots.map((dot) => ({ at: dot.x / 10, top: dot.y, text: describe(page, dot, zeroUs), tone: dot.region === '' ? '' : page.palette.of(dot.region) }))
  const bad = dots.filter(({ kind }) => kind !== 'ok')
  return figure('moment', 'The moment of the fault', words(page, rows.length, bad), frame, [panel(frame, {
    id: 'moment', title: '', height: 240, y, legend: legend(page, dots),
    summary: `Latency of each probe around the fault: ${bad.length} of ${dots.length} were failed or slow.`,
    shapes: shapes(page, dots),
  })], badTable(page, bad, zeroUs), markLabels(frame))
}

function probesWithin({ context, run }: Page, frame: Frame): number[] {
  const { requests } = context.history
  const groups = new Set(run.plan.affectedGroups.length > 0 ? run.plan.affectedGroups : run.plan.topology.clients.map(({ name }) => name))
  const good: number[] = []
  const bad: number[] = []
  for (let row = 0; row < requests.length; row++) {
    const atUs = requests.scheduledUs[row]
    if (atUs < frame.fromUs || atUs >= frame.toUs || requests.source.at(row) !== 'prober' || requests.outcome.at(row) === 'lost') continue
    if (!groups.has(requests.group.at(row))) continue
    const isBad = context.failed(row) || context.slow(row) === true
    ;(isBad ? bad : good).push(row)
  }
  return [...thinned(good), ...thinned(bad)].sort((a, b) => requests.scheduledUs[a] - requests.scheduledUs[b])
}

function thinned(rows: readonly number[]): number[] {
  const every = Math.ceil(rows.length / mostDots)
  return rows.filter((_, index) => index % every === 0)
}

function kindOf({ context }: Page, row: number): Kind {
  return context.failed(row) ? 'failed' : context.slow(row) === true ? 'slow' : 'ok'
}

function shapes({ palette, drawnAs }: Page, dots: readonly Dot[]): Markup {
  const drawn = [...new Set(dots.map(({ region }) => (region === '' ? '' : drawnAs(region))))]
  const of = (region: string, kind: Kind): Dot[] => dots.filter((dot) => dot.kind === kind && (dot.region === '' ? '' : drawnAs(dot.region)) === region)
  return h`${drawn.map((region) => h`<g class="${region === '' ? 'unserved' : palette.of(region)}"><path class="dot" d="${dotPath(of(region, 'ok'))}"/><path class="ring" d="${dotPath(of(region, 'slow'))}"/><path class="hole" d="${dotPath(of(region, 'slow'))}"/></g>`)}
<path class="square" d="${dotPath(dots.filter(({ kind }) => kind === 'failed'))}"/>`
}

function legend({ palette, drawnAs }: Page, dots: readonly Dot[]): { label: string; tone: string; mark: 'dot' | 'ring' | 'square' }[] {
  const regions = [...new Set(dots.filter(({ region }) => region !== '').map(({ region }) => drawnAs(region)))]
  return [
    ...regions.map((region) => ({ label: `served by ${region}`, tone: palette.of(region), mark: 'dot' as const })),
    { label: `slow, over normal + ${slowMarginMs} ms`, tone: 'ink', mark: 'ring' }, { label: 'failed', tone: 'failed', mark: 'square' },
  ]
}

function words({ run }: Page, count: number, bad: readonly Dot[]): string {
  const failed = bad.filter(({ kind }) => kind === 'failed').length
  const groups = run.plan.affectedGroups.join(', ')
  const result = bad.length === 0 ? 'None was failed or slow.' : `${failed} failed, ${bad.length - failed} were slow.`
  return `Each dot is one probe${groups === '' ? '' : ` of ${groups}`}, at its scheduled start; ${count} are shown. ${result} The dashed lines are the stages of failover.`
}

function describe({ context }: Page, { row, kind, region }: Dot, zeroUs: number): string {
  const { requests } = context.history
  const at = (requests.scheduledUs[row] - zeroUs) / 1000
  const outcome = kind === 'failed' ? requests.outcome.at(row) : kind
  const extra = requests.attempts[row] > 1 ? `, ${requests.attempts[row]} attempts` : ''
  return `${at < 0 ? '−' : '+'}${quantity(Math.abs(Math.round(at)), 'ms')}: ${quantity(context.latencyMs(row), 'ms')}, ${outcome}${region === '' ? '' : `, ${region}`}${extra}\n${requests.id.at(row)}`
}

function badTable({ context }: Page, bad: readonly Dot[], zeroUs: number): Markup {
  const { requests } = context.history
  return numbers({
    caption: `Failed and slow probes${bad.length > 100 ? ', the first 100' : ''}`,
    head: ['request', 'after the fault', 'latency', 'outcome', 'served by', 'attempts'],
    rows: bad.slice(0, 100).map(({ row, kind, region }) => [
      requests.id.at(row), quantity((requests.scheduledUs[row] - zeroUs) / 1000, 'ms'), quantity(context.latencyMs(row), 'ms'),
      kind === 'failed' ? requests.outcome.at(row) : 'slow', region === '' ? '–' : region, requests.attempts[row] === 0 ? '–' : String(requests.attempts[row]),
    ]),
  })
}

/** Of a page 1000 pixels wide, percent. */
const labelWidth = 9

/** Names of the dashed lines. Those that would lie on each other share a label. */
function markLabels(frame: Frame): Markup {
  const groups: { at: number; labels: string[] }[] = []
  for (const { atUs, label } of frame.marks.toSorted((a, b) => a.atUs - b.atUs)) {
    const at = frame.x.at(atUs) / 10
    const before = groups.at(-1)
    if (before !== undefined && at - before.at < labelWidth * before.labels.length) before.labels.push(label)
    else groups.push({ at, labels: [label] })
  }
  if (groups.length === 0) return nothing
  return h`<div class="mark-labels" aria-hidden="true">${groups.map(({ at, labels }) => h`<span${at > 80 ? h` class="left"` : nothing} style="left:${Math.round(at * 100) / 100}%">${labels.join(' · ')}</span>`)}</div>`
}
