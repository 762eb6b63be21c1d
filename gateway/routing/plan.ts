// From a snapshot to what the core routes over: names become indices, residency becomes a bit mask, weights
// become cumulative. Done once a snapshot, so that a request costs no lookup by name.

import { gatewayError } from '../errors.ts'
import type { Snapshot, SnapshotAddress, SnapshotRoute } from '../snapshot/snapshot.ts'
import type { CoreTopology, RoutePlan } from './core.ts'

export interface Layout {
  topology: CoreTopology
  /** By route index of the snapshot. */
  plans: RoutePlan[]
  /** By target index: what to dial. */
  addresses: SnapshotAddress[]
  serviceIndex: Map<string, number>
  regionIndex: Map<string, number>
}

/** Regions are bits of a 32-bit mask. */
const mostRegions = 32

/**
 * Lays a snapshot out for the core. Regions that residency or preference name but the snapshot does not know get
 * no bit: an unknown region never widens what is allowed.
 * Throws RGT_SNAPSHOT_FORMAT when there are more than 32 regions or a route names a service that is not there.
 */
export function layOut(snapshot: Snapshot): Layout {
  if (snapshot.regions.length > mostRegions) {
    throw gatewayError('RGT_SNAPSHOT_FORMAT', 'a snapshot holds too many regions', {
      expected: `at most ${mostRegions} regions`, found: String(snapshot.regions.length), hint: 'split the federation',
    })
  }
  const regionIndex = new Map(snapshot.regions.map(({ name }, index) => [name, index]))
  const serviceIndex = new Map(snapshot.services.map(({ name }, index) => [name, index]))
  const { targets, addresses, services } = layTargets(snapshot, regionIndex)
  const own = snapshot.gateway.region
  return {
    topology: {
      ownRegion: own === null ? -1 : regionIndex.get(own) ?? -1,
      regions: snapshot.regions.map(({ name, rttMs }) => ({ name, priorRttUs: rttMs * 1000 })),
      targets, services,
    },
    plans: layPlans(snapshot, serviceIndex, regionIndex),
    addresses, serviceIndex, regionIndex,
  }
}

function layTargets(snapshot: Snapshot, regionIndex: Map<string, number>) {
  const targets: { key: string; region: number; kind: 'endpoint' | 'link' }[] = []
  const addresses: SnapshotAddress[] = []
  const byKey = new Map<string, number>()
  const put = (key: string, region: number, kind: 'endpoint' | 'link', address: SnapshotAddress): number => {
    const known = byKey.get(key)
    if (known !== undefined) return known
    byKey.set(key, targets.length)
    addresses.push(address)
    return targets.push({ key, region, kind }) - 1
  }
  const links = snapshot.regions.map(({ name, links: addressesOf }, region) =>
    addressesOf.map((address) => put(`link:${name}:${address.host}:${address.port}`, region, 'link', address)))
  const own = snapshot.gateway.region === null ? undefined : regionIndex.get(snapshot.gateway.region)
  const services = snapshot.services.map(({ name, endpoints, remoteRegions }) => {
    const local = own === undefined ? [] : endpoints.map((address) => put(`endpoint:${address.host}:${address.port}`, own, 'endpoint', address))
    const remote = remoteRegions.flatMap((region) => {
      const index = regionIndex.get(region)
      return index === undefined || index === own ? [] : links[index]
    })
    return { name, targets: [...new Set([...local, ...remote])] }
  })
  return { targets, addresses, services }
}

/** Routes that ask the same of the core share one plan: what ten thousand routes touch then stays in the processor's cache. */
function layPlans(snapshot: Snapshot, serviceIndex: Map<string, number>, regionIndex: Map<string, number>): RoutePlan[] {
  const shared = new Map<string, RoutePlan>()
  return snapshot.routes.map((route) => {
    const plan = planOf(route, snapshot.regions.length, serviceIndex, regionIndex)
    const { services, cumulativeWeights, regionMask, failover, prefer, maxAttempts, requestTimeoutUs, attemptTimeoutUs } = plan
    const key = `${services.join()} ${cumulativeWeights.join()} ${regionMask} ${failover} ${prefer.join()} ${maxAttempts} ${requestTimeoutUs} ${attemptTimeoutUs}`
    const known = shared.get(key)
    if (known === undefined) shared.set(key, plan)
    return known ?? plan
  })
}

/** One for all, so that it stays in the processor's cache. */
const noPreference = new Int32Array(0)

function planOf(route: SnapshotRoute, regions: number, serviceIndex: Map<string, number>, regionIndex: Map<string, number>): RoutePlan {
  const weighted = route.backends.filter(({ weight }) => weight > 0)
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  const cumulativeWeights = Float64Array.from(weighted, ({ weight }) => ((below += weight) / total) * 2 ** 32)
  const services = Int32Array.from(weighted, ({ service }) => {
    const index = serviceIndex.get(service)
    if (index !== undefined) return index
    throw gatewayError('RGT_SNAPSHOT_FORMAT', `route ${route.id} names a service that the snapshot does not hold`, {
      expected: 'one of the services of the snapshot', found: service, hint: 'the control plane must send route and service together',
    })
  })
  const known = (names: readonly string[]): number[] => names.map((name) => regionIndex.get(name)).filter((index) => index !== undefined)
  const everywhere = regions === mostRegions ? -1 : (1 << regions) - 1
  return {
    services, cumulativeWeights, only: services.length === 1 ? services[0] : -1,
    regionMask: route.residency.allowed === null ? everywhere : known(route.residency.allowed).reduce((mask, index) => mask | (1 << index), 0),
    failover: route.failover.enabled,
    prefer: route.failover.prefer.length === 0 ? noPreference : Int32Array.from(known(route.failover.prefer)),
    maxAttempts: Math.max(1, route.failover.maxAttempts),
    requestTimeoutUs: route.timeouts.requestMs * 1000,
    attemptTimeoutUs: route.timeouts.backendRequestMs * 1000,
  }
}
