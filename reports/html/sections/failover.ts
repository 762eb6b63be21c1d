// failover_time taken apart: what had to be noticed, decided and done, when each of it happened, and how much of
// the time allowed it took.

import type { Check, FailoverMeasurement } from '../../../scenarios/verdict.ts'
import { failoverWords, quantity } from '../../words.ts'
import { round } from '../axis.ts'
import { h, nothing, type Markup } from '../markup.ts'
import type { Page } from '../page.ts'
import { stagesOf, type Stage } from '../stages.ts'
import { marks } from './headline.ts'

export function failoverSection(page: Page): Markup {
  const { verdict, run } = page
  if (run.plan.faults.length === 0) return nothing
  if (verdict.failover === null) {
    const why = verdict.checks.find(({ name }) => name.startsWith('failover_time'))?.evidence[0] ?? 'the history does not hold what it takes'
    return h`<section id="failover"><h2>Failover</h2><div class="card"><p>Not measured: ${why}.</p></div></section>`
  }
  const { failover, counts } = verdict
  const stages = stagesOf(page)
  const rows: [string, string][] = [
    ['failed probes', quantity(failover.failed, 'count')],
    ['slow probes', quantity(failover.slow, 'count')],
    ['last bad probe', failover.lastBadMs === null ? 'none' : `+${quantity(failover.lastBadMs, 'ms')}`],
    ['eligible requests failed since the fault', quantity(failover.eligibleFailed, 'count')],
    ['hedges / retries', `${quantity(counts.hedges, 'count')} / ${quantity(counts.retries, 'count')}`],
    ['resolution', quantity(failover.resolutionMs, 'ms')],
    ['uncertainty of zero', quantity(failover.zeroUncertaintyMs, 'ms')],
  ]
  return h`<section id="failover"><h2>Failover</h2><div class="card">
<p class="lead">${lead(failover)}</p>
${track(stages)}
<ol class="stages">${stages.map((stage, index) => stageItem(stage, stages[index - 1]))}</ol>
${budget(verdict.checks.find(({ name, group }) => group === 'objective' && name.startsWith('failover_time')), failover.valueMs, failover.notRecovered)}
<dl class="facts small">${rows.map(([name, value]) => h`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</div></section>`
}

function lead(failover: FailoverMeasurement): Markup {
  const groups = failover.groups.join(', ')
  if (failover.notRecovered) return h`<strong>Not recovered before healing:</strong> in the last seconds of the fault ${groups} still had failed or slow probes.`
  if (failover.belowResolution) return h`<strong>${failoverWords(failover, 'short')}:</strong> no probe of ${groups} was failed or slow after the fault was asked for.`
  return h`<strong>${failoverWords(failover)}</strong> from the moment the fault was asked for to the last failed or slow probe of ${groups}.`
}

/** A bar to scale, a segment a stage. Words stand in the list below, where they have room. */
function track(stages: readonly Stage[]): Markup {
  const seen = stages.filter((stage): stage is Stage & { atMs: number } => stage.atMs !== null)
  const end = seen.at(-1)?.atMs ?? 0
  if (end <= 0) return nothing
  const segments = seen.slice(1).map((stage, index) => ({ ...stage, left: (seen[index].atMs / end) * 100, width: ((stage.atMs - seen[index].atMs) / end) * 100 }))
  return h`<div class="track" role="img" aria-label="${seen.map(({ name, atMs }) => `${name} at ${quantity(atMs, 'ms')}`).join(', ')}">
${segments.map(({ key, left, width }) => h`<span class="segment s-${key}" style="left:${round(left)}%;width:${round(width)}%"></span>`)}</div>`
}

function stageItem({ key, name, atMs, what }: Stage, before: Stage | undefined): Markup {
  const since = atMs === null || before?.atMs === null || before === undefined || before.key === 'asked' ? '' : `${quantity(atMs - before.atMs, 'ms')} later`
  return h`<li class="s-${key}"><span class="stage-name"><i aria-hidden="true"></i>${name}</span><strong>${atMs === null ? (key === 'recover' ? '–' : 'not seen') : key === 'asked' ? '0' : `+${quantity(atMs, 'ms')}`}</strong>${since === '' ? nothing : h`<span class="since">${since}</span>`}<span class="what">${what}</span></li>`
}

/** The share of the allowed time that was used; only where the objective is a plain upper bound. */
function budget(check: Check | undefined, valueMs: number, notRecovered: boolean): Markup {
  if (check === undefined) return nothing
  const allowedMs = upperBoundMs(check.objective)
  const words = h`<span class="mark ${check.verdict}">${marks[check.verdict]} ${check.verdict}</span> objective <strong>${check.objective}</strong>, observed <strong>${notRecovered ? 'not recovered' : quantity(check.observed, check.unit)}</strong>`
  if (allowedMs === null || notRecovered || check.verdict === 'unsupported') return h`<p class="budget">${words}</p>`
  const share = valueMs / allowedMs
  return h`<div class="budget"><p>${words}: ${quantity(Math.round(share * 1000) / 1000, 'share')} of the time allowed</p>
<div class="meter ${check.verdict}" aria-hidden="true"><span style="width:${round(Math.min(1, share) * 100)}%"></span></div></div>`
}

/** `max < 5 s` → 5000. */
function upperBoundMs(objective: string): number | null {
  const match = /<=?\s*([\d.]+)\s*(µs|ms|s|min)\s*$/.exec(objective)
  if (match === null) return null
  return Number(match[1]) * { µs: 0.001, ms: 1, s: 1000, min: 60_000 }[match[2] as 'µs' | 'ms' | 's' | 'min']
}
