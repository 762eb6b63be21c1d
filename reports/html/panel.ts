// The frame that every chart over time shares: a stretched SVG for shapes, HTML around it for words, so that words
// keep their size on any screen; phases above, fault windows shaded behind, one axis of time below.

import type { JudgeContext } from '../../scenarios/judging/context.ts'
import { faultOf } from '../../scenarios/faults/index.ts'
import { boxHeight, boxWidth, round, timeAxis, type Axis } from './axis.ts'
import { h, Markup, nothing } from './markup.ts'

export interface Shade { fromUs: number; toUs: number; label: string }

export interface Frame {
  x: Axis
  fromUs: number
  toUs: number
  /** What the labels of the axis count from: the moment the fault was asked for, or the start of the run. */
  zeroUs: number
  phases: JudgeContext['phases']
  shades: Shade[]
  /** More vertical lines with a name, for instance the stages of failover. */
  marks: { atUs: number; label: string }[]
}

export function frameOf(context: JudgeContext, fromUs: number, toUs: number, wanted?: number): Frame {
  const zeroUs = zeroOf(context)
  const within = <Window extends { fromUs: number; toUs: number }>(windows: Window[]): Window[] =>
    windows.filter((window) => window.toUs > fromUs && window.fromUs < toUs)
  return {
    x: timeAxis(fromUs, toUs, zeroUs, wanted), fromUs, toUs, zeroUs, phases: within(context.phases), shades: within(shadesOf(context)), marks: [],
  }
}

export function zeroOf(context: JudgeContext): number {
  return context.span?.zeroUs ?? context.faults.find(({ askedUs }) => askedUs !== null)?.askedUs ?? 0
}

/** Windows in which a fault was asked for until it was healed, overlapping ones of a fault made one. */
export function shadesOf({ faults, plan }: JudgeContext): Shade[] {
  const shades: Shade[] = []
  const last = new Map<string, Shade>()
  for (const { fault, askedUs, healedUs } of faults.toSorted((a, b) => (a.askedUs ?? 0) - (b.askedUs ?? 0))) {
    if (askedUs === null) continue
    const toUs = healedUs ?? plan.endUs
    const before = last.get(fault.name)
    if (before !== undefined && askedUs <= before.toUs) {
      before.toUs = Math.max(before.toUs, toUs)
      continue
    }
    const shade = { fromUs: askedUs, toUs, label: before === undefined ? labelOf(fault.kind, fault.name, plan) : '' }
    shades.push(shade)
    last.set(fault.name, shade)
  }
  return shades
}

function labelOf(kind: string, name: string, plan: JudgeContext['plan']): string {
  const region = plan.scenario.method.find((block) => block.name === name)?.parameters.region
  return `${faultOf(kind)?.shade ?? kind}${typeof region === 'string' ? `: ${region}` : ''}`
}

export interface LegendItem { label: string; /** class that sets the colour */ tone: string; mark?: 'line' | 'band' | 'box' | 'dot' | 'ring' | 'square' | 'dash' }

export interface Panel {
  id: string
  title: string
  /** Pixels. */
  height: number
  y: Axis
  legend: LegendItem[]
  /** What a screen reader says instead of the picture. */
  summary: string
  shapes: Markup
}

export function panel(frame: Frame, { id, title, height, y, legend, summary, shapes }: Panel): Markup {
  return h`<div class="panel">
<div class="panel-head">${title === '' ? nothing : h`<h4>${title}</h4>`}${legendOf(legend)}</div>
<div class="plot" style="height:${height}px">
${y.ticks.map(({ value, label }) => h`<span class="ytick" style="top:${y.at(value)}%">${label}</span>`)}
<div class="area" data-panel="${id}" data-label="${title}">
<svg viewBox="0 0 ${boxWidth} ${boxHeight}" preserveAspectRatio="none" role="img" aria-label="${summary}">
${y.ticks.map(({ value }) => h`<path class="grid" d="M0 ${y.at(value)}H${boxWidth}"/>`)}
${frame.shades.map(({ fromUs, toUs }) => h`<rect class="shade" x="${frame.x.at(fromUs)}" y="0" width="${round(frame.x.at(toUs) - frame.x.at(fromUs))}" height="${boxHeight}"/>`)}
${frame.phases.filter(({ fromUs }) => fromUs > frame.fromUs).map(({ fromUs }) => h`<path class="boundary" d="M${frame.x.at(fromUs)} 0V${boxHeight}"/>`)}
${shapes}
${frame.marks.map(({ atUs }) => h`<path class="mark" d="M${frame.x.at(atUs)} 0V${boxHeight}"/>`)}
</svg>
</div></div></div>`
}

function legendOf(items: readonly LegendItem[]): Markup {
  if (items.length === 0) return nothing
  return h`<ul class="legend">${items.map(({ label, tone, mark = 'line' }) => h`<li class="${tone}"><i class="key ${mark}" aria-hidden="true"></i>${label}</li>`)}</ul>`
}

/** Names of the phases, to scale, and of what is shaded. */
export function strip(frame: Frame): Markup {
  const at = (us: number): number => round(frame.x.at(us) / 10)
  return h`<div class="strip${frame.shades.length === 0 ? ' bare' : ''}" aria-hidden="true">${frame.phases.map(({ phase, fromUs, toUs }) => h`<span class="phase ${phase}" style="left:${at(fromUs)}%;width:${round(at(toUs) - at(fromUs))}%">${phase}</span>`)}
${frame.shades.filter(({ label }) => label !== '').map(({ fromUs, label }) => h`<span class="shade-label" style="${at(fromUs) > 60 ? h`right:${round(100 - at(fromUs))}%;max-width:${at(fromUs)}%` : h`left:${at(fromUs)}%;max-width:${round(100 - at(fromUs))}%`}">${label}</span>`)}
</div>`
}

export function timeLabels(frame: Frame): Markup {
  return h`<div class="xaxis" aria-hidden="true">${frame.x.ticks.map(({ value, label }, index) =>
    h`<span class="${index % 2 === 1 ? 'odd' : 'even'}${frame.x.at(value) > 970 ? ' end' : ''}" style="left:${round(frame.x.at(value) / 10)}%">${label}</span>`)}</div>`
}

/** A card: words, panels under one strip of phases and over one axis, and the same as numbers. */
export function figure(id: string, title: string, words: string, frame: Frame, panels: readonly Markup[], numbers: Markup, after: Markup = nothing): Markup {
  return h`<figure class="card chart" id="${id}">
<figcaption><h3>${title}</h3><p>${words}</p></figcaption>
${strip(frame)}${panels}${timeLabels(frame)}${after}
${numbers}
</figure>`
}
