// The way in that a scenario asks for, instead of the topology's own: every group then enters by its nearest
// edge, its nearest region, or a list of regions from near to far.

import type { ClientGroup, Entry, PlaceRef, Topology } from '../topologies/topology.ts'
import { scenarioError } from './errors.ts'
import { rttMs } from './faults/paths.ts'
import type { Scenario } from './scenario.ts'

/** Patience of a list client with one region, milliseconds: below the request's own 2 s, so that a second try fits. */
const listTimeoutMs = 1000

/** Throws RGT_SCENARIO_REFERENCE when groups shall enter by edges and the topology has none. */
export function withEntry(topology: Topology, entry: Scenario['entry']): Topology {
  if (entry === null) return topology
  return { ...topology, clients: topology.clients.map((group) => ({ ...group, entry: entryOf(topology, group, entry) })) }
}

function entryOf(topology: Topology, group: ClientGroup, kind: NonNullable<Scenario['entry']>): Entry {
  if (group.entry.kind === kind) return group.entry
  const regions = nearestFirst(topology, group, topology.regions.map(({ name }) => name), 'region')
  if (kind === 'direct') return { kind, region: regions[0] }
  if (kind === 'list') return { kind, regions, timeoutMs: listTimeoutMs }
  const edges = nearestFirst(topology, group, topology.edges.map(({ name }) => name), 'edge')
  if (edges.length > 0) return { kind, edge: edges[0] }
  throw scenarioError('RGT_SCENARIO_REFERENCE', `topology ${topology.name} has no edge to enter by`, {
    expected: 'entry: direct or entry: list', found: 'entry: edge',
  })
}

function nearestFirst(topology: Topology, group: ClientGroup, names: string[], kind: 'region' | 'edge'): string[] {
  const distance = (name: string): number => rttMs(topology, `clients:${group.name}`, `${kind}:${name}` as PlaceRef)
  return [...names].sort((a, b) => distance(a) - distance(b) || (a < b ? -1 : 1))
}
