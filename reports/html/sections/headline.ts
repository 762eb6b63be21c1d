// The top of the page: what the verdict is, in one sentence, on which ground, and with which limits. Someone who
// reads no further must not be misled.

import { detailsOf } from '../../../scenarios/run-record.ts'
import type { Check } from '../../../scenarios/verdict.ts'
import { failoverWords, quantity, verdictWords, whenUtc, worstFirst } from '../../words.ts'
import { h, nothing, type Markup } from '../markup.ts'
import type { Page } from '../page.ts'

export const marks = { pass: '✓', fail: '✗', inconclusive: '?', unsupported: '–' } as const

export function headline(page: Page): Markup {
  const { verdict, run } = page
  const seconds = run.plan.endUs / 1e6
  const facts: [string, string][] = [
    ['Topology', `${verdict.topology}, ${run.plan.topology.regions.length} regions`], ['Substrate', verdict.substrate], ['Gateway', verdict.gateway],
    ['Mesh', verdict.mesh], ['Seed', String(verdict.seed)], ['Began', whenUtc(run.startedAt)], ['Length', quantity(seconds, 's')],
  ]
  return h`<header class="hero ${verdict.verdict}">
<p class="brand">Regatta <span>failover report</span></p>
<div class="title"><span class="badge ${verdict.verdict}"><b aria-hidden="true">${marks[verdict.verdict]}</b> ${verdictWords[verdict.verdict]}</span><h1>${verdict.scenario}</h1></div>
<p class="summary">${sentence(verdict.summary, verdict.scenario)}</p>
<dl class="facts">${facts.map(([name, value]) => h`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${tiles(page)}${decisive(page)}${limits(page)}
</header>`
}

/** The badge has said the first word already. Names keep their case; of an error the first line is enough here. */
function sentence(summary: string, scenario: string): string {
  const [rest] = summary.replace(/^(Pass|Fail|Inconclusive): /, '').split('\n')
  return rest.startsWith(scenario) ? rest : rest.charAt(0).toUpperCase() + rest.slice(1)
}

interface Tile { label: string; value: string; under: string; check?: Check }

function tiles({ verdict }: Page): Markup {
  const { failover, counts, checks } = verdict
  const checkOf = (start: string): Check | undefined => checks.find(({ name, group }) => group === 'objective' && name.startsWith(start))
  const decision = checkOf('decision_time')
  const shown: Tile[] = [
    ...(failover === null ? [] : [{ label: 'Failover time', value: failoverWords(failover, 'short'), under: objectiveOf(checkOf('failover_time')), check: checkOf('failover_time') }]),
    { label: 'Eligible requests failed', value: quantity(counts.eligibleFailed, 'count'), under: `of ${quantity(counts.eligible, 'count')} that could be sent again`, check: checkOf('eligible_failed') },
    ...(decision === undefined ? [] : [{ label: 'Routing decision', value: quantity(decision.observed, decision.unit), under: objectiveOf(decision), check: decision }]),
    { label: 'Requests', value: quantity(counts.requests, 'count'), under: `${quantity(counts.failed, 'count')} failed in all, ${quantity(counts.hedges, 'count')} hedges, ${quantity(counts.retries, 'count')} retries` },
  ]
  return h`<ul class="tiles">${shown.map(({ label, value, under, check }) => h`<li class="${check?.verdict ?? ''}"><span class="tile-label">${label}</span><strong>${value}</strong><span class="tile-under">${check === undefined ? nothing : h`<b class="mark ${check.verdict}" aria-label="${check.verdict}">${marks[check.verdict]}</b> `}${under}</span></li>`)}</ul>`
}

function objectiveOf(check: Check | undefined): string {
  return check === undefined ? 'no objective stated' : `objective ${check.objective}`
}

/** What the verdict hangs on when it is no pass. */
function decisive({ verdict, run }: Page): Markup {
  if (verdict.verdict === 'pass') return nothing
  const invalid = verdict.checks.filter((check) => check.group !== 'objective' && check.verdict !== 'pass' && check.verdict !== 'unsupported')
  const deciding = verdict.verdict === 'inconclusive' && invalid.length > 0 ? invalid : undecided(verdict.checks)
  if (run.ended !== 'complete') {
    return h`<section class="callout inconclusive" aria-label="What decided"><h2>The run ${run.ended === 'failed' ? 'failed' : 'was interrupted'}</h2>
${run.error === null ? nothing : h`<p class="error"><code>${run.error.code}</code> ${run.error.message}</p>${detailsOf(run.error).map((detail) => h`<p class="quiet">${detail}</p>`)}`}<p class="quiet">${invalid.length} checks could not be judged; <a href="#checks">they stand below</a>.</p></section>`
  }
  return h`<section class="callout ${verdict.verdict}" aria-label="What decided"><h2>${verdict.verdict === 'fail' ? 'What was missed' : 'Why this cannot be judged'}</h2>
<ul>${worstFirst(deciding).slice(0, 5).map((check) => h`<li><a href="#checks"><strong>${check.name}</strong></a>: ${ground(check, verdict.failover?.notRecovered === true)}, <span class="quiet">must be ${check.objective}</span></li>`)}${deciding.length > 5 ? h`<li class="quiet">and ${deciding.length - 5} more</li>` : nothing}</ul></section>`
}

/** What decided; where nothing did, what was asked in vain. */
function undecided(checks: readonly Check[]): Check[] {
  const deciding = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
  return deciding.length > 0 ? deciding : checks.filter(({ verdict }) => verdict === 'unsupported')
}

/** What was seen: for a miss the value, for what could not be told the reason. */
function ground(check: Check, notRecovered: boolean): string {
  if (notRecovered && check.name.startsWith('failover_time')) return 'not recovered before healing'
  return check.verdict === 'fail' || check.evidence.length === 0 ? `observed ${quantity(check.observed, check.unit)}` : check.evidence[0]
}

function limits({ verdict, history, run }: Page): Markup {
  const standIns = Object.entries(run.inventory.tools)
    .filter(([tool, { origin }]) => origin === 'embedded' && !verdict.limits.some((limit) => limit.includes(tool)))
    .map(([tool, { reason }]) => `${tool}: the embedded part stands in${reason === undefined ? '' : ` (${reason})`}`)
  const all = [...verdict.limits, ...standIns, ...history.notes]
  if (all.length === 0) return h`<p class="no-limits">No stand-ins: everything that was asked for was there.</p>`
  return h`<section class="callout limits" aria-label="Limits of this run"><h2>Limits of this run</h2><ul>${all.map((limit) => h`<li>${limit}</li>`)}</ul></section>`
}
