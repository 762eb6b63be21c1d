// What tracing cost, what it kept and why, one request that failed over, and how rates answered the fault. Only of runs in
// which somebody was traced.

import { h, nothing, type Markup } from '../../markup.ts'
import type { Page } from '../../page.ts'
import { keptCard } from './kept.ts'
import { overheadCard } from './overhead.ts'
import { ratesFigure } from './rates.ts'
import { waterfallFigure } from './waterfall.ts'

export function tracingSection(page: Page): Markup {
  const { tracing } = page.verdict
  if (tracing === undefined) return nothing
  return h`<section id="tracing"><h2>Tracing</h2>
${overheadCard(page, tracing)}${keptCard(page, tracing)}${waterfallFigure(page, tracing)}${ratesFigure(page)}</section>`
}
