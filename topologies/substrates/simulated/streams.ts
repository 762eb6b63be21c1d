// Every stream of every load as the simulated clients play it: where it enters, how patient it is, and what its requests
// are by number.

import { isEligible, streamLabel } from '../../arrivals.ts'
import type { LoadSpec, RequestTemplate } from '../../substrate.ts'
import type { Entry, Topology } from '../../topology.ts'
import { headBytes } from './dataplane.ts'
import type { WorldLayout } from './layout.ts'
import type { RecordedStream } from './recorder.ts'

export interface StreamFacts {
  place: number
  kind: Entry['kind']
  /** Gateways in the order of trying; one for edge and direct. */
  gateways: number[]
  /** Patience with one of a list, microseconds; Infinity for the others. */
  tryUs: number
  /** Region of the world, or -1. */
  pin: number
  timeoutUs: number
  /** Of the stream's templates: number among the world's, octets of a request, may it be sent again. */
  templates: Int32Array
  bytes: Int32Array
  repeatable: Uint8Array
  /** Offered load and what measures it come from generators apart, which learn nothing from each other. */
  generator: 'load' | 'prober'
  /** Its queue of patience. */
  queue: number
  /** Its load, and how many requests that may have out. */
  load: number
  maxInFlight: number
  /** Its requests begin their traces. */
  traced: boolean
}

/** Every stream of every load with what the recorder wants to know of it, and all distinct templates. */
export interface Streams { facts: StreamFacts[]; recorded: RecordedStream[]; templates: RequestTemplate[]; timeoutsUs: number[] }

export function layOutStreams(loads: readonly LoadSpec[], topology: Topology, layout: WorldLayout): Streams {
  const known = new Map<string, number>()
  const templates: RequestTemplate[] = []
  const numbered = new Map<readonly RequestTemplate[], Int32Array>()
  const numberOf = (list: readonly RequestTemplate[]): Int32Array => {
    const numbers = numbered.get(list) ?? Int32Array.from(list, (template) => {
      const { method, host, path, headers, bodyBytes } = template
      const key = JSON.stringify([method, host, path, headers, bodyBytes])
      const number = known.get(key) ?? templates.push(template) - 1
      known.set(key, number)
      return number
    })
    numbered.set(list, numbers)
    return numbers
  }
  const timeoutsUs: number[] = []
  const gatewayNamed = (source: string): number => layout.gateways.findIndex((gateway) => gateway.source === source)
  const facts: StreamFacts[] = []
  const recorded: RecordedStream[] = []
  for (const [number, load] of loads.entries()) {
    load.streams.forEach((stream, index) => {
      const entry = stream.entry ?? topology.clients.find(({ name }) => name === stream.group)!.entry
      const timeoutUs = stream.timeoutMs * 1000
      if (!timeoutsUs.includes(timeoutUs)) timeoutsUs.push(timeoutUs)
      facts.push({
        place: layout.placeOf.get(`clients:${stream.group}`)!,
        kind: entry.kind,
        gateways: entry.kind === 'edge' ? [gatewayNamed(`edge/${entry.edge}`)]
          : (entry.kind === 'direct' ? [entry.region] : entry.regions).map((region) => gatewayNamed(`gateway/${region}`)),
        tryUs: entry.kind === 'list' ? entry.timeoutMs * 1000 : Infinity,
        pin: stream.pinned === null ? -1 : layout.regions.indexOf(stream.pinned),
        timeoutUs, generator: load.source === 'load' ? 'load' : 'prober', queue: timeoutsUs.indexOf(timeoutUs), load: number, maxInFlight: load.maxInFlight ?? Infinity,
        traced: stream.traced === true,
        templates: numberOf(stream.templates),
        bytes: Int32Array.from(stream.templates, ({ bodyBytes }) => headBytes + bodyBytes),
        repeatable: Uint8Array.from(stream.templates, ({ method, bodyBytes }) => Number(isEligible(method, bodyBytes, 'list', null))),
      })
      recorded.push({
        label: streamLabel(load, index), source: load.source, group: stream.group, entry: entry.kind, pinned: stream.pinned ?? '',
        templates: stream.templates.map(({ name, method, bodyBytes }) => ({ route: name, method, eligible: isEligible(method, bodyBytes, entry.kind, stream.pinned) })),
      })
    })
  }
  return { facts, recorded, templates, timeoutsUs }
}
