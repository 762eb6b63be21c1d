// Which SamplingPolicy holds for a route, what it says once compiled, and what is refused.

import { describe, expect, test } from 'vitest'
import { CodedErrors } from '../errors.ts'
import { compileSnapshot } from '../snapshot/compile.ts'
import { samplingOver } from '../snapshot/snapshot.ts'
import { parseSnapshot } from '../snapshot/validate.ts'
import { federate, fromObjects } from './federate.ts'

const api = 'regatta.dev/v1alpha1'
const gatewayRef = { kind: 'Gateway', name: 'shop' }
const routeRef = { kind: 'HTTPRoute', name: 'orders' }
const tenantRef = { kind: 'Namespace', name: 'shop' }
const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'shop', namespace: 'shop' },
  spec: { gatewayClassName: 'regatta', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
}
const route = (name: string): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name, namespace: 'shop' },
  spec: { parentRefs: [{ name: 'shop' }], hostnames: [`${name}.example`], rules: [{ backendRefs: [{ name, port: 8080 }] }] },
})
const policy = (name: string, targetRefs: object[], spec: object = { sampler: { alwaysOn: {} } }, createdAt?: string): object => ({
  apiVersion: api, kind: 'SamplingPolicy', metadata: { name, namespace: 'shop', ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }) }, spec: { targetRefs, ...spec },
})
const world = (...policies: object[]) => federate(fromObjects([gateway, route('orders'), route('stock'), ...policies], 'test'))
const inForce = (config: ReturnType<typeof world>): Record<string, string | null> =>
  Object.fromEntries(config.routes.map(({ document, sampling }) => [document.metadata.name, sampling?.policy ?? null]))
const discovery = { regions: [{ name: 'eu-west', jurisdiction: 'EU' }], endpoints: { 'shop/orders:8080': { 'eu-west': [{ host: '127.0.0.1', port: 1 }] } }, links: {} }
const compiled = (config: ReturnType<typeof world>) => compileSnapshot(config, { gateway: { name: 'g', role: 'region', region: 'eu-west' }, discovery }, 1)

describe('the policy in force', () => {
  const [onGateway, onTenant, onRoute] = [policy('wide', [gatewayRef]), policy('tenant', [tenantRef]), policy('narrow', [routeRef])]

  test('is none without a policy, and then nothing of it is in the snapshot', () => {
    expect(inForce(world())).toEqual({ orders: null, stock: null })
    expect(compiled(world()).routes.some((one) => 'sampling' in one)).toBe(false)
  })

  test.each([
    ['Gateway', [onGateway], { orders: 'shop/wide', stock: 'shop/wide' }],
    ['namespace before Gateway', [onGateway, onTenant], { orders: 'shop/tenant', stock: 'shop/tenant' }],
    ['route before namespace', [onTenant, onRoute, onGateway], { orders: 'shop/narrow', stock: 'shop/tenant' }],
  ])('%s, whatever the order of documents', (_name, policies, expected) => {
    expect(inForce(world(...policies))).toEqual(expected)
    expect(inForce(world(...policies.toReversed()))).toEqual(expected)
  })

  test('is the oldest among equals, and the loser is told', () => {
    const config = world(policy('b', [gatewayRef], undefined, '2025-01-01T00:00:00Z'), policy('a', [gatewayRef], undefined, '2026-01-01T00:00:00Z'))
    expect(inForce(config)).toEqual({ orders: 'shop/b', stock: 'shop/b' })
    expect(config.warnings.map(({ message }) => message)).toEqual(['SamplingPolicy shop/a is not in force for Gateway shop/shop'])
  })

  test('is the same object while nothing changes, so that routes keep their identity', () => {
    const documents = fromObjects([gateway, route('orders'), onGateway], 'test')
    const [before, after] = [federate(documents), federate(documents)]
    expect(after.routes[0]).toBe(before.routes[0])
  })
})

describe('a policy for a protocol', () => {
  const [all, only] = [policy('all', [gatewayRef]), { ...policy('only', [gatewayRef], { sampler: { alwaysOff: {} }, protocols: ['http1'] }) }]
  const over = (protocol: string, ...policies: object[]) => compiled(world(...policies)).routes.map((one) => samplingOver(one, protocol)?.policy ?? null)

  test('is before one without on the same target, whatever their age, and only over it', () => {
    expect(over('http1', all, only)).toEqual(['shop/only', 'shop/only'])
    expect(over('grpc', all, only)).toEqual(['shop/all', 'shop/all'])
    expect(world(all, only).warnings).toEqual([])
    const snapshot = compiled(world(all, only))
    expect(parseSnapshot(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot)
  })

  test('is not before one on a more specific target, and holds alone', () => {
    expect(over('http1', only, policy('narrow', [routeRef]))).toEqual(['shop/narrow', 'shop/only'])
    expect([over('http1', only), over('grpc', only)]).toEqual([['shop/only', 'shop/only'], [null, null]])
  })

  test('leaves routes the objects that they were while nothing changes', () => {
    const documents = fromObjects([gateway, route('orders'), all, only], 'test')
    expect(federate(documents).routes[0]).toBe(federate(documents).routes[0])
  })
})

describe('what it says', () => {
  test('has its defaults filled in, and travels', () => {
    const spec = { sampler: { adaptive: { spansPerSecond: 100 } }, retroactive: {}, anomaly: {} }
    const snapshot = compiled(world(policy('wide', [gatewayRef], spec)))
    expect(snapshot.routes[0].sampling).toEqual({
      policy: 'shop/wide', tenant: 'shop', honourClients: false,
      sampler: { kind: 'adaptive', spansPerSecond: 100, windowMs: 15_000, burst: 2 },
      retroactive: { keep: ['error', 'slow', 'failover', 'shed'], slowMs: 500 }, anomaly: { factor: 10, halfLifeMs: 8_000 },
    })
    expect(parseSnapshot(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot)
  })

  test.each([
    [{ alwaysOff: {} }, { kind: 'always-off' }], [{ alwaysOn: {} }, { kind: 'always-on' }],
    [{ probability: { probability: 0.05 } }, { kind: 'probability', probability: 0.05 }],
  ])('%j', (sampler, expected) => {
    expect(world(policy('wide', [gatewayRef], { sampler })).routes[0].sampling).toMatchObject({ sampler: expected, retroactive: null, anomaly: null })
  })

  test('changes the version of the snapshot', () => {
    const of = (probability: number): string => compiled(world(policy('wide', [gatewayRef], { sampler: { probability: { probability } } }))).version
    expect(of(0.1)).not.toBe(of(0.2))
    expect(of(0.1)).toBe(of(0.1))
  })
})

test.each([
  ['no sampler', policy('p', [gatewayRef], { sampler: {} }), 'RGT_CONFIG_SCHEMA'],
  ['two samplers', policy('p', [gatewayRef], { sampler: { alwaysOn: {}, alwaysOff: {} } }), 'RGT_CONFIG_SCHEMA'],
  ['a probability above one', policy('p', [gatewayRef], { sampler: { probability: { probability: 1.5 } } }), 'RGT_CONFIG_SCHEMA'],
  ['a budget of nought', policy('p', [gatewayRef], { sampler: { adaptive: { spansPerSecond: 0 } } }), 'RGT_CONFIG_SCHEMA'],
  ['a protocol that nobody speaks', policy('p', [gatewayRef], { sampler: { alwaysOn: {} }, protocols: ['gopher'] }), 'RGT_CONFIG_SCHEMA'],
  ['a route that is not there', policy('p', [{ kind: 'HTTPRoute', name: 'ordres' }]), 'RGT_CONFIG_REFERENCE'],
  ['somebody else\'s namespace', policy('p', [{ kind: 'Namespace', name: 'bank' }]), 'RGT_CONFIG_REFERENCE'],
])('%s is refused', (_name, document, code) => {
  expect(() => world(document)).toThrow(CodedErrors)
  try {
    world(document)
  } catch (error) {
    expect((error as CodedErrors).code).toBe(code)
  }
})
