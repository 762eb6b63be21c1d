// Parity as one HTML file: no network, no scripts, readable in light, dark and print. Every interval is drawn against
// the band that counts as parity.

import type { Comparison, ParityReport } from '../../scenarios/parity/document.ts'
import { h, nothing, type Markup } from '../html/markup.ts'
import { numbers } from '../html/numbers.ts'
import { staticPage } from '../html/static-page.ts'
import { quantity, verdictWords } from '../words.ts'
import { overviewRows, ratioRows, splitRows } from './intervals.ts'
import { agreementWords, figureNames, pointsWords } from './words.ts'

/** Pure but for the style sheets. */
export function parityPage(report: ParityReport): string {
  return staticPage({
    title: `${verdictWords[report.verdict]}: parity of ${report.substrates.join(' and ')}`, styles: ['intervals.css'], header: headline(report),
    main: h`<section class="card"><h2>What decides</h2>${overviewRows(report)}</section>
<section><h2>Scenario by scenario</h2>${report.comparisons.map((comparison) => card(comparison, report))}</section>
<section class="card"><h2>How to read it</h2>${reading(report)}</section>
<section class="card"><h2>Do it again</h2><pre><code>${report.command}</code></pre></section>`,
    regatta: report.regatta, madeAt: report.madeAt,
  })
}

function headline({ verdict, summary, substrates, runsAsked, seed, model, machine, fast }: ParityReport): Markup {
  return h`<header class="hero"><p class="brand">Regatta <span>parity of substrates</span></p>
<div class="title"><h1>${substrates.slice(0, -1).join(', ')} against ${substrates.at(-1)}</h1><span class="badge ${verdict}">${verdictWords[verdict]}</span></div>
<p class="summary">${summary}</p>
<dl class="facts"><div><dt>Runs a side</dt><dd>${runsAsked}</dd></div><div><dt>Seeds</dt><dd>${seed} to ${seed + runsAsked - 1}, the same on each side</dd></div>
<div><dt>Form</dt><dd>${fast ? 'short' : 'long'}</dd></div><div><dt>Constants of simulation</dt><dd>${model.source}</dd></div>
<div><dt>Machine</dt><dd>${machine.cpus} × ${machine.cpuModel}, ${machine.os}</dd></div></dl></header>`
}

function card(comparison: Comparison, { bounds }: ParityReport): Markup {
  const { scenario, verdict, subject, reference, refused, calibratedOn } = comparison
  const title = h`<h3>${scenario} <span class="mark ${verdict}">${verdictWords[verdict]}</span></h3>
<p>${runsText(subject)}, ${runsText(reference)}.${calibratedOn ? ' The constants were taken from a run of this scenario, so its agreement proves nothing and does not count.' : ''}</p>`
  if (refused !== null) return h`<article class="card comparison">${title}${why([refused, ...subject.doubts, ...reference.doubts], verdict)}</article>`
  return h`<article class="card comparison">${title}
${ratioRows(comparison, bounds)}${splitRows(comparison, bounds)}
${why(comparison.reasons, verdict)}${tables(comparison)}</article>`
}

function runsText({ substrate, believed, crowded, doubted }: Comparison['subject']): string {
  const left = [crowded === 0 ? '' : `${crowded} without room on the machine`, doubted === 0 ? '' : `${doubted} not to be believed`].filter((text) => text !== '')
  return `${substrate}: ${believed} runs${left.length === 0 ? '' : ` (left out: ${left.join(', ')})`}`
}

function why(reasons: readonly string[], verdict: Comparison['verdict']): Markup {
  if (reasons.length === 0) return nothing
  return h`<div class="why ${verdict === 'fail' ? 'fail' : ''}"><h4>Where they differ, and what goes with it</h4><ul>${reasons.map((text) => h`<li>${text}</li>`)}</ul></div>`
}

function tables({ subject, reference, figures, splits }: Comparison): Markup {
  return h`${numbers({
    caption: 'Every run', head: ['figure', subject.substrate, reference.substrate],
    rows: figures.map((figure) => [figureNames[figure.name], ...[figure.subject, figure.reference].map(({ values, unobserved }) =>
      `${values.map((value) => quantity(value, 'ms')).join(', ')}${unobserved === 0 ? '' : `${values.length === 0 ? '' : ', '}${unobserved} × not observed`}`)]),
  })}${numbers({
    caption: 'Traffic by region and phase', head: ['phase, region', subject.substrate, reference.substrate, 'apart', ''],
    rows: splits.map((split) => [`${split.phase}, ${split.region}`, quantity(split.subject, 'share'), quantity(split.reference, 'share'), pointsWords(split), agreementWords[split.agreement]]),
  })}`
}

function reading({ bounds, substrates }: ParityReport): Markup {
  return h`<p>A dot is the ratio of the medians over the runs of each side; its line is the ${Math.round(bounds.level * 100)} % interval, from ${bounds.resamples}
resamples of the runs. Parity is shown where the whole line lies in the shaded band, ${bounds.ratioLow} to ${bounds.ratioHigh}, and no region's share of the traffic
is more than ${bounds.points} points apart. Failover time and traffic decide; stages and latency explain. Where no request was bad on either side there is no failover
time to divide, and that itself is agreement. Only round trips and service times were ever calibrated: detection and failover of ${substrates[0]} come out of the
gateway's own code.</p>`
}
