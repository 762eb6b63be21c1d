// A comparison of variants as one HTML file: who fails over when, what differs from the first variant, and what every run
// was worth.

import type { Comparison, Figure, Variant } from '../../scenarios/compare/document.ts'
import { intervalHead, intervalRow, ratioAxis, type Scale } from '../html/intervals.ts'
import { h, nothing, type Markup } from '../html/markup.ts'
import { numbers } from '../html/numbers.ts'
import { staticPage } from '../html/static-page.ts'
import { quantity } from '../words.ts'
import { failoverDots } from './dots.ts'
import { endOf, errorsOf, failoverWords, figure, figureName, leftOut, meaningOf, ownerWords, runWords, sorted, spreadWords, toolWords, upWords, verdictCounts } from './words.ts'

/** Pure but for the style sheets. */
export function comparisonPage(document: Comparison): string {
  const { scenario, variants, regatta, madeAt, command } = document
  const [first, ...others] = variants
  return staticPage({
    title: `${endOf(document).word}: ${scenario}, ${variants.filter(({ control }) => !control).map(({ name }) => name).join(', ')}`,
    styles: ['intervals.css', '../compare/compare.css'], header: headline(document), regatta, madeAt,
    main: h`<section class="card"><h2>Failover time</h2>${failoverDots(document)}</section>
<section class="card"><h2>Variants</h2>${variantTable(variants)}</section>
<section><h2>Against ${first.name}</h2>${others.map((variant) => card(variant, first))}</section>
<section class="card"><h2>Runs</h2>${variants.map(runsTable)}</section>
<section class="card"><h2>How to read it</h2>${reading(document)}</section>
<section class="card"><h2>Do it again</h2><pre><code>${command}</code></pre></section>`,
  })
}

function headline(document: Comparison): Markup {
  const { scenario, topology, substrate, variants, rounds, seed, machine, summary } = document
  const { tone, word } = endOf(document)
  return h`<header class="hero"><p class="brand">Regatta <span>comparison of variants</span></p>
<div class="title"><h1>${scenario}</h1><span class="badge ${tone}">${word}</span></div>
<p class="summary">${summary}</p>
<dl class="facts"><div><dt>Variants</dt><dd>${variants.filter(({ control }) => !control).map(({ name }) => name).join(', ')}</dd></div><div><dt>Rounds</dt><dd>${rounds}</dd></div>
<div><dt>Seeds</dt><dd>${seed} to ${seed + rounds - 1}, the same for all</dd></div><div><dt>Where</dt><dd>${topology} on ${substrate}</dd></div>
<div><dt>Machine</dt><dd>${machine.cpus} × ${machine.cpuModel}, ${machine.os}</dd></div></dl>
${variants.map(failedToRun)}</header>`
}

function failedToRun(variant: Variant): Markup {
  const errors = errorsOf(variant)
  if (errors.length === 0) return nothing
  return h`<div class="callout fail"><h2>${variant.name}: ${variant.counts.failed} of ${variant.runs.length} runs failed</h2>
<ul>${errors.map(({ text, details }) => h`<li>${text}${details.map((detail) => h`<br><small class="quiet">${detail}</small>`)}</li>`)}</ul></div>`
}

const columns: [head: string, of: (variant: Variant) => string][] = [
  ['failover by', ownerWords], ['verdicts', verdictCounts], ['failover time', failoverWords],
  ['failed probes', (variant) => spreadWords(figure(variant, 'failed_probes'))], ['slow probes', (variant) => spreadWords(figure(variant, 'slow_probes'))],
  ['failed eligible', (variant) => spreadWords(figure(variant, 'eligible_failed'))], ['up after', upWords], ['tools', toolWords],
]

function variantTable(variants: readonly Variant[]): Markup {
  return h`<div class="scroll table" tabindex="0" role="region" aria-label="Variants"><table><thead><tr><th scope="col">variant</th>${columns.map(([head]) => h`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${variants.map((variant) => h`<tr><th scope="row">${variant.name}</th>${columns.map(([head, of]) => h`<td data-label="${head}">${of(variant)}</td>`)}</tr>`)}</tbody></table></div>
<p class="quiet">Medians over runs that count; least to most in brackets.</p>`
}

const scale = ratioAxis(4, [0.25, 0.5, 1, 2, 4])

function card(variant: Variant, first: Variant): Markup {
  const { apart, alike, none } = sorted(variant)
  const left = leftOut(variant)
  const about = `${variant.counts.counted} runs against ${first.counts.counted} of ${first.name}${left === null ? '' : `; ${left}`}.`
  const purpose = variant.control ? ` The same as ${first.name}, played again in every round: what differs here is the machine.` : ''
  return h`<article class="card comparison variant"><h3>${variant.name}</h3><p>${about}${purpose}</p>
${apart.length > 0 ? rows(apart, variant, first) : alike.length > 0 ? h`<p>Nothing is told apart.</p>` : nothing}
${none === null ? nothing : h`<p class="quiet">${none}</p>`}
${alike.length === 0 ? nothing : h`<details class="folded"><summary>${alike.length} figures not told apart</summary>${rows(alike, variant, first)}</details>`}</article>`
}

function rows(figures: readonly Figure[], variant: Variant, first: Variant): Markup {
  return h`<div class="intervals">${intervalHead('Medians, and their ratio', `${variant.name} · ${first.name}`, scale)}
${figures.map((one) => row(one, first.figures.find((other) => figureName(other) === figureName(one)), scale))}</div>`
}

function row(one: Figure, other: Figure | undefined, at: Scale): Markup {
  const { by, estimate, controlReach, words } = one.difference!
  const ratio = by === 'ratio' ? estimate : null
  return intervalRow({
    name: figureName(one), values: [one, other].map((side) => (side === undefined || side.median === null ? '–' : `${boundSign(side)}${quantity(side.median, side.unit)}`)).join(' · '),
    estimate: ratio, band: ratio === null || controlReach === null ? null : [1 / controlReach, controlReach], words, ...meaningOf(one),
  }, at)
}

/** Before the median of values that are bounds. */
function boundSign({ values, belowResolution, notRecovered }: Figure): string {
  return 2 * belowResolution > values.length ? '< ' : 2 * notRecovered > values.length ? '> ' : ''
}

function runsTable(variant: Variant): Markup {
  return numbers({
    caption: `${variant.name}: ${variant.runs.length} runs`, head: ['folder', 'round', 'seed', 'failover', 'up after', 'verdict'],
    rows: variant.runs.map((run) => [run.folder, String(run.round), String(run.seed), runFailover(run), run.upMs === null ? '–' : quantity(run.upMs, 'ms'), runWords(run)]),
  })
}

function runFailover({ failover }: Variant['runs'][number]): string {
  if (failover === null) return '–'
  return failover.kind === 'not-recovered' ? 'not recovered' : `${failover.kind === 'below-resolution' ? '< ' : ''}${quantity(failover.ms, 'ms')}`
}

function reading({ variants: [first], level, resamples, affectedGroups }: Comparison): Markup {
  return h`<p>Rounds take turns: in each every variant is played once with the same seed, and ${first.name} twice, in an order that rotates. A filled dot is a run that counts, a hollow
one a run that may not be believed: the machine had no room, or the drill did not take place as planned. Times run from the fault to the last failed or slow probe of
${affectedGroups.join(', ')}.</p>
<p>A bar is the ${Math.round(level * 100)} % interval of the ratio of medians, from ${resamples} resamples of the runs, and its dot the ratio. The shaded band is as far as ${first.name}, played
again, differs from itself. A figure is told apart when its bar leaves out 1 and its dot lies outside the band. Many figures are looked at, so one that is told apart by little
may be chance. Latency is by group of clients, from the scheduled start, failures included.</p>`
}
