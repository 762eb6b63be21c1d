// The report of a run as one HTML file: no network, nothing beside it, readable without scripts, in light, dark and
// print. Scripts only add tooltips, the filter and the copy button; a policy in the page lets no other script run.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { verdictWords } from '../words.ts'
import type { ReportInput } from '../report.ts'
import { charts } from './charts/index.ts'
import { embeddedJson, h, Markup } from './markup.ts'
import { pageOf, type Page } from './page.ts'
import { checksSection } from './sections/checks.ts'
import { drill } from './sections/drill.ts'
import { failoverSection } from './sections/failover.ts'
import { happenedSection } from './sections/happened.ts'
import { headline } from './sections/headline.ts'
import { pathsSection } from './sections/paths.ts'
import { provenanceSection } from './sections/provenance.ts'
import { topologySection } from './sections/topology.ts'
import { tracingSection } from './sections/tracing/index.ts'

/** Pure but for its own style sheet and script, which lie beside this file. */
export function html(input: ReportInput): string {
  const page = pageOf(input)
  const style = asset('page.css') + (input.verdict.tracing === undefined ? '' : asset('intervals.css') + asset('tracing.css'))
  const script = asset('page.js')
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`
  const body = bodyOf(page)
  return h`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
<title>${verdictWords[input.verdict.verdict]}: ${input.verdict.scenario}</title>
<style>${new Markup(style)}</style></head>
<body>${body}
<script type="application/json" id="data">${embeddedJson(dataOf(page))}</script>
<script>${new Markup(script)}</script></body></html>
`.text
}

const sections: { id: string; title: string }[] = [
  { id: 'failover', title: 'Failover' }, { id: 'charts', title: 'Charts' }, { id: 'tracing', title: 'Tracing' }, { id: 'checks', title: 'Checks' }, { id: 'paths', title: 'Paths' },
  { id: 'happened', title: 'Events' }, { id: 'topology', title: 'Topology' }, { id: 'again', title: 'Repeat it' },
]

function bodyOf(page: Page): Markup {
  const absent = new Set([...(page.run.plan.faults.length > 0 ? [] : ['failover']), ...(page.verdict.tracing === undefined ? ['tracing'] : [])])
  return h`<a class="skip" href="#main">Skip to the report</a>
${headline(page)}
<nav aria-label="Sections"><ul>${sections.filter(({ id }) => !absent.has(id)).map(({ id, title }) => h`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${drill(page)}${failoverSection(page)}
<section id="charts"><h2>The run over time</h2>${drawn(page)}</section>
${tracingSection(page)}${checksSection(page)}${pathsSection(page)}${happenedSection(page)}${topologySection(page)}${provenanceSection(page)}</main>
<footer><p>Made by Regatta ${page.run.regatta} from the folder of run <code>${page.run.id}</code>.</p></footer>`
}

/** Charts of half the width in pairs. */
function drawn(page: Page): Markup {
  if (page.history.requests.length === 0) return h`<div class="card"><p>The run has no request on record, so there is nothing to draw.</p></div>`
  const half = charts.filter((chart) => chart.half)
  return h`${charts.filter((chart) => !chart.half).map(({ draw }) => draw(page))}<div class="pair">${half.map(({ draw }) => draw(page))}</div>`
}

/** What tooltips say. Charts have left it behind while they were drawn. */
function dataOf({ slots, frame, readouts, points }: Page): unknown {
  return { slots: { fromUs: slots.fromUs, widthUs: slots.widthUs, count: slots.count, zeroUs: frame.zeroUs }, readouts, points }
}

function asset(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8')
}
