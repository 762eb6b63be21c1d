// Route sets of any size, as the gateway and as find-my-way know them, and requests spread evenly over all routes:
// no request profits from the one before.

import type { Snapshot, SnapshotRoute } from '../../gateway/snapshot/snapshot.ts'
import { defaultHealth, defaultRouteFailover, snapshotFormat } from '../../gateway/snapshot/snapshot.ts'

/** `parameter` is a prefix here and `/:id` in find-my-way: the id is what differs between requests. */
export const routeKinds = ['exact', 'prefix', 'parameter'] as const
export type RouteKind = (typeof routeKinds)[number]
export type RouteMix = RouteKind | 'mixed'

const host = 'shop.example.com'
const services = 100
const requests = 4096

export interface RouteSet {
  snapshot: Snapshot
  host: string
  /** Patterns of find-my-way. */
  patterns: string[]
  /** Paths to ask for. */
  paths: string[]
}

export function routeSet(count: number, mix: RouteMix): RouteSet {
  const routes = Array.from({ length: count }, (_, index) => routeOf(index, kindOf(mix, index)))
  return {
    snapshot: snapshotOf(routes.map(({ route }) => route)), host,
    patterns: routes.map(({ pattern }) => pattern),
    // A stride that shares no factor with the counts visits every route before it comes back to one.
    paths: Array.from({ length: requests }, (_, index) => routes[(index * 7919) % count].path(index)),
  }
}

function kindOf(mix: RouteMix, index: number): RouteKind {
  return mix === 'mixed' ? routeKinds[index % routeKinds.length] : mix
}

function routeOf(index: number, kind: RouteKind): { route: SnapshotRoute; pattern: string; path(request: number): string } {
  // A few elements deep and with shared beginnings, as the routes of real applications are.
  const base = `/api/v${index % 3}/team${index % 50}/${kind}${index}`
  const route: SnapshotRoute = {
    id: `bench/${kind}/${String(index).padStart(6, '0')}`, hostnames: [host], filters: [], createdAt: '',
    matches: [{ path: { type: kind === 'exact' ? 'Exact' : 'PathPrefix', value: base }, method: null, headers: [], query: [] }],
    backends: [{ service: `bench/service${index % services}:80`, weight: 1, filters: [] }],
    timeouts: { requestMs: 3000, backendRequestMs: 0 }, failover: defaultRouteFailover, residency: { allowed: null, reason: '' },
  }
  switch (kind) {
    case 'exact': return { route, pattern: base, path: () => base }
    case 'prefix': return { route, pattern: `${base}/*`, path: (request) => `${base}/items/${request}` }
    case 'parameter': return { route, pattern: `${base}/:id`, path: (request) => `${base}/${request}` }
  }
}

function snapshotOf(routes: SnapshotRoute[]): Snapshot {
  const regions = [['ap-south', 110], ['eu-west', 22], ['us-east', 89]] as const
  const used = [...new Set(routes.flatMap(({ backends }) => backends.map(({ service }) => service)))].sort()
  return {
    format: snapshotFormat, revision: 1, version: 'bench', gateway: { name: 'bench', role: 'edge', region: null }, health: defaultHealth,
    regions: regions.map(([name, rttMs], index) => ({ name, jurisdiction: 'EU', rttMs, links: [{ host: '127.0.0.1', port: 20_000 + index }] })),
    routes, services: used.map((name) => ({ name, endpoints: [], remoteRegions: regions.map(([region]) => region) })),
  }
}
