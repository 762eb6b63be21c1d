// Every check with what it rests on. Evidence of what did not pass is open, the rest is a click away.

import type { Check } from '../../../scenarios/verdict.ts'
import { quantity, worstFirst } from '../../words.ts'
import { h, nothing, type Markup } from '../markup.ts'
import type { Page } from '../page.ts'
import { marks } from './headline.ts'

const groups: { group: Check['group']; title: string; words: string }[] = [
  { group: 'objective', title: 'Objectives', words: 'What the scenario promises.' },
  { group: 'steady-state', title: 'Steady state', words: 'All must be well before the fault, and again after it, or the rest means nothing.' },
  { group: 'validity', title: 'May the run be believed?', words: 'Did the fault bite, was the load sent, had the machine room? If not, the run answers nothing.' },
]

export function checksSection({ verdict }: Page): Markup {
  const shown = groups.filter(({ group }) => verdict.checks.some((check) => check.group === group))
  return h`<section id="checks"><h2>Checks</h2>${shown.map(({ group, title, words }) => {
    const checks = worstFirst(verdict.checks.filter((check) => check.group === group))
    const held = checks.filter((check) => check.verdict === 'pass').length
    const unsupported = checks.filter((check) => check.verdict === 'unsupported').length
    const count = `${held} of ${checks.length - unsupported} hold${unsupported === 0 ? '' : `, ${unsupported} cannot be measured here`}`
    return h`<div class="card"><h3>${title} <span class="count">${count}</span></h3><p class="quiet">${words}</p>
<table class="checks"><thead><tr><th scope="col">Verdict</th><th scope="col">Check</th><th scope="col" class="n">Observed</th><th scope="col">Objective</th></tr></thead>
<tbody>${checks.map(row)}</tbody></table></div>`
  })}</section>`
}

function row(check: Check): Markup {
  const name = h`<code>${check.name}</code>`
  const open = check.verdict === 'pass' ? nothing : h` open`
  return h`<tr class="${check.verdict}"><td><span class="mark ${check.verdict}"><b aria-hidden="true">${marks[check.verdict]}</b> ${check.verdict}</span></td>
<th scope="row">${check.evidence.length === 0 ? name : h`<details${open}><summary>${name}</summary><ul>${check.evidence.map((line) => h`<li>${line}</li>`)}</ul></details>`}</th>
<td class="n" data-label="observed">${quantity(check.observed, check.unit)}</td><td data-label="objective">${check.objective}</td></tr>`
}
