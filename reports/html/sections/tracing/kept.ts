// How many traces each variant kept, for which reason, and what became of spans on their way out of the gateways.

import { keepReasons } from '../../../../gateway/telemetry/spans/span.ts'
import type { TracingFigures } from '../../../../scenarios/verdict.ts'
import type { HistoryEvent } from '../../../../topologies/history.ts'
import { quantity } from '../../../words.ts'
import { h, nothing, type Markup } from '../../markup.ts'
import { table } from '../../numbers.ts'
import type { Page } from '../../page.ts'

type Told = Extract<HistoryEvent, { kind: 'tracing' }>

export function keptCard(page: Page, { variants }: TracingFigures): Markup {
  const said = [...keepReasons, 'unsaid'].filter((reason) => variants.some(({ kept }) => (kept[reason] ?? 0) > 0))
  const last = lastOfEach(page.history.events)
  const sum = (of: (event: Told) => number): string => quantity(last.reduce((total, event) => total + of(event), 0), 'count')
  const facts: [string, string][] = last.length === 0 ? [] : [
    ['spans recorded', sum(({ counts }) => counts.recorded)], ['kept', sum(({ counts }) => counts.kept)],
    ['passed over in rings', sum(({ counts }) => counts.overwritten)], ['wanted too late', sum(({ counts }) => counts.lostToRing)],
    ['sent', sum(({ exported }) => exported.sent)], ['shed', sum(({ exported }) => exported.shed)], ['refused by collectors', sum(({ exported }) => exported.failed)],
  ]
  return h`<div class="card"><h3>What was kept, and why <span class="count">traces, by the reason of the gateway where they entered</span></h3>
${table({
    caption: 'Traces kept by variant and reason',
    head: ['variant', 'requests', 'traces', ...said, 'spans', 'broken', 'lost to a fault'],
    rows: variants.map(({ variant, requests, traces, spans, kept, brokenTraces, lostToFault }) => [
      variant === '' ? 'all' : variant, ...[requests, traces].map((count) => quantity(count, 'count')),
      ...said.map((reason) => quantity(kept[reason] ?? 0, 'count')), ...[spans, brokenTraces, lostToFault].map((count) => quantity(count, 'count')),
    ]),
  })}
${facts.length === 0 ? nothing : h`<dl class="facts small">${facts.map(([name, value]) => h`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`}
<p class="quiet">Every span: <code>spans.arrow</code> of this folder.</p></div>`
}

/** Gateways count from their start; one that started anew during the run has several counts that end. */
function lastOfEach(events: readonly HistoryEvent[]): Told[] {
  const last = new Map<string, Told[]>()
  for (const event of events) {
    if (event.kind !== 'tracing') continue
    const told = last.get(event.source) ?? []
    if (told.length > 0 && told.at(-1)!.counts.requests <= event.counts.requests) told.pop()
    last.set(event.source, [...told, event])
  }
  return [...last.values()].flat()
}
