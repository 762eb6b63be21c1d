// What it takes to believe a report and to make it again: the command, the tools and where they came from, the
// machine, and every file of the run's folder.

import { primitiveKinds } from '../../../topologies/primitives.ts'
import { quantity, virtualTimeWords } from '../../words.ts'
import { round } from '../axis.ts'
import { h, nothing, type Markup } from '../markup.ts'
import type { Page } from '../page.ts'

/** Relative, so that a copied folder still works. */
const files: [string, string][] = [
  ['verdict.json', 'the verdict, for machines'], ['run.json', 'everything resolved: scenario, topology, plan, versions, machine'],
  ['events.ndjson', 'phases, faults, health, snapshots, one JSON line each'], ['requests.arrow', 'a row a client request'],
  ['attempts.arrow', 'a row an upstream attempt'], ['report.md', 'summary for a CI page'], ['junit.xml', 'a test case a check'],
]

export function provenanceSection(page: Page): Markup {
  const { run } = page
  return h`<section id="again"><h2>How to repeat it</h2>
<div class="card"><div class="copy"><pre tabindex="0"><code>${run.command}</code></pre><button type="button" hidden>Copy</button></div>
<p class="quiet">The same plan, down to arrival and fault times, follows from scenario, topology and seed. <code>regatta judge</code> on this folder gives the same verdict without starting anything.</p></div>
<div class="two"><div class="card"><h3>Files beside this page</h3><ul class="files">${files.map(([file, words]) => h`<li><a href="${file}">${file}</a> <span class="quiet">${words}</span></li>`)}</ul></div>
<div class="card"><h3>Made with</h3><dl class="pairs">${versions(page).map(([name, value]) => h`<dt>${name}</dt><dd>${value}</dd>`)}</dl></div></div>
${tools(page)}${stages(page)}${capabilities(page)}</section>`
}

function versions({ run }: Page): [string, string][] {
  const { machine, inventory } = run
  const clock = inventory.clock
  const virtual = virtualTimeWords(inventory)
  return [
    ['run', run.id], ['substrate', `${run.substrate}${run.time === 'virtual' ? ', in virtual time' : ''}`],
    ...(virtual === null ? [] : [['virtual time', virtual.played], ['trace', virtual.trace]] satisfies [string, string][]),
    ['regatta', run.regatta], ['node', run.node],
    ['machine', `${machine.cpuModel}, ${machine.cpus} processors, ${quantity(Math.round(machine.memoryBytes / 2 ** 30), 'GiB')}`], ['system', `${machine.os} ${machine.arch}`],
    ['clock', `${clock.id}, offset ${quantity(clock.offsetUs / 1000, 'ms')} ± ${quantity(clock.uncertaintyUs / 1000, 'ms')}`],
  ]
}

function tools({ run }: Page): Markup {
  const rows = Object.entries(run.inventory.tools)
  if (rows.length === 0) return nothing
  return h`<div class="card"><h3>Tools</h3><div class="scroll" tabindex="0" role="region" aria-label="Tools"><table><thead><tr><th scope="col">tool</th><th scope="col">version</th><th scope="col">from</th><th scope="col">because</th></tr></thead>
<tbody>${rows.map(([name, { version, origin, reason }]) => h`<tr><th scope="row">${name}</th><td>${version}</td><td><span class="origin${origin === 'embedded' ? ' stand-in' : ''}">${origin === 'embedded' ? 'embedded stand-in' : origin}</span></td><td>${reason ?? '–'}</td></tr>`)}</tbody></table></div></div>`
}

function stages({ run }: Page): Markup {
  const rows = Object.entries(run.inventory.stagesMs)
  if (rows.length === 0) return nothing
  const most = Math.max(...rows.map(([, ms]) => ms), 1)
  return h`<div class="card"><h3>Stages of the run</h3><dl class="bars">${rows.map(([name, ms]) => h`<div><dt>${name}</dt><dd><span class="bar c0"><span class="full" style="width:${round((ms / most) * 100)}%"></span></span><b>${quantity(Math.round(ms * 10) / 10, 'ms')}</b></dd></div>`)}</dl></div>`
}

function capabilities({ run }: Page): Markup {
  return h`<div class="card"><h3>What the substrate can do</h3><details><summary>Fault primitives of <code>${run.substrate}</code></summary><div class="scroll" tabindex="0" role="region" aria-label="Fault primitives"><table><thead><tr><th scope="col">primitive</th><th scope="col">here</th><th scope="col">how</th><th scope="col">what a client sees</th></tr></thead>
<tbody>${primitiveKinds.flatMap((kind) => {
    const capability = run.capabilities[kind]
    return capability === undefined ? [] : [h`<tr><th scope="row">${kind}</th><td>${capability.supported ? 'yes' : h`<span class="origin stand-in">no</span>`}</td><td>${capability.how}</td><td>${capability.symptom}</td></tr>`]
  })}</tbody></table></div></details></div>`
}
