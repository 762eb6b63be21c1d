// The same topology with fewer regions, for the question how much a federation of more regions differs. Points of
// presence and clients stay where they are; what pointed at a region that is gone points at the nearest one left.

import type { ClientGroup, Entry, PlaceRef, Topology } from '../../topologies/topology.ts'
import { scenarioError } from '../errors.ts'
import { rttMs } from '../faults/paths.ts'
import type { Scenario, Thresholds } from '../scenario.ts'
import type { Subject } from './subject.ts'

/**
 * Keeps `count` regions: those that the scenario's faults name, then the others in the topology's order. Thresholds
 * about a region that is gone are left out. Throws RGT_SWEEP_AXIS when that cannot be.
 */
export function withRegions(subject: Subject, count: number): Subject {
  const { scenario, topology } = subject
  const all = topology.regions.map(({ name }) => name)
  const named = all.filter((name) => scenario.method.some(({ parameters }) => mentions(parameters, name)))
  if (count > all.length || count < Math.max(1, named.length)) {
    throw scenarioError('RGT_SWEEP_AXIS', `topology ${topology.name} cannot be had with ${count} regions`, {
      expected: `${Math.max(1, named.length)} to ${all.length}: it has ${all.length}, and the faults name ${named.join(', ') || 'none'}`, found: String(count),
    })
  }
  const chosen = new Set([...named, ...all.filter((name) => !named.includes(name))].slice(0, count))
  const gone = all.filter((name) => !chosen.has(name))
  return { ...subject, topology: reduced(topology, all.filter((name) => chosen.has(name))), scenario: without(scenario, gone) }
}

function reduced(topology: Topology, kept: readonly string[]): Topology {
  const isLeft = (place: PlaceRef): boolean => !place.startsWith('region:') || kept.includes(place.slice('region:'.length))
  const nearest = (place: PlaceRef): string => kept.toSorted((a, b) => rttMs(topology, place, `region:${a}`) - rttMs(topology, place, `region:${b}`))[0]
  return {
    ...topology,
    regions: topology.regions.filter(({ name }) => kept.includes(name)),
    edges: topology.edges.map((edge) => (kept.includes(edge.home) ? edge : { ...edge, home: nearest(`edge:${edge.name}`) })),
    clients: topology.clients.map((group) => ({ ...group, entry: entryOf(group, kept, nearest) })),
    services: topology.services.map((service) => {
      const regions = service.regions.filter((name) => kept.includes(name))
      if (regions.length > 0) return { ...service, regions }
      throw scenarioError('RGT_SWEEP_AXIS', `with ${kept.length} regions nobody runs ${service.name}`, {
        expected: `one of ${service.regions.join(', ')} among the regions kept`, found: kept.join(', '),
        hint: 'sweep over more regions, or let the service run in more of them',
      })
    }),
    links: topology.links.filter(({ from, to }) => isLeft(from) && isLeft(to)),
  }
}

function entryOf({ name, entry }: ClientGroup, kept: readonly string[], nearest: (place: PlaceRef) => string): Entry {
  switch (entry.kind) {
    case 'edge': return entry
    case 'direct': return kept.includes(entry.region) ? entry : { ...entry, region: nearest(`clients:${name}`) }
    case 'list': {
      const regions = entry.regions.filter((region) => kept.includes(region))
      return { ...entry, regions: regions.length > 0 ? regions : [nearest(`clients:${name}`)] }
    }
  }
}

function without(scenario: Scenario, gone: readonly string[]): Scenario {
  const left = (thresholds: Thresholds): Thresholds => Object.fromEntries(Object.entries(thresholds)
    .filter(([expression]) => !gone.some((region) => new RegExp(`[{,]region:${region}[,}]`).test(expression))))
  return { ...scenario, thresholds: left(scenario.thresholds), steadyState: left(scenario.steadyState) }
}

/** Does a fault's parameter, however deep, name the region, by itself or as a place? */
function mentions(value: unknown, region: string): boolean {
  if (typeof value === 'string') return value === region || value === `region:${region}`
  return typeof value === 'object' && value !== null && Object.values(value).some((inner) => mentions(inner, region))
}
