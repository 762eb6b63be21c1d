// All that a request needs to know of one snapshot, built off to the side and then swapped in by one
// assignment. A request in flight keeps the state it began with.

import { noFilters, sortFilters, type Filters } from '../filters/filters.ts'
import { protocols } from '../protocols/index.ts'
import { accessGateOf, type AccessGate } from '../security/access-gate.ts'
import { buildRouteTable } from '../routing/match.ts'
import type { CoreTopology, RoutePlan } from '../routing/core.ts'
import { layOut } from '../routing/plan.ts'
import type { RouteTable } from '../routing/table.ts'
import type { RouteMetrics, GatewayMetrics } from '../telemetry/metrics.ts'
import { samplingOver, type Snapshot, type SnapshotAddress, type SnapshotRoute } from '../snapshot/snapshot.ts'
import type { CustomMetric, RedRoute } from '../telemetry/red/red.ts'
import type { TracedRoute } from '../telemetry/spans/index.ts'
import type { TargetPool } from './pool.ts'
import type { Telemetry } from './telemetry.ts'

export interface RouteEntry {
  route: SnapshotRoute
  /** Weighted; the data plane picks one, so that it knows whose filters apply. */
  backends: BackendEntry[]
  totalWeight: number
  plan: RoutePlan
  filters: Filters
  metrics: RouteMetrics
  /** null: it has no sampling policy, or nothing is traced here. */
  traced: TracedRoute | null
  /** null: telemetry is off. */
  red: RedRoute | null
  /** Labels to take from its messages, in the order of `red`. */
  custom: readonly CustomMetric[]
}

export interface BackendEntry {
  service: string
  weight: number
  filters: Filters
  /** The route's plan narrowed to this service. */
  plan: RoutePlan
  /** null = everybody may call it. */
  access: AccessGate | null
}

export type AccessGates = ReadonlyMap<string, AccessGate>

export interface PlaneState {
  snapshot: Snapshot
  table: RouteTable
  topology: CoreTopology
  addresses: readonly SnapshotAddress[]
  routes: readonly RouteEntry[]
  routeById: ReadonlyMap<string, RouteEntry>
  serviceIndex: ReadonlyMap<string, number>
  regionIndex: ReadonlyMap<string, number>
  /** Of the services that are guarded. */
  access: AccessGates
  /** By target index. */
  pools: TargetPool[]
}

/** What routes are made known to. */
export type RouteTelemetry = Pick<Telemetry, 'tracing' | 'red'>

export type PoolOf = (key: string, address: SnapshotAddress) => TargetPool

/** `previous` spares the work for routes that are the same objects there. Throws what table and layout throw. */
export function buildState(
  snapshot: Snapshot, previous: PlaneState | null, poolOf: PoolOf, metrics: GatewayMetrics, telemetry: RouteTelemetry | null = null,
): PlaneState {
  const layout = layOut(snapshot)
  const { topology, addresses, serviceIndex, regionIndex } = layout
  const access: AccessGates = new Map(snapshot.services.flatMap((service) =>
    (service.access === undefined ? [] : [[service.name, accessGateOf(service.access)] as const])))
  const routes = snapshot.routes.map((route, index) => buildEntry(route, layout.plans[index], { serviceIndex, access }, metrics, telemetry))
  return {
    snapshot, topology, addresses, routes, serviceIndex, regionIndex, access,
    table: buildRouteTable(snapshot.routes, previous?.table),
    routeById: new Map(routes.map((entry) => [entry.route.id, entry])),
    pools: topology.targets.map((target, index) => poolOf(target.key, addresses[index])),
  }
}

/** The namespace that the route belongs to. */
const tenantOf = ({ id }: SnapshotRoute): string => id.slice(0, Math.max(0, id.indexOf('/')))

function buildEntry(
  route: SnapshotRoute, plan: RoutePlan, { serviceIndex, access }: Pick<PlaneState, 'serviceIndex' | 'access'>, metrics: GatewayMetrics,
  telemetry: RouteTelemetry | null,
): RouteEntry {
  const sampling = samplingOver(route, protocols.http1.name)
  const custom = telemetry === null ? [] : route.metrics ?? []
  const backends = route.backends.map((backend) => ({
    service: backend.service,
    weight: backend.weight,
    filters: backend.filters.length === 0 ? noFilters : sortFilters(backend.filters),
    plan: narrow(plan, serviceIndex.get(backend.service)),
    access: access.get(backend.service) ?? null,
  }))
  return {
    route, backends, plan,
    totalWeight: backends.reduce((sum, backend) => sum + backend.weight, 0),
    filters: route.filters.length === 0 ? noFilters : sortFilters(route.filters),
    metrics: metrics.route(route.id),
    traced: sampling === undefined || telemetry === null ? null : telemetry.tracing.route(route.id, protocols.http1.name, sampling),
    red: telemetry === null ? null : telemetry.red.route(route.id, tenantOf(route), protocols.http1.name, custom),
    custom,
  }
}

/** One service of a plan, once it is known which backend serves. */
export function narrow(plan: RoutePlan, service: number | undefined): RoutePlan {
  // The common case: one service, and one plan that many routes share.
  if (plan.services.length === 1 && plan.services[0] === service) return plan
  const services = service === undefined ? [] : [service]
  return { ...plan, services: Int32Array.from(services), cumulativeWeights: Float64Array.from(services, () => 2 ** 32), only: service ?? -1 }
}

/** The backend that a peer has chosen; a mirrored service is not among the rule's own. */
export function backendOf(state: PlaneState, entry: RouteEntry, service: string): BackendEntry | null {
  const own = entry.backends.find((backend) => backend.service === service)
  if (own !== undefined) return own
  const index = state.serviceIndex.get(service)
  return index === undefined ? null : { service, weight: 0, filters: noFilters, plan: narrow(entry.plan, index), access: state.access.get(service) ?? null }
}

/** One backend by weight; `random` in [0, 1). */
export function pickBackend<Backend extends { weight: number }>(
  entry: { readonly backends: readonly Backend[]; readonly totalWeight: number }, random: number,
): Backend | null {
  const { backends } = entry
  if (backends.length === 1) return backends[0].weight > 0 ? backends[0] : null
  let left = random * entry.totalWeight
  for (const backend of backends) {
    left -= backend.weight
    if (left < 0) return backend
  }
  return null
}
