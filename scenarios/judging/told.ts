// Faults that a good gateway hides from every request: that they bit is read from what processes told of themselves and
// of each other while they were in force.

import type { HistoryEvent } from '../../topologies/history.ts'
import { toldSymptoms, type Primitive, type ToldSymptom } from '../../topologies/primitives.ts'
import type { JudgeContext } from './context.ts'
import { placeOfSource } from './places.ts'
import type { FaultWindow } from './windows.ts'

export interface Told { seen: boolean; text: string }

export function isTold(expect: string): expect is ToldSymptom {
  return (toldSymptoms as readonly string[]).includes(expect)
}

/** What was told of each place of each window; a primitive without places tells nothing. */
export function toldOf(context: JudgeContext, windows: readonly FaultWindow[], expect: ToldSymptom): Told[] {
  return windows.flatMap(({ fault: { primitive }, askedUs, healedUs }) => {
    const [fromUs, toUs] = [askedUs ?? 0, healedUs ?? Infinity]
    const within = context.history.events.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs)
    if (expect === 'unreachable-collector') return [spansLost(context.history.events, fromUs, toUs)]
    const places = placesOf(primitive)
    return places.length === 0 ? [{ seen: false, text: 'it names no place of which anything could be told' }] : signs[expect](within, places)
  })
}

interface Place { region: string; parts: readonly string[] }

function placesOf(primitive: Primitive): Place[] {
  return 'at' in primitive ? primitive.at.map((at) => ({ region: at.region, parts: 'parts' in at ? at.parts : [] })) : []
}

/** Spans that gateways recorded and nobody took, at least one, within the window. Without any to take, nothing was shown. */
function spansLost(events: readonly HistoryEvent[], fromUs: number, toUs: number): Told {
  const lostBy = (untilUs: number): Map<string, number> => new Map(events.flatMap((event) =>
    event.kind === 'tracing' && event.atUs <= untilUs ? [[event.source, event.exported.failed + event.exported.shed]] : []))
  const before = lostBy(fromUs)
  const lost = [...lostBy(toUs)].reduce((sum, [source, count]) => sum + Math.max(0, count - (before.get(source) ?? 0)), 0)
  return { seen: lost > 0, text: lost > 0 ? `the collector did not take ${lost} spans` : 'no gateway lost a span to the collector' }
}

const signs: Record<Exclude<ToldSymptom, 'unreachable-collector'>, (events: readonly HistoryEvent[], places: readonly Place[]) => Told[]> = {
  'unreachable-control-plane': (events, places) => places.map(({ region }) => {
    const seen = events.some((event) => event.kind === 'control-plane-lost' && placeOfSource(event.source) === `region:${region}`)
    return { seen, text: `the gateway of ${region} ${seen ? 'lost' : 'never reported the loss of'} its control plane` }
  }),
  'unreachable-api-server': (events, places) => places.map(({ region }) => {
    const seen = events.some((event) => event.kind === 'api-server-lost' && event.source === `control-plane/${region}`)
    return { seen, text: `the control plane of ${region} ${seen ? 'lost' : 'never reported the loss of'} its API server` }
  }),
  'out-of-discovery': (events, places) => places.map(({ region }) => {
    const seen = events.some((event) => event.kind === 'endpoints-changed' && event.source === `control-plane/${region}`)
    return { seen, text: `the control plane of ${region} ${seen ? 'learnt of' : 'never reported'} a change of endpoints` }
  }),
  stopped: (events, places) => processesOf(places).map((process) => {
    const seen = endOf(events, process) !== undefined
    return { seen, text: `${process} ${seen ? 'ended' : 'is not known to have ended'}` }
  }),
  restarted: (events, places) => processesOf(places).map((process) => {
    const endUs = endOf(events, process)
    if (endUs === undefined) return { seen: false, text: `${process} is not known to have ended` }
    const readyUs = events.find((event) => event.atUs >= endUs && saysReady(event, process))?.atUs
    return readyUs === undefined
      ? { seen: false, text: `${process} ended and was not ready again` }
      : { seen: true, text: `${process} ended, and was ready again ${Math.round((readyUs - endUs) / 1000)} ms later` }
  }),
}

/** Processes are called PART/REGION, by substrates and by themselves. */
function processesOf(places: readonly Place[]): string[] {
  return places.flatMap(({ region, parts }) => parts.map((part) => `${part}/${region}`))
}

function endOf(events: readonly HistoryEvent[], process: string): number | undefined {
  return events.find((event) => event.kind === 'process' && event.process === process && (event.state === 'killed' || event.state === 'exited'))?.atUs
}

function saysReady(event: HistoryEvent, process: string): boolean {
  return event.kind === 'process' ? event.process === process && event.state === 'ready' : event.kind === 'ready' && event.source === process
}
