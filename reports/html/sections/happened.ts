// What happened, in order. All that bears on the failover is there at once; the rest waits behind the filter, and
// beyond some hundreds in the file.

import { h, nothing, type Markup } from '../markup.ts'
import { categories, linesOf, type Category, type Line } from '../events.ts'
import type { Page } from '../page.ts'
import { zeroOf } from '../panel.ts'

/** What came earlier is start and warm-up, and waits behind the filter. */
const shortlyBeforeUs = 500_000
/** Kept in the page at most; the file has them all. */
const mostLines = 800
/** Shown at first; a button shows the rest. */
const firstLines = 30
const titles: Record<Category, string> = {
  fault: 'faults and phases', alert: 'alerts', routing: 'routing', health: 'health', drain: 'drains', process: 'processes', config: 'configuration', gateway: 'gateways', other: 'other',
}
/** Without a click. */
const telling: readonly Category[] = ['fault', 'alert', 'routing', 'health', 'drain']

export function happenedSection(page: Page): Markup {
  const zeroUs = zeroOf(page.context)
  const all = linesOf(page.history.events)
  const lines = keep(all, zeroUs)
  const count = (category: Category): number => all.filter((line) => line.category === category).length
  const present = categories.filter((category) => count(category) > 0)
  const hasFault = page.context.faults.length > 0
  const early = (line: Line): boolean => hasFault && line.category !== 'fault' && line.atUs < zeroUs - shortlyBeforeUs
  const shown = new Set(lines.filter((line) => telling.includes(line.category) && !early(line)).slice(0, firstLines))
  return h`<section id="happened"><h2>What happened</h2><div class="card">
<p class="quiet">Times count from ${page.context.faults.length > 0 ? 'the moment the fault was asked for' : 'the start of the run'}. ${all.length > lines.length ? h`${lines.length} of ${all.length} events are here, those nearest to the fault; all are in <a href="events.ndjson">events.ndjson</a>.` : h`Raw: <a href="events.ndjson">events.ndjson</a>.`}</p>
<form class="filter" data-first="${firstLines}" hidden aria-label="Filter events"><div class="chips">${present.map((category) => h`<label><input type="checkbox" name="${category}"${telling.includes(category) ? h` checked` : nothing}>${titles[category]} <span>${count(category)}</span></label>`)}${hasFault ? h`<label><input type="checkbox" data-early> before the fault <span>${lines.filter(early).length}</span></label>` : nothing}</div>
<input type="search" placeholder="Search: a place, a cause …" aria-label="Search events"><output aria-live="polite"></output></form>
<ol class="events">${lines.map((line) => item(line, zeroUs, shown.has(line), early(line)))}</ol>
<button type="button" class="more" hidden>Show all</button>
</div></section>`
}

/** The lines nearest to the fault, telling ones before others, in order of time. */
function keep(all: readonly Line[], zeroUs: number): Line[] {
  if (all.length <= mostLines) return [...all]
  const order = (line: Line): number => (telling.includes(line.category) ? 0 : 1)
  const chosen = new Set(all.toSorted((a, b) => order(a) - order(b) || Math.abs(a.atUs - zeroUs) - Math.abs(b.atUs - zeroUs)).slice(0, mostLines))
  return all.filter((line) => chosen.has(line))
}

function item({ atUs, source, category, text, times }: Line, zeroUs: number, shown: boolean, early: boolean): Markup {
  return h`<li data-category="${category}"${early ? h` data-early` : nothing}${shown ? nothing : h` hidden`}><time>${sinceZero(atUs - zeroUs)}</time><span class="tag t-${category}">${category}</span><span class="source">${source}</span><span class="text">${text}${times > 1 ? h` <b>× ${times}</b>` : nothing}</span></li>`
}

/** `+0.163 s`: milliseconds matter here. */
function sinceZero(us: number): string {
  return `${us < 0 ? '−' : '+'}${(Math.abs(us) / 1e6).toFixed(3)} s`
}
