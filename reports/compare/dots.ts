// Failover times of all runs, a row a variant and a dot a run: filled when it counts, hollow when it may not be believed.
// What is below the resolution or never recovered is no time, so it has a place of its own beside the axis.

import type { Comparison, PlayedRun, Variant } from '../../scenarios/compare/document.ts'
import { boxHeight, boxWidth, logAxis, round, type Axis } from '../html/axis.ts'
import { h, nothing, type Markup } from '../html/markup.ts'
import { quantity } from '../words.ts'
import { failoverWords } from './words.ts'

/** Shares of the width: times lie between the two, bounds beyond them. */
const [left, right] = [0.2, 0.8]
const bounds = { 'below-resolution': 0.06, 'not-recovered': 0.94 } as const

type Failover = NonNullable<PlayedRun['failover']>

export function failoverDots({ variants, rounds }: Comparison): Markup {
  const found = variants.flatMap(({ runs }) => runs.flatMap(({ failover }) => failover ?? []))
  if (found.length === 0) return h`<p class="quiet">No run measured a failover time.</p>`
  const measured = found.filter(({ kind }) => kind === 'measured').map(({ ms }) => ms)
  const axis = measured.length === 0 ? null : logAxis(Math.min(...measured), Math.max(...measured), (ms) => quantity(ms, 'ms'))
  return h`<div class="dots">
${variants.map((variant) => h`<div class="dots-row"><span class="what">${variant.name}</span>${plot(variant, axis, rounds)}<span class="said">${failoverWords(variant)}</span></div>`)}
<div class="dots-row foot" aria-hidden="true"><span class="what"></span><span class="ruler">
<i class="before">no bad request</i>${axis === null ? nothing : axis.ticks.map(({ value, label }) => h`<i style="left:${round(100 * shareOf(value, axis))}%">${label}</i>`)}<i class="after">not recovered</i>
</span><span class="said"></span></div></div>`
}

function shareOf(ms: number, axis: Axis): number {
  return left + (1 - axis.at(ms) / boxHeight) * (right - left)
}

function plot(variant: Variant, axis: Axis | null, rounds: number): Markup {
  const x = ({ kind, ms }: Failover): number => round(boxWidth * (kind === 'measured' && axis !== null ? shareOf(ms, axis) : bounds[kind === 'measured' ? 'not-recovered' : kind]))
  const dots = variant.runs.flatMap((run) => (run.failover === null ? [] : [{ run, x: x(run.failover), y: round((boxHeight * run.round) / (rounds + 1)) }]))
  return h`<span class="plot" role="img" aria-label="${variant.name}: ${failoverWords(variant)}"><svg viewBox="0 0 ${boxWidth} ${boxHeight}" preserveAspectRatio="none" aria-hidden="true">
<path class="edge" d="M${boxWidth * left * 0.75} 0V${boxHeight}M${boxWidth * (1 - (1 - right) * 0.75)} 0V${boxHeight}"/>
${axis === null ? nothing : h`<path class="grid" d="${axis.ticks.map(({ value }) => `M${round(boxWidth * shareOf(value, axis))} 0V${boxHeight}`).join('')}"/>`}
${axis === null ? nothing : spread(variant, axis)}
${dots.map(({ run, x: at, y }) => h`<path class="run" d="M${at} ${y}h0"><title>${title(run)}</title></path>${run.counted ? nothing : h`<path class="hollow" d="M${at} ${y}h0"/>`}`)}
</svg></span>`
}

/** Least, median and most, where all that counts was measured. */
function spread({ figures }: Variant, axis: Axis): Markup {
  const failover = figures.find(({ name }) => name === 'failover_time')
  if (failover === undefined || failover.median === null || failover.belowResolution + failover.notRecovered > 0) return nothing
  const [least, median, most] = [failover.min!, failover.median, failover.max!].map((ms) => round(boxWidth * shareOf(ms, axis)))
  return h`<path class="range" d="M${least} ${boxHeight / 2}H${most}"/><path class="median" d="M${median} 8V92"/>`
}

function title({ round: number, failover, counted, folder }: PlayedRun): string {
  const value = failover === null ? '' : failover.kind === 'measured' ? quantity(failover.ms, 'ms') : failover.kind === 'below-resolution' ? `< ${quantity(failover.ms, 'ms')}` : 'not recovered'
  return `round ${number}: ${value}${counted ? '' : ', left out'} (${folder})`
}
