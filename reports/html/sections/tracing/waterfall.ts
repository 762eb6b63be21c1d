// One request that failed over, span by span: each a bar on one axis of time, below the span that caused it, in the colour of
// its region. All figures stand in words beside the bars.

import type { TraceExample, TracingFigures } from '../../../../scenarios/verdict.ts'
import { quantity } from '../../../words.ts'
import { timeAxis } from '../../axis.ts'
import { h, nothing, type Markup } from '../../markup.ts'
import type { Page } from '../../page.ts'

type Span = TraceExample['spans'][number]

export function waterfallFigure(page: Page, { example }: TracingFigures): Markup {
  if (example === null || example.spans.length === 0) return h`<div class="card"><h3>A request that failed over</h3><p class="quiet">None: no trace that was kept went to more than one region and got an answer.</p></div>`
  const { spans, requestId, traceId } = example
  const endUs = Math.max(...spans.map(({ startUs, durationUs }) => startUs + durationUs), 1)
  const axis = timeAxis(0, endUs, 0, 6)
  const left = (us: number): number => Math.round(axis.at(us) * 10) / 100
  return h`<figure class="card chart"><figcaption><h3>A request that failed over</h3>
<p>Request <code>${requestId}</code>, trace <code>${traceId}</code>: ${spans.length} spans in ${quantity(endUs / 1000, 'ms')}, kept by ${reasonsOf(spans)}. Clocks are those of one machine or set against each other; an attempt that lost is told as cancelled by its sender.</p></figcaption>
<ol class="waterfall">${inOrder(spans).map(({ span, depth }) => {
    const tone = toneOf(page, span.process)
    return h`<li class="${tone}${isTrouble(span) ? ' trouble' : ''}"><span class="who" style="padding-left:${Math.min(depth, 8) * 0.8}rem"><b>${span.process}</b> ${whatOf(span)}</span>
<span class="lane" aria-hidden="true">${axis.ticks.map(({ value }) => h`<i class="tick" style="left:${left(value)}%"></i>`)}<i class="span ${span.kind}" style="left:${left(span.startUs)}%;width:${Math.max(0, left(span.startUs + span.durationUs) - left(span.startUs))}%"></i></span>
<span class="took">+${quantity(span.startUs / 1000, 'ms')} · ${quantity(span.durationUs / 1000, 'ms')}</span></li>`
  })}
<li class="head" aria-hidden="true"><span class="who"></span><span class="lane ruler">${axis.ticks.map(({ value }) => h`<i style="left:${left(value)}%">${quantity(value / 1000, 'ms')}</i>`)}</span><span class="took"></span></li></ol>
${legend(page, spans)}</figure>`
}

/** Children below their parent, by when they began; what has no parent here stands at the edge. */
function inOrder(spans: readonly Span[]): { span: Span; depth: number }[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const below = (parents: readonly Span[], depth: number): { span: Span; depth: number }[] => parents.toSorted((a, b) => a.startUs - b.startUs)
    .flatMap((span) => [{ span, depth }, ...below(spans.filter(({ parentSpanId, spanId }) => parentSpanId === span.spanId && spanId !== span.spanId), depth + 1)])
  return below(spans.filter(({ parentSpanId, spanId }) => !ids.has(parentSpanId) || parentSpanId === spanId), 0)
}

function whatOf({ kind, name, target, attempt, status, outcome }: Span): string {
  const what = kind === 'client' ? `attempt ${attempt + 1} to ${/^link:([^:]+)/.exec(target)?.[1] ?? 'a service'}` : name
  const end = outcome !== '' && outcome !== 'ok' ? outcome : status === 0 ? '' : String(status)
  return end === '' ? what : `${what}: ${end}`
}

const isTrouble = ({ outcome, status }: Span): boolean => (outcome !== '' && outcome !== 'ok') || status >= 500

/** Edges stand outside every region. */
function toneOf(page: Page, process: string): string {
  return process.startsWith('edge/') ? 'ink' : page.palette.of(process.slice(process.indexOf('/') + 1))
}

function reasonsOf(spans: readonly Span[]): string {
  return [...new Set(spans.map(({ kept }) => kept).filter((kept) => kept !== ''))].join(', ') || 'no reason that was said'
}

function legend(page: Page, spans: readonly Span[]): Markup {
  const regions = [...new Set(spans.filter(({ process }) => !process.startsWith('edge/')).map(({ process }) => process.slice(process.indexOf('/') + 1)))]
  if (regions.length === 0) return nothing
  return h`<ul class="legend">${[...regions.map((region) => ({ label: region, tone: page.palette.of(region) })), { label: 'edge, outside every region', tone: 'ink' }].map(({ label, tone }) => h`<li class="${tone}"><i class="key box" aria-hidden="true"></i>${label}</li>`)}</ul>`
}
