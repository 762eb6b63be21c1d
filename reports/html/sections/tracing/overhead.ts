// Processor time and exported octets by variant of the configuration, as shares of what tracing every request costs, with the
// intervals within which rounds agree.

import type { Interval, TracingFigures, VariantTracing } from '../../../../scenarios/verdict.ts'
import { quantity } from '../../../words.ts'
import { intervalHead, intervalRow, position, type Scale } from '../../intervals.ts'
import { h, type Markup } from '../../markup.ts'
import type { Page } from '../../page.ts'

/** Linear, as far beyond "everything" as intervals of few rounds reach. */
const most = 1.25
const scale: Scale = {
  at: (value) => position(value / most), least: 0, most, middle: 0,
  ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, label: quantity(value, 'share') })),
}

export function overheadCard(page: Page, { variants }: TracingFigures): Markup {
  const compared = variants.filter(({ overhead, bytes }) => overhead !== null || bytes !== null)
  if (compared.length === 0) {
    return h`<div class="card"><h3>What it cost</h3><p class="quiet">Not told: one configuration was in force all the time, so there is nothing to compare it with. Scenarios with <code>blocks</code> play several by turns.</p></div>`
  }
  return h`<div class="card comparison"><h3>What it cost <span class="count">as a share of tracing everything, 95 % intervals over rounds</span></h3>
<div class="intervals">${intervalHead('processor time of gateways', 'a request', scale)}
${compared.map((variant) => row(page, variant, 'tracing_overhead', variant.overhead, variant.cpuUsPerRequest === null ? '–' : quantity(variant.cpuUsPerRequest / 1000, 'ms')))}</div>
<div class="intervals">${intervalHead('octets exported', 'a request', scale)}
${compared.map((variant) => row(page, variant, 'exported_bytes', variant.bytes, variant.bytesPerRequest === null ? '–' : quantity(variant.bytesPerRequest, 'B')))}</div></div>`
}

function row(page: Page, { variant, rounds }: VariantTracing, metric: string, estimate: Interval | null, values: string): Markup {
  const check = page.verdict.checks.find(({ name }) => name.startsWith(`${metric}{variant:${variant}}`))
  const bound = /<=? ([\d.]+) %$/.exec(check?.objective ?? '')
  const interval = estimate === null ? null : `${quantity(estimate.low, 'share')} to ${quantity(estimate.high, 'share')}`
  const isPoint = estimate === null || estimate.low === estimate.high
  return intervalRow({
    name: variant, values, estimate, band: bound === null ? null : [0, Number(bound[1]) / 100],
    tone: check === undefined || check.verdict === 'unsupported' ? 'quiet' : check.verdict,
    answer: estimate === null ? 'not told' : quantity(estimate.value, 'share'),
    words: `${isPoint ? '' : `${interval} over ${rounds} rounds`}${check === undefined ? '' : `${isPoint ? '' : '; '}objective ${check.objective}: ${check.verdict}`}`,
  }, scale)
}
