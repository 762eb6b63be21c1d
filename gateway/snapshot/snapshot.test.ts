// The way of a snapshot: compiled, sent whole or as a delta over JSON, checked, applied.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { federate, fromObjects } from '../config/federate.ts'
import type { Discovery } from '../controlplane/protocol.ts'
import { CodedError } from '../errors.ts'
import { compileSnapshot } from './compile.ts'
import { applyDelta, diffSnapshots } from './delta.ts'
import { defaultHealth, snapshotFormat, type Snapshot } from './snapshot.ts'
import { parseDelta, parseSnapshot } from './validate.ts'
import { versionOf } from './version.ts'

const endpoint = (port: number) => ({ host: '127.0.0.1', port })
const discovery: Discovery = {
  regions: [{ name: 'us-east', jurisdiction: 'US' }, { name: 'eu-west', jurisdiction: 'EU' }, { name: 'ap-south', jurisdiction: 'IN' }],
  endpoints: {
    'default/shop:8080': { 'eu-west': [endpoint(2), endpoint(1)], 'us-east': [endpoint(3)], 'ap-south': [endpoint(4)] },
    'default/pay:9000': { 'us-east': [endpoint(5)], 'eu-west': [] },
  },
  links: {
    'region:eu-west': { 'us-east': { addresses: [endpoint(10)], rttMs: 80 } },
    'edge:frankfurt': { 'us-east': { addresses: [endpoint(11)], rttMs: 90 }, 'eu-west': { addresses: [endpoint(12)], rttMs: 5 } },
  },
}
const region = { gateway: { name: 'region:eu-west', role: 'region' as const, region: 'eu-west' }, discovery }
const edge = { gateway: { name: 'edge:frankfurt', role: 'edge' as const, region: null }, discovery }

const front = {
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'front' },
  spec: { gatewayClassName: 'regatta', listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }] },
}
const route = (name: string, rules: object[]) => ({
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name }, spec: { parentRefs: [{ name: 'front' }], rules },
})
const to = (name: string, port: number, over: object = {}) => ({ backendRefs: [{ name, port }], ...over })
const compile = (documents: object[], view = region, revision = 1) => compileSnapshot(federate(fromObjects(documents, 'test')), view, revision)
const overTheWire = <T>(value: T): unknown => JSON.parse(JSON.stringify(value))

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
  return 'nothing thrown'
}

const rich = [front, route('shop', [
  to('shop', 8080, {
    matches: [{
      path: { value: '/shop/' }, method: 'GET', headers: [{ name: 'X-A', value: '1' }, { name: 'x-a', value: '2' }],
      queryParams: [{ name: 'q', value: '[0-9]+', type: 'RegularExpression' }],
    }],
    filters: [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'X-B', value: 'b' }], remove: ['X-C'] } },
      { type: 'RequestMirror', requestMirror: { backendRef: { name: 'pay', port: 9000 }, percent: 25 } },
    ],
    timeouts: { request: '1m30s', backendRequest: '250ms' },
  }),
  { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }, { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'X-D', value: 'd' }] } }] },
])]

describe('compileSnapshot', () => {
  it('resolves everything a data plane needs', () => {
    const snapshot = compile(rich)
    expect(snapshot.routes[0]).toEqual({
      id: 'default/shop/0', hostnames: [], createdAt: '',
      matches: [{
        path: { type: 'PathPrefix', value: '/shop/' }, method: 'GET', headers: [{ type: 'Exact', name: 'x-a', value: '1' }],
        query: [{ type: 'RegularExpression', name: 'q', value: '[0-9]+' }],
      }],
      filters: [
        { type: 'RequestHeaderModifier', set: [['x-b', 'b']], add: [], remove: ['x-c'] },
        { type: 'RequestMirror', service: 'default/pay:9000', fraction: 0.25 },
      ],
      backends: [{ service: 'default/shop:8080', weight: 1, filters: [] }],
      timeouts: { requestMs: 90_000, backendRequestMs: 250 },
      failover: { enabled: true, prefer: [], maxAttempts: 3, maxBodyBytes: 65_536 },
      residency: { allowed: null, reason: '' },
    })
    expect(snapshot.routes[1].filters.map(({ type }) => type)).toEqual(['ResponseHeaderModifier', 'RequestRedirect'])
    expect(snapshot.health).toEqual(defaultHealth)
    expect(parseSnapshot(overTheWire(snapshot))).toEqual(snapshot)
  })

  it('gives a region its own endpoints and the others over their links, an edge links only', () => {
    expect(compile(rich).services).toEqual([
      { name: 'default/pay:9000', endpoints: [], remoteRegions: ['us-east'] },
      { name: 'default/shop:8080', endpoints: [endpoint(1), endpoint(2)], remoteRegions: ['us-east'] },
    ])
    expect(compile(rich, edge as never).services).toEqual([
      { name: 'default/pay:9000', endpoints: [], remoteRegions: ['us-east'] },
      { name: 'default/shop:8080', endpoints: [], remoteRegions: ['eu-west', 'us-east'] },
    ])
    expect(compile(rich).regions).toEqual([
      { name: 'ap-south', jurisdiction: 'IN', rttMs: 0, links: [] },
      { name: 'eu-west', jurisdiction: 'EU', rttMs: 0, links: [] },
      { name: 'us-east', jurisdiction: 'US', rttMs: 80, links: [endpoint(10)] },
    ])
  })

  it('keeps unchanged routes and services as the same objects, and the version by content alone', () => {
    const other = route('other', [to('pay', 9000)])
    const before = compile([...rich, other])
    const after = compile([...rich, route('other', [to('shop', 8080)])], region, 2)
    expect(after.routes.map((item, index) => item === before.routes[index])).toEqual([false, true, true])
    expect(after.services.every((item, index) => item === before.services[index])).toBe(true)
    expect(after.version).not.toBe(before.version)
    expect(compile(structuredClone([...rich, other]), { ...region, discovery: structuredClone(discovery) }, 9).version).toBe(before.version)
  })

  it('holds once what several gateways see alike', () => {
    const config = federate(fromObjects(rich, 'test'))
    const links = { ...discovery.links, 'edge:vienna': structuredClone(discovery.links['edge:frankfurt']) }
    const world = { ...discovery, links }
    const of = (name: string) => compileSnapshot(config, { gateway: { name, role: 'edge', region: null }, discovery: world }, 1)
    const [one, other] = [of('edge:frankfurt'), of('edge:vienna')]
    const home = compileSnapshot(config, { ...region, discovery: world }, 1)
    expect([other.routes === one.routes, other.services === one.services, home.routes === one.routes]).toEqual([true, true, true])
    // `pay` runs in us-east alone: from eu-west and from an edge it is the same link away. `shop` is not.
    expect(home.services.map((service, index) => service === one.services[index])).toEqual([true, false])
    expect(Object.isFrozen(one.routes) && Object.isFrozen(one.services)).toBe(true)
  })

  it('refuses a gateway in a region that is not there, and more than 32 regions', () => {
    const many = { ...discovery, regions: Array.from({ length: 33 }, (_, index) => ({ name: `r${index}`, jurisdiction: 'X' })) }
    expect(codeOf(() => compile(rich, { ...region, discovery: many }))).toBe('RGT_CONFIG_CONFLICT')
    expect(codeOf(() => compile(rich, { ...region, gateway: { ...region.gateway, region: 'mars' } }))).toBe('RGT_CONFIG_REFERENCE')
  })
})

const pool = Array.from({ length: 12 }, (_, index) => [1, 2].map((variant) =>
  route(`r${index}`, Array.from({ length: 1 + (index % 11) }, () => to(index % 2 === 0 ? 'shop' : 'pay', variant === 1 ? 8080 : 9000)))))
const anyDocuments = fc.tuple(fc.array(fc.option(fc.constantFrom(0, 1), { freq: 3 }), { minLength: 12, maxLength: 12 }), fc.boolean())
  .map(([choice, strict]) => [
    front,
    ...choice.flatMap((variant, index) => (variant === null ? [] : [pool[index][variant]])),
    ...(strict ? [{ apiVersion: 'regatta.dev/v1alpha1', kind: 'FailoverPolicy', metadata: { name: 'f' }, spec: { targetRefs: [{ kind: 'Gateway', name: 'front' }], health: { overprovisioning: 2 } } }] : []),
  ])

describe('deltas', () => {
  it('lead from any snapshot to any other, over the wire, sharing what is the same', () => {
    fc.assert(fc.property(anyDocuments, anyDocuments, fc.boolean(), (one, other, moved) => {
      const from = compile(one, region, 4)
      const elsewhere = { ...region, discovery: { ...discovery, links: {} } }
      const target = compile(other, moved ? elsewhere : region, 5)
      const delta = parseDelta(overTheWire(diffSnapshots(from, target)))
      const held = parseSnapshot(overTheWire(from))
      const applied = applyDelta(held, delta)
      expect(applied).toEqual(target)
      const put = new Set(delta.routes.put.map(({ id }) => id))
      for (const item of applied.routes) if (!put.has(item.id)) expect(held.routes).toContain(item)
      expect(held).toEqual(from)
    }), { numRuns: 200 })
  })

  it('are empty between equal snapshots', () => {
    const delta = diffSnapshots(compile(rich), compile(structuredClone(rich), region, 2))
    expect(delta).toMatchObject({ routes: { put: [], remove: [] }, services: { put: [], remove: [] }, regions: null, health: null })
  })

  it('refuse another base, another result, another gateway, and services that are not there', () => {
    const [from, target] = [compile([front], region, 1), compile(rich, region, 2)]
    const delta = diffSnapshots(from, target)
    expect(codeOf(() => applyDelta(target, delta))).toBe('RGT_SNAPSHOT_GAP')
    expect(codeOf(() => applyDelta(from, { ...delta, routes: { put: [], remove: [] } }))).toBe('RGT_SNAPSHOT_FORMAT')
    expect(codeOf(() => diffSnapshots(from, compile(rich, edge as never)))).toBe('RGT_SNAPSHOT_FORMAT')
    const dangling = { ...target, services: [] }
    const version = versionOf(dangling)
    expect(codeOf(() => applyDelta(from, { ...delta, version, services: { put: [], remove: [] } }))).toBe('RGT_SNAPSHOT_FORMAT')
    expect(applyDelta(from, delta)).toEqual(target)
  })
})

describe('parseSnapshot', () => {
  const good = compile(rich)
  /** A copy with one thing changed and the version made to fit, so that only the change can be what is refused. */
  function changed(change: (snapshot: Snapshot) => void): unknown {
    const copy = structuredClone(good) as Snapshot
    change(copy)
    return { ...copy, version: versionOf(copy) }
  }

  it.each<[string, unknown]>([
    ['nothing', null],
    ['text', 'snapshot'],
    ['another format', { ...good, format: snapshotFormat + 1 }],
    ['an unknown field', { ...good, extra: 1 }],
    ['a missing field', { ...good, health: undefined }],
    ['content that is not of its version', { ...good, version: '0'.repeat(32) }],
    ['a pattern that does not compile', changed((copy) => { copy.routes[0].matches[0].query[0].value = '(' })],
    ['a route to a service that is not there', changed((copy) => { copy.routes[0].backends[0].service = 'default/gone:1' })],
    ['residency of a region that is not there', changed((copy) => { copy.routes[0].residency.allowed = ['mars'] })],
    ['routes out of order', changed((copy) => { copy.routes.reverse() })],
    ['a route twice', changed((copy) => { copy.routes.push(copy.routes[1]) })],
    ['a route that leads nowhere', changed((copy) => { copy.routes[0].backends = [] })],
    ['a port out of range', changed((copy) => { copy.services[1].endpoints[0].port = 70_000 })],
  ])('refuses %s', (_, value) => {
    expect(codeOf(() => parseSnapshot(value))).toBe('RGT_SNAPSHOT_FORMAT')
  })

  it('survives any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(codeOf(() => parseSnapshot(value))).toBe('RGT_SNAPSHOT_FORMAT')
      expect(codeOf(() => parseDelta(value))).toBe('RGT_SNAPSHOT_FORMAT')
    }))
  })
})
