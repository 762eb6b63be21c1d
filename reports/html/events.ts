// Events of the history as a person reads them: a category to filter by and one line of words. Events that say the
// same at nearly the same time become one line.

import type { HistoryEvent } from '../../topologies/history.ts'
import { quantity } from '../words.ts'

export const categories = ['fault', 'alert', 'routing', 'health', 'drain', 'process', 'config', 'gateway', 'other'] as const
export type Category = (typeof categories)[number]

export interface Line { atUs: number; source: string; category: Category; text: string; times: number }

/** Events this close that read the same are one line. */
const togetherUs = 50_000

/** Samples and heartbeats are left out: charts show them. */
export function linesOf(events: readonly HistoryEvent[]): Line[] {
  const lines: Line[] = []
  const last = new Map<string, Line>()
  for (const event of events) {
    const told = tell(event)
    if (told === null) continue
    const key = `${event.source} ${told.text}`
    const before = last.get(key)
    if (before !== undefined && event.atUs - before.atUs <= togetherUs) {
      before.times++
      continue
    }
    const line = { atUs: event.atUs, source: event.source, times: 1, ...told }
    lines.push(line)
    last.set(key, line)
  }
  return lines
}

/** `link:eu-west:127.0.0.1:23334` → `link to eu-west`: the address is in the file, and changes with every run. */
export function targetWords(target: string): string {
  const link = /^link:([^:]+)/.exec(target)
  return link === null ? target : `link to ${link[1]}`
}

function tell(event: HistoryEvent): { category: Category; text: string } | null {
  switch (event.kind) {
    case 'machine': case 'usage': case 'tracing': case 'red': case 'collector': return null
    case 'phase': return { category: 'fault', text: `phase ${event.phase}` }
    case 'fault-asked': return { category: 'fault', text: `${event.fault}: ${event.detail.kind} asked for` }
    case 'fault-in-force': return { category: 'fault', text: `${event.fault}: ${event.detail.kind} in force` }
    case 'fault-heal-asked': return { category: 'fault', text: `${event.fault}: healing of ${event.detail.kind} asked for` }
    case 'fault-healed': return { category: 'fault', text: `${event.fault}: ${event.detail.kind} healed` }
    case 'interrupted': return { category: 'fault', text: `interrupted: ${event.reason}` }
    case 'invariant-violated': return { category: 'fault', text: `invariant ${event.invariant} broken: ${event.text}` }
    case 'region-state': return { category: 'routing', text: `region ${event.region} is ${event.state} (${event.cause})` }
    case 'first-redirect': return { category: 'routing', text: `first request for ${event.from} sent to ${event.to} (${event.cause})` }
    case 'target-state': return { category: 'health', text: `${targetWords(event.target)}${event.service === null ? '' : ` for ${event.service}`}: ${event.from} → ${event.state} (${event.cause})` }
    case 'verdict-discarded': return { category: 'health', text: `verdict on ${targetWords(event.target)} discarded: the loop was ${quantity(event.lagUs / 1000, 'ms')} late` }
    case 'pool-drained': return { category: 'drain', text: `${quantity(event.connections, 'count')} connections to ${targetWords(event.target)} drained` }
    case 'process': return { category: 'process', text: `${event.process} ${event.state}` }
    case 'ready': return { category: 'process', text: 'is ready' }
    default: return tellConfig(event) ?? tellRest(event)
  }
}

function tellConfig(event: HistoryEvent): { category: Category; text: string } | null {
  const config = (text: string): { category: Category; text: string } => ({ category: 'config', text })
  switch (event.kind) {
    case 'config-published': return config(`revision ${event.revision} published to ${event.region}, ${event.documents} documents`)
    case 'config-accepted': return config(`revision ${event.revision} accepted, ${event.documents} documents`)
    case 'config-refused': return config(`revision ${event.revision} refused: ${event.code} ${event.message}`)
    case 'snapshot-offered': return config(`revision ${event.revision} offered to ${event.gateway}`)
    case 'snapshot-applied': return config(`revision ${event.revision} applied: ${event.routes} routes, built in ${quantity(event.buildUs / 1000, 'ms')}`)
    case 'snapshot-acknowledged': return config(`revision ${event.revision} acknowledged by ${event.gateway} after ${quantity(event.elapsedUs / 1000, 'ms')}`)
    case 'snapshot-refused': return config(`revision ${event.revision} refused by ${event.gateway}: ${event.code} ${event.message}`)
    case 'endpoints-changed': return config(`endpoints of ${quantity(event.services, 'count')} services changed: ${quantity(event.endpoints, 'count')} in all`)
    case 'api-server-lost': return config(`API server ${event.address} lost`)
    case 'api-server-found': return config(`API server ${event.address} found`)
    case 'control-plane-lost': return config(`control plane ${event.address} lost`)
    case 'control-plane-found': return config(`control plane ${event.address} found`)
    default: return null
  }
}

function tellRest(event: HistoryEvent): { category: Category; text: string } | null {
  switch (event.kind) {
    case 'alert': return { category: 'alert', text: `${event.alert.rule} ${event.alert.state} (${event.alert.severity}, ${event.alert.policy}): ${event.alert.summary}` }
    case 'sampling-rate': return { category: 'gateway', text: `sampling rate of ${event.key.route} is ${quantity(event.probability, 'share')} (${event.anomaly === '' ? event.cause : `${event.cause}: ${event.anomaly}`})` }
    case 'loop-late': return { category: 'gateway', text: `event loop ${quantity(event.lagUs / 1000, 'ms')} late` }
    case 'log': return { category: 'gateway', text: `${event.level} ${event.code}: ${event.message}` }
    case 'tool': return { category: 'other', text: `${event.tool}: ${event.text}` }
    // A later version may know more kinds: shown as they are rather than dropped.
    default: return { category: 'other', text: JSON.stringify(event) }
  }
}
