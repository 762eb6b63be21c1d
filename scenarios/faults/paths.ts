// Which links a group's requests travel, and so which paths a fault on a place or link must show on. The
// way in decides: an edge picks the region itself; a region's gateway passes on over its east-west links.

import { nearest } from '../../gateway/config/shape.ts'
import type { Direction, Primitive, Symptom } from '../../topologies/primitives.ts'
import type { ClientGroup, PlaceRef, RegionPart, Topology } from '../../topologies/topology.ts'
import { scenarioError } from '../errors.ts'
import { whole, type Composition, type FaultWindow, type Path } from './fault.ts'

/** Where a group's requests first meet a gateway. */
export function entryPlace(group: ClientGroup): PlaceRef {
  switch (group.entry.kind) {
    case 'edge': return `edge:${group.entry.edge}`
    case 'direct': return `region:${group.entry.region}`
    case 'list': return `region:${group.entry.regions[0]}`
  }
}

/** Regions from nearest to farthest as seen from a group's entry; ties by name. */
export function regionsByDistance(topology: Topology, group: ClientGroup): string[] {
  const entry = entryPlace(group)
  const distance = (region: string): number => (entry === `region:${region}` ? 0 : rttMs(topology, entry, `region:${region}`))
  return topology.regions
    .map((region) => region.name)
    .sort((a, b) => distance(a) - distance(b) || (a < b ? -1 : 1))
}

/** The region that serves a group while all is well. */
export function homeRegion(topology: Topology, group: ClientGroup): string {
  return regionsByDistance(topology, group)[0]
}

/** Round-trip time of a link, milliseconds; Infinity when the two places do not talk. */
export function rttMs(topology: Topology, from: PlaceRef, to: PlaceRef): number {
  return topology.links.find((link) => link.from === from && link.to === to)?.rttMs ?? Number.POSITIVE_INFINITY
}

/** Links, in the direction of the request, that a path uses. */
export function directionsOf(group: ClientGroup, region: string): Direction[] {
  const entry = entryPlace(group)
  const last: PlaceRef = `region:${region}`
  const first: Direction = { from: `clients:${group.name}`, to: entry }
  return entry === last ? [first] : [first, { from: entry, to: last }]
}

/** Paths that use one of these links, in whichever direction: a lost answer is as silent as a lost request. */
export function pathsOver(topology: Topology, links: readonly Direction[]): Path[] {
  const uses = (group: ClientGroup, region: string): boolean => directionsOf(group, region).some((part) => links.some((link) =>
    (link.from === part.from && link.to === part.to) || (link.from === part.to && link.to === part.from)))
  return topology.clients.flatMap((group) => topology.regions
    .filter((region) => uses(group, region.name))
    .map((region) => ({ group: group.name, region: region.name })))
}

/** Paths into a region from the groups that it serves; from every group when it serves none. */
export function pathsInto(topology: Topology, region: string): Path[] {
  const served = topology.clients.filter((group) => homeRegion(topology, group) === region)
  return (served.length === 0 ? topology.clients : served).map((group) => ({ group: group.name, region }))
}

/** The name, when the topology has such a region. Throws RGT_SCENARIO_REFERENCE. */
export function knownRegion(topology: Topology, name: string): string {
  const names = topology.regions.map((region) => region.name)
  if (names.includes(name)) return name
  throw unknownName('region', name, names, topology)
}

/** The direction, when the topology has such a link. Throws RGT_SCENARIO_REFERENCE. */
export function knownLink(topology: Topology, from: PlaceRef, to: PlaceRef): Direction {
  if (Number.isFinite(rttMs(topology, from, to))) return { from, to }
  const name = `${from} → ${to}`
  throw unknownName('link', name, topology.links.map((link) => `${link.from} → ${link.to}`), topology)
}

function unknownName(what: string, name: string, known: string[], topology: Topology): Error {
  const near = nearest(name, known)
  const shown = known.length > 12 ? `${known.slice(0, 12).join(', ')} …` : known.join(', ')
  return scenarioError('RGT_SCENARIO_REFERENCE', `topology ${topology.name} has no ${what} \`${name}\``, {
    expected: `one of ${shown}`,
    found: name,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

/** Something done to the pods of one part of a region, for the whole window, and where clients must see it. */
export function onPods(window: FaultWindow, kind: 'kill' | 'evict' | 'unready', { region, part }: { region: string; part: RegionPart }, symptom: Symptom): Composition {
  knownRegion(window.topology, region)
  const primitive: Primitive = { kind, at: [{ region, parts: [part] }] }
  // A control plane serves no clients: nothing of it shows on their paths.
  const paths = part === 'control-plane' ? [] : pathsInto(window.topology, region)
  return { primitives: whole(window, primitive, symptom, paths), affectedRegions: [region] }
}
