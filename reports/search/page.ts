// A search as one HTML file: no network, no script, light, dark and print, with the sheet of the reports of runs.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatCount } from '../../scenarios/judging/statistics.ts'
import { searchCommand } from '../../scenarios/search/finding.ts'
import type { Finding, SearchResult } from '../../scenarios/search/result.ts'
import { h, Markup, nothing } from '../html/markup.ts'
import { faultText, headlineOf, replayCommand, shrunkText, sizeOf } from './words.ts'

/** Pure but for the style sheet, which lies in `reports/html/`. */
export function page(result: SearchResult): string {
  const style = readFileSync(join(import.meta.dirname, '..', 'html', 'page.css'), 'utf8')
  const { asked, violations } = result
  return h`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
<title>Search ${asked.scenario}: ${violations.length === 0 ? 'nothing found' : `${violations.length} broken`}</title>
<style>${new Markup(style)}</style></head>
<body><a class="skip" href="#main">Skip to the report</a>
${hero(result)}
<main id="main">${result.findings.map(findingSection)}${violations.length === 0 ? nothing : countsSection(result)}${watchedSection(result)}
<section id="again"><h2>Repeat it</h2><div class="card"><div class="copy"><pre>${searchCommand(asked)}</pre></div>
<p class="quiet">The same command finds the same, on any machine and with any number of workers.</p></div></section></main>
<footer><p>Made by Regatta from <code>search.json</code>.</p></footer></body></html>
`.text
}

function hero(result: SearchResult): Markup {
  const { asked, violations, limits } = result
  const facts: [string, string][] = [
    ['Scenario', `${asked.scenario}${asked.form === 'short' ? ', short form' : ''}`], ['Topology', asked.topology], ['Gateway', asked.gateway],
    ['Seeds', `from ${asked.seed}`], ['Runs', formatCount(result.runs)], ['Traces', result.traces],
  ]
  return h`<header class="hero"><p class="brand">Regatta <span>search report</span></p>
<div class="title"><h1>${asked.scenario}</h1><span class="badge ${violations.length === 0 ? 'pass' : 'fail'}">${violations.length === 0 ? 'NOTHING FOUND' : 'FOUND'}</span></div>
<p class="summary">${headlineOf(result)}</p>
<dl class="facts">${facts.map(([name, value]) => h`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${limits.length === 0 ? nothing : h`<section class="callout" aria-label="Limits"><h2>Limits</h2><ul>${limits.map((limit) => h`<li>${limit}</li>`)}</ul></section>`}
<p class="story">${sizeOf(result)}</p></header>`
}

function findingSection(finding: Finding): Markup {
  const { invariant, seed, text, method, file, content } = finding
  return h`<section id="${invariant}"><h2>${invariant}, seed ${seed}</h2><div class="card"><p>${text}</p><p class="quiet">${shrunkText(finding)}</p>
<ul>${method.length === 0 ? h`<li>no fault is needed</li>` : method.map((block) => h`<li>${faultText(block)}</li>`)}</ul>
<div class="copy"><pre>${replayCommand(finding, file)}</pre></div>
<details><summary>${file}</summary><pre>${content}</pre></details></div></section>`
}

function countsSection({ violations }: SearchResult): Markup {
  return h`<section id="counts"><h2>How often</h2><div class="card"><table><thead><tr><th scope="col">invariant</th><th scope="col">runs</th><th scope="col">lowest seeds</th></tr></thead>
<tbody>${violations.map(({ invariant, runs, seeds }) => h`<tr><th scope="row">${invariant}</th><td>${formatCount(runs)}</td><td>${seeds.join(', ')}</td></tr>`)}</tbody></table></div></section>`
}

function watchedSection({ watched, unwatched }: SearchResult): Markup {
  return h`<section id="watched"><h2>What was watched</h2><div class="card"><dl class="pairs">${Object.entries(watched).map(([name, meaning]) => h`<dt>${name}</dt><dd>${meaning}</dd>`)}
${Object.entries(unwatched).map(([name, why]) => h`<dt>${name}</dt><dd>not watched: ${why}</dd>`)}</dl></div></section>`
}
