// What belongs to a region seen from outside: the links over which every packet into and out of it travels. Where a
// substrate cannot take the machines themselves off the network, isolating a region means cutting all of these.

import type { Direction, Primitive } from './primitives.ts'
import type { PlaceRef, Topology } from './topology.ts'

/** Every direction of every link that starts or ends at a region: clients, edges, other regions; data and control. */
export function linksOfRegion({ links }: Pick<Topology, 'links'>, region: string): Direction[] {
  const place: PlaceRef = `region:${region}`
  return links
    .filter((link) => link.from === place || link.to === place)
    .map((link) => ({ from: link.from, to: link.to }))
}

/** What isolating regions comes to on their links: a black hole, both ways. */
export function cutsOf(topology: Pick<Topology, 'links'>, { regions }: Extract<Primitive, { kind: 'isolate' }>): Extract<Primitive, { kind: 'cut' }> {
  return { kind: 'cut', on: regions.flatMap((region) => linksOfRegion(topology, region)), mode: 'black-hole' }
}
