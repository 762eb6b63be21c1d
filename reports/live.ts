// The view while a run is on. On a terminal: regions with their share of the traffic and errors, the fault in
// force, and a countdown, drawn anew four times a second. Without one: a plain line an event that matters.

import { createLogUpdate } from 'log-update'
import type { HistoryEvent, RequestRow } from '../topologies/history.ts'
import type { Plan } from '../scenarios/scenario.ts'
import { openScene } from './live-scene.ts'
import { oneLine } from './words.ts'

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
  /** `columns` is absent where it is no terminal. */
  stream: Pick<NodeJS.WriteStream, 'write'> & { columns?: number }
}

const redrawMs = 250
const usualColumns = 80

export function openLive(options: LiveOptions): Live {
  return options.plain ? openPlain(options) : openPicture(options)
}

function openPlain({ plan, stream }: LiveOptions): Live {
  const line = (text: string): void => void stream.write(`${oneLine(text)}\n`)
  line(`${plan.scenario.name}: ${plan.topology.name}, ${(plan.endUs / 1e6).toFixed(0)} s, seed ${plan.seed}`)
  return {
    progress: (stage, text) => line(`start ${stage}: ${text}`),
    event(event) {
      const text = headline(event)
      if (text !== null) stream.write(`${(event.atUs / 1e6).toFixed(3).padStart(8)} s  ${oneLine(text)}\n`)
    },
    request() {},
    close() {},
  }
}

function openPicture({ plan, stream }: LiveOptions): Live {
  const draw = createLogUpdate(stream as NodeJS.WriteStream)
  const scene = openScene(plan)
  /** `performance.now()` of the run's zero; null until its first phase begins. */
  let zeroMs: number | null = null
  const redraw = (): void => draw(scene.frame(zeroMs === null ? null : (performance.now() - zeroMs) * 1000, stream.columns ?? usualColumns))
  const timer = setInterval(redraw, redrawMs)
  return {
    progress: scene.progress,
    event(event) {
      if (event.kind === 'phase') zeroMs ??= performance.now() - event.atUs / 1000
      scene.event(event, headline(event))
    },
    request: scene.request,
    close() {
      clearInterval(timer)
      redraw()
      draw.done()
    },
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
    case 'api-server-lost': return `${event.source}: API server lost`
    case 'api-server-found': return `${event.source}: API server found`
    case 'control-plane-lost': return `${event.source}: control plane lost`
    case 'control-plane-found': return `${event.source}: control plane found`
    case 'snapshot-refused': return `${event.source}: snapshot ${event.revision} refused: ${event.message}`
    case 'interrupted': return `interrupted: ${event.reason}`
    case 'process': return event.state === 'exited' ? `${event.process} ended` : null
    default: return null
  }
}
