// The view while a run is on. On a terminal: regions with their share of the traffic and errors, the fault in
// force, and a countdown, drawn anew four times a second. Without one: a plain line an event that matters.

import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import type { HistoryEvent, RequestRow } from '../topologies/history.ts'
import type { Plan } from '../scenarios/scenario.ts'

export interface Live {
  progress(stage: string, text: string): void
  event(event: HistoryEvent): void
  request(row: RequestRow): void
  close(): void
}

export interface LiveOptions {
  plan: Plan
  /** Lines instead of a picture. */
  plain: boolean
  stream: NodeJS.WriteStream
}

const redrawMs = 250
/** Rates and shares are those of the last two seconds. */
const windowUs = 2_000_000
const barWidth = 30

export function openLive(options: LiveOptions): Live {
  return options.plain ? openPlain(options) : openPicture(options)
}

function openPlain({ plan, stream }: LiveOptions): Live {
  const line = (text: string): void => void stream.write(`${text}\n`)
  line(`${plan.scenario.name}: ${plan.topology.name}, ${seconds(plan.endUs)} s, seed ${plan.seed}`)
  return {
    progress: (stage, text) => line(`start ${stage}: ${text}`),
    event(event) {
      const text = headline(event)
      if (text !== null) line(`${(event.atUs / 1e6).toFixed(3).padStart(8)} s  ${text}`)
    },
    request() {},
    close() {},
  }
}

/** What is worth a line; null for the rest. */
export function headline(event: HistoryEvent): string | null {
  switch (event.kind) {
    case 'phase': return `phase ${event.phase}`
    case 'fault-asked': return `fault ${event.fault}#${event.primitive} asked: ${event.detail.kind}`
    case 'fault-in-force': return `fault ${event.fault}#${event.primitive} in force`
    case 'fault-healed': return `fault ${event.fault}#${event.primitive} healed`
    case 'region-state': return `${event.source}: region ${event.region} ${event.state} (${event.cause})`
    case 'first-redirect': return `${event.source}: ${event.from} → ${event.to} (${event.cause})`
    case 'control-plane-lost': return `${event.source}: control plane lost`
    case 'control-plane-found': return `${event.source}: control plane found`
    case 'snapshot-refused': return `${event.source}: snapshot ${event.revision} refused: ${event.message}`
    case 'interrupted': return `interrupted: ${event.reason}`
    case 'process': return event.state === 'exited' ? `${event.process} ended by itself` : null
    default: return null
  }
}

interface Seen { atUs: number; region: string; ok: boolean; durationUs: number }

function openPicture({ plan, stream }: LiveOptions): Live {
  const draw = createLogUpdate(stream)
  const seen: Seen[] = []
  const news: string[] = []
  const faults = new Set<string>()
  let phase = 'starting'
  let stage = ''
  let nowUs = 0
  let startedMs = 0
  let total = 0
  let failed = 0

  const frame = (): string => {
    if (startedMs > 0) nowUs = (performance.now() - startedMs) * 1000
    while (seen.length > 0 && seen[0].atUs < nowUs - windowUs) seen.shift()
    const left = Math.max(0, plan.endUs - nowUs)
    const fault = faults.size === 0 ? pc.dim('none') : pc.red([...faults].join(', '))
    return [
      `${pc.bold(plan.scenario.name)}  ${plan.topology.name}  ${startedMs === 0 ? pc.dim(stage) : `${phase}, ${seconds(left)} s left`}`,
      progressBar(plan, nowUs),
      `fault ${fault}   requests ${total}   failed ${failed === 0 ? pc.green('0') : pc.red(String(failed))}`,
      '',
      ...plan.topology.regions.map(({ name }) => regionLine(name, seen)),
      '',
      ...news.slice(-5).map((text) => pc.dim(text)),
    ].join('\n')
  }
  const timer = setInterval(() => draw(frame()), redrawMs)
  return {
    progress(name, text) {
      stage = `${name} ${text}`
    },
    event(event) {
      if (event.kind === 'phase') {
        phase = event.phase
        if (startedMs === 0) startedMs = performance.now() - event.atUs / 1000
      }
      if (event.kind === 'fault-in-force') faults.add(event.fault)
      if (event.kind === 'fault-healed') faults.delete(event.fault)
      const text = headline(event)
      if (text !== null) news.push(`${(event.atUs / 1e6).toFixed(2).padStart(7)} s  ${text}`)
    },
    request({ source, scheduledUs, region, outcome, durationUs }) {
      if (source !== 'load' && source !== 'prober') return
      total++
      if (outcome !== 'ok') failed++
      seen.push({ atUs: scheduledUs, region, ok: outcome === 'ok', durationUs })
    },
    close() {
      clearInterval(timer)
      draw(frame())
      draw.done()
    },
  }
}

function regionLine(name: string, seen: readonly Seen[]): string {
  const here = seen.filter(({ region }) => region === name)
  const share = seen.length === 0 ? 0 : here.length / seen.length
  const bad = here.filter(({ ok }) => !ok).length
  const sorted = here.map(({ durationUs }) => durationUs).sort((a, b) => a - b)
  const median = sorted.length === 0 ? '-' : `${(sorted[Math.floor(sorted.length / 2)] / 1000).toFixed(0)} ms`
  const filled = Math.round(share * barWidth)
  const bar = pc.cyan('█'.repeat(filled)) + pc.dim('░'.repeat(barWidth - filled))
  const rate = `${(here.length / (windowUs / 1e6)).toFixed(0)}/s`
  return `  ${name.padEnd(14)} ${bar} ${`${Math.round(share * 100)} %`.padStart(5)}  ${rate.padStart(7)}  median ${median.padStart(7)}${bad > 0 ? pc.red(`  ${bad} failed`) : ''}`
}

/** The phases to scale, with how far the run is. */
function progressBar(plan: Plan, nowUs: number): string {
  const width = 60
  const cell = plan.endUs / width
  let text = ''
  for (let index = 0; index < width; index++) {
    const atUs = (index + 0.5) * cell
    const phase = plan.phases.find(({ fromUs, toUs }) => atUs >= fromUs && atUs < toUs)?.phase ?? 'recovered'
    const block = atUs <= nowUs ? '━' : '─'
    text += phase === 'fault' ? pc.red(block) : phase === 'healing' ? pc.yellow(block) : phase === 'warmup' ? pc.dim(block) : pc.green(block)
  }
  return text
}

function seconds(us: number): string {
  return (us / 1e6).toFixed(0)
}
