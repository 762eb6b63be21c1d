// The map of a sweep as one HTML file: no network, no script, light, dark and print. It shares the sheet of the
// reports of runs, so that both look like one family.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CellResult, SweepResult } from '../../scenarios/sweep/result.ts'
import { h, Markup, nothing } from '../html/markup.ts'
import { quantity } from '../words.ts'
import { detectionMaps, ejectionMaps, failoverMaps } from './maps.ts'
import { detectionText, ejectionsText, failoverText, headlineOf, safeRanges, safetyMarks } from './words.ts'

/** Pure but for the style sheets, which lie beside this file and in `reports/html/`. */
export function page(result: SweepResult): string {
  const style = ['../html/page.css', 'page.css'].map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n')
  return h`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
<title>Sweep ${result.name}: ${result.counts.safe} of ${result.counts.cells} cells safe</title>
<style>${new Markup(style)}</style></head>
<body><a class="skip" href="#main">Skip to the report</a>
${hero(result)}
<nav aria-label="Sections"><ul>${[['safe', 'Safe settings'], ['failover', 'Failover time'], ['detection', 'Detection'], ['ejections', 'False ejections'], ['cells', 'Every cell'], ['again', 'Repeat it']].map(([id, title]) => h`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${safeSection(result)}
<section id="failover"><h2>Failover time</h2><p class="quiet about">Median over ${result.seeds.length} seeds; below it the worst, where that differs. From the moment the fault was asked for to the last failed or slow request.</p>${failoverMaps(result)}</section>
<section id="detection"><h2>Detection time</h2><p class="quiet about">Median until a gateway of the affected clients noted a first sign of trouble in the faulted region. Traffic shows failover only as finely as it flows; this it does not need.</p>${detectionMaps(result)}</section>
<section id="ejections"><h2>False ejections</h2><p class="quiet about">Mean a run, and the most in one: targets that a gateway ejected although no fault lay between them.</p>${ejectionMaps(result)}</section>
${cellsSection(result)}${againSection(result)}</main>
<footer><p>Made by Regatta ${result.regatta} from <code>sweep.json</code>.</p></footer></body></html>
`.text
}

function hero(result: SweepResult): Markup {
  const { counts, seeds, fixed, objectiveMs, description, ended } = result
  const facts: [string, string][] = [
    ['Scenario', `${result.scenario}${result.fast ? ', short form' : ''}`], ['Topology', result.topology], ['Substrate', result.substrate],
    ['Runs', `${counts.runs}, ${seeds.length} a cell`], ['Objective', `failover below ${quantity(objectiveMs, 'ms')}`],
    ...fixed.map(({ axis, value }): [string, string] => [axis, value]),
  ]
  const failed = [...new Set(result.cells.flatMap(({ trials }) => trials.flatMap(({ error }) => (error === null ? [] : [`${error.code}: ${error.message}`]))))]
  return h`<header class="hero"><p class="brand">Regatta <span>sweep report</span></p>
<div class="title"><h1>${result.name}</h1>${ended === 'interrupted' ? h`<span class="badge inconclusive">INTERRUPTED</span>` : nothing}</div>
<p class="summary">${headlineOf(result)}</p>
<dl class="facts">${facts.map(([name, value]) => h`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${failed.length === 0 ? nothing : h`<section class="callout" aria-label="Runs that failed"><h2>${counts.runsFailed} runs could not be played</h2><ul>${failed.slice(0, 5).map((text) => h`<li>${text}</li>`)}</ul></section>`}
${description.trim().split(/\n\s*\n/).map((paragraph) => h`<p class="story">${paragraph}</p>`)}</header>`
}

/** The map in sentences: where along the first axis each combination of the other settings is safe. */
function safeSection(result: SweepResult): Markup {
  const [first, ...others] = result.axes
  const tone = ({ safe, of }: { safe: number; of: number }): string => (safe === of ? 'pass' : safe === 0 ? 'fail' : 'inconclusive')
  return h`<section id="safe"><h2>Safe settings</h2><div class="card"><div class="scroll" tabindex="0" role="region" aria-label="Safe settings"><table class="ranges"><thead><tr>${others.map(({ name }) => h`<th scope="col">${name}</th>`)}<th scope="col">safe along ${first.name}</th><th scope="col">cells</th></tr></thead>
<tbody>${safeRanges(result).map((range) => h`<tr>${range.settings.map((value) => h`<th scope="row">${value}</th>`)}<td><b class="mark ${tone(range)}">${range.where}</b></td><td>${range.safe} of ${range.of}</td></tr>`)}</tbody></table></div></div></section>`
}

function cellsSection({ axes, cells }: SweepResult): Markup {
  const heads = [...axes.map(({ name }) => name), '', 'failover', 'worst', 'detected', 'false ejections', 'failed', 'eligible failed', 'why not safe']
  return h`<section id="cells"><h2>Every cell</h2><div class="card"><details><summary>${cells.length} cells: times are medians of believed runs, requests those of the median run</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Every cell"><table class="cells"><thead><tr>${heads.map((name) => h`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${cells.map((cell) => h`<tr>${axes.map(({ name }) => h`<th scope="row">${cell.settings[name]}</th>`)}${rest(cell)}</tr>`)}</tbody></table></div></details></div></section>`
}

function rest(cell: CellResult): Markup {
  const { failover, failed, eligibleFailed, safety, why } = cell
  const time = (ms: number | null): string => (failover.measured === 0 ? '–' : ms === null ? 'never' : quantity(ms, 'ms'))
  const tone = { safe: 'pass', unsafe: 'fail', unknown: 'inconclusive' }[safety]
  return h`<td><b class="mark ${tone}">${safetyMarks[safety]}</b></td>${[
    failoverText(cell), time(failover.worstMs), detectionText(cell), ejectionsText(cell), quantity(failed.median, 'count'), quantity(eligibleFailed.median, 'count'), why,
  ].map((text) => h`<td>${text}</td>`)}`
}

function againSection({ command, axes }: SweepResult): Markup {
  return h`<section id="again"><h2>Repeat it</h2><div class="card"><div class="copy"><pre>${command}</pre></div>
<p class="quiet">The same command gives the same map, on any machine and with any number of workers.</p></div>
<div class="card"><h3>Axes</h3><dl class="pairs">${axes.map(({ name, description }) => h`<dt>${name}</dt><dd>${description}</dd>`)}</dl></div></section>`
}
