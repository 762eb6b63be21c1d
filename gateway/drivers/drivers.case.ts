// Snapshots that every driver is held against: an edge with links to three regions, as small as can be.

import { defaultHealth, defaultRouteFailover, snapshotFormat, type Snapshot, type SnapshotMatch, type SnapshotRoute } from '../snapshot/snapshot.ts'
import { versionOf, type SnapshotContent } from '../snapshot/version.ts'
import type { RenderContext, Tuning } from './driver.ts'

export interface EdgeOptions { links?: Record<string, number>; routes?: SnapshotRoute[] }

const regions = [['ap-south', 110], ['eu-west', 22], ['us-east', 89]] as const

/** Ports of the links by region; requests to `shop.example.com/catalog` by default. */
export function edgeSnapshot({ links = { 'ap-south': 15_003, 'eu-west': 15_001, 'us-east': 15_002 }, routes = [routeTo('/catalog')] }: EdgeOptions = {}): Snapshot {
  const names = regions.map(([name]) => name).filter((name) => links[name] !== undefined)
  const services = [...new Set(routes.flatMap(({ backends }) => backends.map(({ service }) => service)))]
  const content: SnapshotContent = {
    format: snapshotFormat, gateway: { name: 'frankfurt', role: 'edge', region: null }, health: defaultHealth,
    regions: regions.filter(([name]) => links[name] !== undefined).map(([name, rttMs]) =>
      ({ name, jurisdiction: name.slice(0, 2).toUpperCase(), rttMs, links: [{ host: '127.0.0.1', port: links[name] }] })),
    routes, services: services.map((name) => ({ name, endpoints: [], remoteRegions: names })),
  }
  return { ...content, revision: 1, version: versionOf(content) }
}

export function routeTo(path: string, change: Partial<SnapshotRoute> = {}, match: Partial<SnapshotMatch> = {}): SnapshotRoute {
  return {
    id: `shop/${path.slice(1)}/0`, hostnames: ['shop.example.com'], filters: [], createdAt: '',
    matches: [{ path: { type: 'PathPrefix', value: path }, method: null, headers: [], query: [], ...match }],
    backends: [{ service: `shop/${path.slice(1)}:8080`, weight: 1, filters: [] }],
    timeouts: { requestMs: 3000, backendRequestMs: 0 }, failover: defaultRouteFailover, residency: { allowed: null, reason: '' },
    ...change,
  }
}

export function renderContext(tuning: Tuning, change: Partial<RenderContext> = {}): RenderContext {
  const at = (port: number) => ({ host: '127.0.0.1', port })
  return { listen: { ingress: at(14_001), eastWest: null, admin: at(14_002) }, stateDir: '/state', tuning, token: 'token-of-the-run', seed: 1, ...change }
}
