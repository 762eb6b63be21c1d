// The named events that failover went through, in the order in which they came, each with what ended it and where.

import type { HistoryEvent } from '../../topologies/history.ts'
import { targetWords } from './events.ts'
import type { Page } from './page.ts'
import { zeroOf } from './panel.ts'

export interface Stage {
  key: 'asked' | 'detect' | 'decide' | 'drain' | 'recover'
  name: string
  /** From the fault; null = not seen. */
  atMs: number | null
  /** What happened, in words. */
  what: string
}

/** In order of time; stages that were not seen come last. Empty without a measurement of failover. */
export function stagesOf(page: Page): Stage[] {
  const { failover } = page.verdict
  if (failover === null) return []
  const { detectMs, decideMs, drainMs, recoverMs } = failover.stages
  const zeroUs = zeroOf(page.context)
  const at = (ms: number | null, kinds: HistoryEvent['kind'][]): string => eventAt(page, ms === null ? null : zeroUs + ms * 1000, kinds)
  const stages: Stage[] = [
    { key: 'asked', name: 'fault', atMs: 0, what: page.frame.shades.map(({ label }) => label).filter((label) => label !== '').join(', ') },
    { key: 'detect', name: 'detected', atMs: detectMs, what: at(detectMs, ['target-state', 'region-state']) },
    { key: 'decide', name: 'decided', atMs: decideMs, what: at(decideMs, ['first-redirect']) },
    { key: 'drain', name: 'drained', atMs: drainMs, what: at(drainMs, ['pool-drained', 'region-state']) },
    failover.notRecovered
      ? { key: 'recover', name: 'recovered', atMs: null, what: 'clients still saw failed or slow requests when healing began' }
      : failover.belowResolution
        ? { key: 'recover', name: 'recovered', atMs: null, what: 'no probe was failed or slow: clients never noticed' }
        : { key: 'recover', name: 'recovered', atMs: recoverMs, what: early(recoverMs, detectMs) ? 'probes sent from here on were waiting, but none of them was failed or slow' : 'the last failed or slow probe, plus one interval' },
  ]
  return stages.sort((a, b) => (a.atMs ?? Infinity) - (b.atMs ?? Infinity))
}

/** A hedge may save requests before the gateway holds the region for dark. */
function early(recoverMs: number | null, detectMs: number | null): boolean {
  return recoverMs !== null && detectMs !== null && recoverMs < detectMs
}

/** The event of one of these kinds at a time, as `source: what`; verdicts round to a nanosecond. */
function eventAt({ history }: Page, atUs: number | null, kinds: readonly HistoryEvent['kind'][]): string {
  const event = atUs === null ? undefined : history.events.find((one) => Math.abs(one.atUs - atUs) < 0.5 && kinds.includes(one.kind))
  switch (event?.kind) {
    case 'target-state': return `${event.source} holds its ${targetWords(event.target)} ${event.state} (${event.cause})`
    case 'region-state': return `${event.source}: ${event.region} is ${event.state} (${event.cause})`
    case 'first-redirect': return `${event.source} sends to ${event.to} instead of ${event.from}`
    case 'pool-drained': return `${event.source} closed ${event.connections} connections of its ${targetWords(event.target)}`
    default: return ''
  }
}
