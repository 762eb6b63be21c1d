// The picture of a run that is on: what has been seen so far, and one frame of it as text. No clock and no terminal
// in here, so that a test can look at any moment.

import pc from 'picocolors'
import { faultOf } from '../scenarios/faults/index.ts'
import type { Plan } from '../scenarios/scenario.ts'
import type { HistoryEvent, Phase, RequestRow } from '../topologies/history.ts'
import { oneLine, quantity } from './words.ts'

export interface Scene {
  progress(stage: string, text: string): void
  /** `news` is worth a line below the picture. */
  event(event: HistoryEvent, news: string | null): void
  request(row: RequestRow): void
  /** `nowUs` of the run; null before its zero. */
  frame(nowUs: number | null, columns: number): string
}

interface Seen { atUs: number; region: string; ok: boolean; durationUs: number }

/** Rates and shares are those of the last two seconds. */
const windowUs = 2_000_000
const newsLines = 5
/** Beside name, share, rate and median; the bar takes what is left of the line. */
const besideBar = 56
const most = { bar: 40, progress: 72 }

export function openScene(plan: Plan, colours: ReturnType<typeof pc.createColors> = pc): Scene {
  let seen: Seen[] = []
  const news: string[] = []
  /** Primitives in force, by fault. */
  const inForce = new Map<string, Set<number>>()
  let phase: Phase = 'warmup'
  let stage = ''
  let total = 0
  let failed = 0
  return {
    progress(name, text) {
      stage = `${name}: ${text}`
    },
    event(event, text) {
      if (event.kind === 'phase') phase = event.phase
      if (event.kind === 'fault-in-force') inForce.set(event.fault, new Set([...inForce.get(event.fault) ?? [], event.primitive]))
      if (event.kind === 'fault-healed') {
        inForce.get(event.fault)?.delete(event.primitive)
        if (inForce.get(event.fault)?.size === 0) inForce.delete(event.fault)
      }
      if (text === null) return
      news.push(`${(event.atUs / 1e6).toFixed(2).padStart(7)} s  ${oneLine(text)}`)
      if (news.length > newsLines) news.shift()
    },
    request({ source, scheduledUs, region, outcome, durationUs }) {
      if (source !== 'load' && source !== 'prober') return
      total++
      if (outcome !== 'ok') failed++
      seen.push({ atUs: scheduledUs, region, ok: outcome === 'ok', durationUs })
    },
    frame(nowUs, columns) {
      const width = Math.max(40, columns - 1)
      const title = `${colours.bold(oneLine(plan.scenario.name))}  ${colours.dim(oneLine(plan.topology.name))}`
      if (nowUs === null) return `${title}  starting\n${colours.dim(oneLine(stage).slice(0, width))}`
      seen = seen.filter(({ atUs }) => atUs >= nowUs - windowUs)
      const unserved = seen.filter(({ region }) => region === '').length
      return [
        `${title}  ${phase}, ${countdown(plan, phase, nowUs)}`,
        progressBar(plan, nowUs, Math.min(most.progress, width), colours), '',
        `fault ${faultWords(plan, inForce, colours)}   requests ${quantity(total, 'count')}   failed ${failed === 0 ? colours.green('0') : colours.red(quantity(failed, 'count'))}`, '',
        ...plan.topology.regions.map(({ name }) => regionLine(name, seen, Math.max(8, Math.min(most.bar, width - besideBar)), colours)),
        unserved === 0 ? '' : colours.red(`  not served: ${unserved} requests in the last ${windowUs / 1e6} s`),
        ...news.map((text) => colours.dim(text.length > width ? `${text.slice(0, width - 1)}…` : text)),
      ].join('\n')
    },
  }
}

/** `next phase in 3 s, 11 s left`. */
function countdown(plan: Plan, phase: Phase, nowUs: number): string {
  const left = `${Math.max(0, Math.ceil((plan.endUs - nowUs) / 1e6))} s left`
  const following = plan.phases.find(({ fromUs, toUs, phase: name }) => fromUs > nowUs && toUs > fromUs && name !== phase)
  return following === undefined ? left : `${following.phase} in ${Math.ceil((following.fromUs - nowUs) / 1e6)} s, ${left}`
}

function faultWords(plan: Plan, inForce: ReadonlyMap<string, unknown>, colours: ReturnType<typeof pc.createColors>): string {
  if (inForce.size === 0) return colours.dim('none')
  return colours.red([...inForce.keys()].map((name) => {
    const block = plan.scenario.method.find((one) => one.name === name)
    const region = block?.parameters.region
    return oneLine(`${faultOf(block?.kind ?? '')?.shade ?? name}${typeof region === 'string' ? `: ${region}` : ''}`)
  }).join(', '))
}

function regionLine(name: string, seen: readonly Seen[], barWidth: number, colours: ReturnType<typeof pc.createColors>): string {
  const here = seen.filter(({ region }) => region === name)
  const share = seen.length === 0 ? 0 : here.length / seen.length
  const bad = here.filter(({ ok }) => !ok).length
  const sorted = here.map(({ durationUs }) => durationUs).sort((a, b) => a - b)
  const median = sorted.length === 0 ? '-' : quantity(Math.round(sorted[Math.floor(sorted.length / 2)] / 1000), 'ms')
  const filled = Math.round(share * barWidth)
  const bar = colours.cyan('█'.repeat(filled)) + colours.dim('░'.repeat(barWidth - filled))
  const rate = `${(here.length / (windowUs / 1e6)).toFixed(0)}/s`
  return `  ${oneLine(name).padEnd(14)} ${bar} ${`${Math.round(share * 100)} %`.padStart(5)} ${rate.padStart(7)}  median ${median.padStart(7)}${bad > 0 ? colours.red(`  ${bad} bad`) : ''}`
}

/** The phases to scale, with how far the run is, and their names below where there is room. */
function progressBar(plan: Plan, nowUs: number, width: number, colours: ReturnType<typeof pc.createColors>): string {
  const paint: Record<Phase, (text: string) => string> = { warmup: colours.dim, steady: colours.green, fault: colours.red, healing: colours.yellow, recovered: colours.green }
  let bar = ''
  let names = ''
  for (const { phase, fromUs, toUs } of plan.phases) {
    const cells = Math.round((toUs / plan.endUs) * width) - Math.round((fromUs / plan.endUs) * width)
    const done = Math.min(cells, Math.max(0, Math.round(((nowUs - fromUs) / Math.max(1, toUs - fromUs)) * cells)))
    bar += paint[phase]('━'.repeat(done) + '─'.repeat(cells - done))
    names += cells >= phase.length ? phase.padEnd(cells) : ' '.repeat(cells)
  }
  return `${bar}\n${colours.dim(names.trimEnd())}`
}
