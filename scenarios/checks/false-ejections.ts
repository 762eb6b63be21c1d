// The price of fast detection: targets ejected although nothing was wrong with them. An ejection is false when no
// fault that was in force, or healed a moment ago, lies between that gateway and that target.

import type { HistoryEvent } from '../../topologies/history.ts'
import type { JudgeContext, Tags } from '../judging/context.ts'
import { explains, isGateway, placeOfSource, regionOfTarget } from '../judging/places.ts'
import type { Sample } from '../judging/sample.ts'
import { seconds, type Metric } from './check.ts'

/** Verdicts on requests that were in flight when the fault was healed may still come. */
const graceUs = 3_000_000

type Ejection = Extract<HistoryEvent, { kind: 'target-state' }>

export const falseEjections: Metric = {
  measure: (context, tags) => {
    const watched = new Set(context.history.events.filter((event) => isGateway(event.source)).map((event) => event.source))
    const ejections = findFalseEjections(context, tags)
    return {
      kind: 'counter', count: ejections.length, of: watched.size, seconds: context.seconds(tags),
      evidence: [`${watched.size} gateways reported`, ...describe(ejections)],
    } satisfies Sample
  },
}

export function findFalseEjections(context: JudgeContext, tags: Tags): Ejection[] {
  return context.history.events.filter((event) => event.kind === 'target-state').filter((event) => {
    if (event.state !== 'ejected' || event.cause === 'removed' || event.cause === 'start') return false
    const phase = context.phases.find(({ fromUs, toUs }) => event.atUs >= fromUs && event.atUs < toUs)?.phase
    if (tags.phase === undefined ? phase === undefined || phase === 'warmup' : phase !== tags.phase) return false
    if (tags.gateway !== undefined && !event.source.endsWith(`/${tags.gateway}`)) return false
    const region = regionOfTarget(event.target, event.source)
    return (tags.region === undefined || tags.region === region) && !explained(context, event, region)
  })
}

function explained(context: JudgeContext, event: Ejection, region: string): boolean {
  const place = placeOfSource(event.source)
  return context.faults.some(({ fault, askedUs, healedUs }) => askedUs !== null && event.atUs >= askedUs
    && event.atUs <= (healedUs ?? Infinity) + graceUs && explains(fault.primitive, place, region))
}

function describe(ejections: readonly Ejection[]): string[] {
  const shown = ejections.slice(0, 5).map((event) =>
    `${event.source} ejected ${event.target}${event.service === null ? '' : ` for ${event.service}`} (${event.cause}) at ${seconds(event.atUs)}`)
  return ejections.length > shown.length ? [...shown, `and ${ejections.length - shown.length} more`] : shown
}
