// Which route a request template meets at a gateway. Matching is a function of the template and the snapshot, so it
// is done once for each pair by the data plane's own route table, and again after each swap.

import { narrow } from '../../../gateway/dataplane/state.ts'
import { modifyPath } from '../../../gateway/filters/path.ts'
import { buildRouteTable } from '../../../gateway/routing/match.ts'
import type { RoutePlan } from '../../../gateway/routing/core.ts'
import type { Layout } from '../../../gateway/routing/plan.ts'
import type { RouteTable } from '../../../gateway/routing/table.ts'
import { accessGateOf, admits, gatewayCaller } from '../../../gateway/security/access-gate.ts'
import type { Snapshot, SnapshotFilter, SnapshotMatch, SnapshotRoute, SnapshotService } from '../../../gateway/snapshot/snapshot.ts'
import { partHash } from '../../../gateway/snapshot/version.ts'
import type { RequestTemplate } from '../../substrate.ts'

export interface Backend {
  service: number
  weight: number
  plan: RoutePlan
  /** As the service gets it, without query. */
  path: string
  /** The service's access policy refuses it. */
  denied: boolean
}

/** Where requests of one template go. */
export interface Choice {
  /** Index of the route in the snapshot; -1 = none matches. */
  route: number
  redirects: boolean
  eligible: boolean
  /** World regions that may serve: a bit each; -1 = all. */
  allowed: number
  backends: Backend[]
  totalWeight: number
  /** The one backend, when there is one with a weight. */
  only: Backend | null
}

const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])

/** Equal routes, equal table: gateways of one federation mostly hold the same. */
const tables = new WeakMap<readonly SnapshotRoute[], RouteTable>()

export function tableOf(snapshot: Snapshot): RouteTable {
  let table = tables.get(snapshot.routes)
  if (table === undefined) tables.set(snapshot.routes, table = buildRouteTable(snapshot.routes))
  return table
}

const indices = new WeakMap<readonly SnapshotRoute[], Map<string, number>>()

/** Index of a route by its id; -1 = the snapshot does not hold it. */
export function routeIndexOf({ routes }: Snapshot, id: string): number {
  let index = indices.get(routes)
  if (index === undefined) indices.set(routes, index = new Map(routes.map((route, at) => [route.id, at])))
  return index.get(id) ?? -1
}

/** Plans and choices of one set of routes over one list of services and what guards them: gateways that see the same share them. */
export interface SharedRouting { services: string[]; plans: RoutePlan[]; choices: (Choice | undefined)[] }

/** The routing of a snapshot, shared with every gateway whose routes and service numbers are the same. */
export function shareRouting(known: Map<readonly SnapshotRoute[], SharedRouting[]>, snapshot: Snapshot, layout: Layout, templates: number): SharedRouting {
  const services = snapshot.services.map(({ name, access }) => (access === undefined ? name : `${name} ${partHash(access)}`))
  const list = known.get(snapshot.routes) ?? []
  known.set(snapshot.routes, list)
  const same = list.find((one) => one.services.length === services.length && one.services.every((name, at) => name === services[at])
    && one.plans.every((plan, at) => plan.regionMask === layout.plans[at].regionMask && plan.prefer.join() === layout.plans[at].prefer.join()))
  if (same !== undefined) return same
  const fresh = { services, plans: layout.plans, choices: new Array<Choice | undefined>(templates).fill(undefined) }
  list.push(fresh)
  return fresh
}

export interface RoutingView {
  snapshot: Snapshot
  layout: Layout
  /** Index of a service among the world's, by its index in the snapshot. */
  worldService: Int32Array
  /** Bit of a region among the world's. */
  worldRegion(name: string): number
}

export function chooseRoute({ snapshot, layout, worldService, worldRegion }: RoutingView, template: RequestTemplate): Choice {
  const given = new Map(Object.entries(template.headers).map(([name, value]) => [name.toLowerCase(), value]))
  const [path, query = ''] = template.path.split('?', 2)
  const matched = tableOf(snapshot).match(template.host.toLowerCase().replace(/:\d+$/, ''), path, query, template.method, given)
  if (matched === null) return { route: -1, redirects: false, eligible: false, allowed: -1, backends: [], totalWeight: 0, only: null }
  const route = matched.route
  const plan = layout.plans[matched.routeIndex]
  const backends = route.backends.map(({ service, weight, filters }): Backend => {
    const index = layout.serviceIndex.get(service)
    const to = rewritten(path, [...route.filters, ...filters], matched.match)
    const denied = index !== undefined && isDenied(snapshot.services[index], template.method, to)
    return { service: index === undefined ? -1 : worldService[index], weight, plan: narrow(plan, index), path: to, denied }
  })
  return {
    route: matched.routeIndex,
    redirects: route.filters.some(({ type }) => type === 'RequestRedirect'),
    eligible: idempotent.has(template.method) && template.bodyBytes <= route.failover.maxBodyBytes,
    allowed: allowedRegions(route, worldRegion),
    backends,
    totalWeight: backends.reduce((sum, { weight }) => sum + weight, 0),
    only: backends.length === 1 && backends[0].weight > 0 ? backends[0] : null,
  }
}

function rewritten(path: string, filters: readonly SnapshotFilter[], match: SnapshotMatch): string {
  return filters.reduce((now, filter) => (filter.type === 'URLRewrite' && filter.path !== null ? modifyPath(filter.path, now, match) : now), path)
}

/** Clients of the simulation have no identity of a mesh. */
export function isDenied({ access }: SnapshotService, method: string, path: string): boolean {
  return access !== undefined && !admits(accessGateOf(access), gatewayCaller, method, path)
}

/** By the snapshot's own words, not by the plan that was laid out of them. */
export function allowedRegions({ residency }: SnapshotRoute, worldRegion: (name: string) => number): number {
  if (residency.allowed === null) return -1
  return residency.allowed.reduce((mask, name) => (worldRegion(name) === -1 ? mask : mask | (1 << worldRegion(name))), 0)
}
