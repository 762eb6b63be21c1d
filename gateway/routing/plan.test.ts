// From a snapshot to indices: masks, weights, keys, and the order of nothing.
import { expect, test } from 'vitest'
import { layOut } from './plan.ts'
import { defaultHealth, defaultRouteFailover, type Snapshot, type SnapshotRoute } from '../snapshot/snapshot.ts'

const route = (changes: Partial<SnapshotRoute>): SnapshotRoute => ({
  id: 'shop/cart/0', hostnames: [], matches: [], filters: [], backends: [{ service: 'shop/cart:80', weight: 1, filters: [] }],
  timeouts: { requestMs: 0, backendRequestMs: 0 }, createdAt: '', failover: defaultRouteFailover, residency: { allowed: null, reason: '' }, ...changes,
})

const snapshot = (role: 'edge' | 'region', routes: SnapshotRoute[]): Snapshot => ({
  format: 1, revision: 1, version: 'x', gateway: { name: 'g', role, region: role === 'edge' ? null : 'eu' }, health: defaultHealth, routes,
  regions: [
    { name: 'ap', jurisdiction: 'IN', rttMs: 130, links: [{ host: '10.0.0.3', port: 9 }] },
    { name: 'eu', jurisdiction: 'EU', rttMs: role === 'edge' ? 8 : 0, links: role === 'edge' ? [{ host: '10.0.0.1', port: 9 }] : [] },
    { name: 'us', jurisdiction: 'US', rttMs: 90, links: [{ host: '10.0.0.2', port: 9 }, { host: '10.0.0.2', port: 10 }] },
  ],
  services: [
    { name: 'shop/cart:80', endpoints: role === 'edge' ? [] : [{ host: '10.1.0.1', port: 80 }, { host: '10.1.0.2', port: 80 }], remoteRegions: role === 'edge' ? ['ap', 'eu', 'us'] : ['ap', 'us'] },
    { name: 'shop/search:80', endpoints: role === 'edge' ? [] : [{ host: '10.1.0.1', port: 80 }], remoteRegions: [] },
  ],
})

test('an edge has links only, a region its own endpoints as well, shared ones once', () => {
  const edge = layOut(snapshot('edge', []))
  expect(edge.topology.ownRegion).toBe(-1)
  expect(edge.topology.targets.map(({ key }) => key)).toEqual(['link:ap:10.0.0.3:9', 'link:eu:10.0.0.1:9', 'link:us:10.0.0.2:9', 'link:us:10.0.0.2:10'])
  const region = layOut(snapshot('region', []))
  expect(region.topology.ownRegion).toBe(1)
  expect(region.topology.regions[0]).toEqual({ name: 'ap', priorRttUs: 130_000 })
  const keys = region.topology.services.map(({ targets }) => targets.map((target) => region.topology.targets[target].key))
  expect(keys).toEqual([
    ['endpoint:10.1.0.1:80', 'endpoint:10.1.0.2:80', 'link:ap:10.0.0.3:9', 'link:us:10.0.0.2:9', 'link:us:10.0.0.2:10'],
    ['endpoint:10.1.0.1:80'],
  ])
  expect(region.addresses).toHaveLength(region.topology.targets.length)
  expect(region.addresses[region.topology.services[1].targets[0]]).toEqual({ host: '10.1.0.1', port: 80 })
})

test('residency becomes a mask that unknown names never widen', () => {
  const masks = ([null, ['eu'], ['us', 'ap'], ['nowhere'], []] as (string[] | null)[]).map((allowed) => route({ residency: { allowed, reason: '' } }))
  expect(layOut(snapshot('edge', masks)).plans.map(({ regionMask }) => regionMask)).toEqual([0b111, 0b010, 0b101, 0, 0])
})

test('weights accumulate to 2^32, nought is left out, a redirect has no services', () => {
  const backends = [['shop/cart:80', 1], ['shop/search:80', 0], ['shop/search:80', 3]].map(([service, weight]) => ({ service: String(service), weight: Number(weight), filters: [] }))
  const { plans } = layOut(snapshot('edge', [route({ backends }), route({ backends: [] })]))
  expect([...plans[0].services]).toEqual([0, 1])
  expect([...plans[0].cumulativeWeights]).toEqual([2 ** 30, 2 ** 32])
  expect(plans[1].services).toHaveLength(0)
})

test('failover policy and timeouts', () => {
  const { plans } = layOut(snapshot('edge', [route({
    failover: { enabled: false, prefer: ['us', 'nowhere', 'ap'], maxAttempts: 0, maxBodyBytes: 0 }, timeouts: { requestMs: 1500, backendRequestMs: 200 },
  })]))
  expect(plans[0]).toMatchObject({ failover: false, maxAttempts: 1, requestTimeoutUs: 1_500_000, attemptTimeoutUs: 200_000 })
  expect([...plans[0].prefer]).toEqual([2, 0])
})

test('a route to a service that is not there, and too many regions, are refused', () => {
  expect(() => layOut(snapshot('edge', [route({ backends: [{ service: 'gone', weight: 1, filters: [] }] })]))).toThrow(expect.objectContaining({ code: 'RGT_SNAPSHOT_FORMAT' }))
  const many = snapshot('edge', [])
  many.regions = Array.from({ length: 33 }, (_, at) => ({ name: `r${at}`, jurisdiction: '', rttMs: 1, links: [] }))
  expect(() => layOut(many)).toThrow(expect.objectContaining({ code: 'RGT_SNAPSHOT_FORMAT' }))
  many.regions.pop()
  many.routes = [route({})]
  expect(layOut(many).plans[0].regionMask).toBe(-1)
})
