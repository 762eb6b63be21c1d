// Where in the topology an event happened and what it is about, from the names that processes and targets carry.

import type { Direction, Primitive } from '../../topologies/primitives.ts'
import type { PlaceRef } from '../../topologies/topology.ts'
import type { Plan } from '../scenario.ts'

/** `edge/frankfurt` → `edge:frankfurt`; `gateway/eu-west`, `control-plane/eu-west`, … → `region:eu-west`. */
export function placeOfSource(source: string): PlaceRef {
  const slash = source.indexOf('/')
  const name = source.slice(slash + 1)
  return source.startsWith('edge/') ? `edge:${name}` : `region:${name}`
}

/** The process of a gateway's name: edges and gateways of regions are told apart by the topology. */
export function processOf({ plan: { topology } }: { plan: Pick<Plan, 'topology'> }): (gateway: string) => string {
  const edges = new Set(topology.edges.map(({ name }) => name))
  return (gateway) => `${edges.has(gateway) ? 'edge' : 'gateway'}/${gateway}`
}

export function isGateway(source: string): boolean {
  return source.startsWith('edge/') || source.startsWith('gateway/')
}

/** `link:REGION:host:port` is that region's; every other target is an endpoint in the region of the gateway itself. */
export function regionOfTarget(target: string, source: string): string {
  const link = /^link:([^:]+)/.exec(target)
  if (link !== null) return link[1]
  const place = placeOfSource(source)
  return place.startsWith('region:') ? place.slice('region:'.length) : ''
}

/** May this primitive be why a gateway at `place` loses targets in `region`? */
export function explains(primitive: Primitive, place: PlaceRef, region: string): boolean {
  if ('regions' in primitive) return primitive.regions.some((isolated) => isolated === region || place === `region:${isolated}`)
  if (primitive.kind === 'collector') return false
  if ('on' in primitive) return primitive.on.some((direction) => touches(direction, place) && touches(direction, `region:${region}`))
  return primitive.at.some((at) => (at.region === region || place === `region:${at.region}`)
    && (!('parts' in at) || at.parts.some((part) => part === 'gateway' || part === 'services')))
}

function touches({ from, to }: Direction, place: PlaceRef): boolean {
  return from === place || to === place
}
