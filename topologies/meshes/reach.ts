// Who may serve what to whom, by distance and by law. A mesh knows no routes: what a residency policy says of any route
// to a service therefore holds for the service, and a region that may not serve is reached by nobody.

import { servicesOf } from '../../gateway/snapshot/compile-services.ts'
import type { SnapshotRoute } from '../../gateway/snapshot/snapshot.ts'
import type { Service, Topology } from '../topology.ts'

/** Service → names of the regions that may serve it; a service without an entry may be served anywhere. */
export type Residency = ReadonlyMap<string, ReadonlySet<string>>

/** Of several routes to one service the strictest holds: only regions that each of them allows. Fails closed. */
export function residencyOf(routes: readonly SnapshotRoute[]): Residency {
  const allowed = new Map<string, Set<string>>()
  for (const route of routes) {
    if (route.residency.allowed === null) continue
    for (const service of servicesOf(route)) {
      const own = new Set(route.residency.allowed)
      allowed.set(service, allowed.get(service)?.intersection(own) ?? own)
    }
  }
  return allowed
}

export interface Reach {
  /** Whether the region runs the service and may serve it. */
  serves(region: string, service: Service): boolean
  /** Where the mesh turns to when the service fails in this region: nearest first; empty when failover is not its turn. */
  failoverTargets(region: string, service: Service): string[]
  /** Regions whose gateways the mesh may send here. */
  callers(region: string, service: Service): string[]
  /** Milliseconds there and back. */
  rttMs(from: string, to: string): number
}

export function reachOf(topology: Pick<Topology, 'regions' | 'links' | 'failoverOwner'>, residency: Residency): Reach {
  const rtts = new Map(topology.links.map(({ from, to, rttMs }) => [`${from} ${to}`, rttMs]))
  // No link, no way: such a region is never a target.
  const rttMs = (from: string, to: string): number => rtts.get(`region:${from} region:${to}`) ?? Infinity
  const serves = (region: string, { name, regions }: Service): boolean => regions.includes(region) && (residency.get(name)?.has(region) ?? true)
  const failoverTargets = (region: string, service: Service): string[] => {
    if (topology.failoverOwner !== 'mesh' || !serves(region, service)) return []
    return topology.regions.map(({ name }) => name)
      .filter((name) => name !== region && serves(name, service) && rttMs(region, name) < Infinity)
      .sort((a, b) => rttMs(region, a) - rttMs(region, b) || (a < b ? -1 : 1))
  }
  return {
    serves, failoverTargets, rttMs,
    callers: (region, service) => topology.regions.map(({ name }) => name).filter((name) => failoverTargets(name, service).includes(region)),
  }
}
