// AccessPolicies as they are written: what is refused, how several add up, and that no order shows.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Discovery } from '../controlplane/protocol.ts'
import { CodedErrors } from '../errors.ts'
import type { SnapshotAccess } from '../security/access.ts'
import { compileSnapshot } from '../snapshot/compile.ts'
import { applyDelta, diffSnapshots } from '../snapshot/delta.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { parseDelta, parseSnapshot } from '../snapshot/validate.ts'
import { versionOf } from '../snapshot/version.ts'
import { federate, fromObjects } from './federate.ts'

const front = {
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'front' },
  spec: { gatewayClassName: 'regatta', listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }] },
}
const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'trial', port: 80 } } }
const route = {
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'r' },
  spec: { parentRefs: [{ name: 'front' }], rules: [{ filters: [mirror], backendRefs: [{ name: 'shop', port: 8080 }, { name: 'shop', port: 9090 }, { name: 'cart', port: 80 }] }] },
}
const imported = { apiVersion: 'multicluster.x-k8s.io/v1alpha1', kind: 'ServiceImport', metadata: { name: 'hidden' }, spec: { ports: [{ port: 80 }] } }
const policy = (name: string, rules: unknown[], targets: string[] = ['shop'], namespace = 'default') => ({
  apiVersion: 'regatta.dev/v1alpha1', kind: 'AccessPolicy', metadata: { name, namespace },
  spec: { targetRefs: targets.map((target) => ({ group: '', kind: 'Service', name: target })), rules },
})
const byGateway = { from: [{ gateway: true }] }
const from = (...documents: object[]) => federate(fromObjects([front, route, ...documents], 'test'))
const accessOf = (...documents: object[]): Record<string, SnapshotAccess> => Object.fromEntries(from(...documents).access)

const discovery: Discovery = {
  regions: [{ name: 'eu-west', jurisdiction: 'EU' }], links: { gw: {} },
  endpoints: { 'default/shop:8080': { 'eu-west': [{ host: '127.0.0.1', port: 1 }] } },
}
const view = { gateway: { name: 'gw', role: 'region' as const, region: 'eu-west' }, discovery }
const compile = (documents: object[], revision = 1): Snapshot => compileSnapshot(from(...documents), view, revision)
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function problemsOf(...documents: object[]): [string, string | undefined, string | undefined, string | undefined][] {
  try {
    from(...documents)
  } catch (error) {
    if (error instanceof CodedErrors) return error.errors.map(({ code, details: { place, expected, hint } }) => [code, place?.path, expected, hint])
    throw error
  }
  return []
}

describe('is refused', () => {
  it.each<[string, object, string]>([
    ['a caller that is nobody', policy('p', [{ from: [{}] }]), '[2].spec.rules[0].from[0]'],
    ['a caller that is two', policy('p', [{ from: [{ gateway: true, service: { name: 'cart' } }] }]), '[2].spec.rules[0].from[0]'],
    ['a gateway that is none', policy('p', [{ from: [{ gateway: false }] }]), '[2].spec.rules[0].from[0].gateway'],
    ['a rule for nobody', policy('p', [{ from: [] }]), '[2].spec.rules[0].from'],
    ['no method at all', policy('p', [{ ...byGateway, methods: [] }]), '[2].spec.rules[0].methods'],
    ['a method in lower case', policy('p', [{ ...byGateway, methods: ['get'] }]), '[2].spec.rules[0].methods[0]'],
    ['no path at all', policy('p', [{ ...byGateway, paths: [] }]), '[2].spec.rules[0].paths'],
    ['a pattern', policy('p', [{ ...byGateway, paths: [{ type: 'RegularExpression', value: '/.*' }] }]), '[2].spec.rules[0].paths[0].type'],
    ['a target that is no Service', { ...policy('p', []), spec: { targetRefs: [{ group: '', kind: 'HTTPRoute', name: 'r' }], rules: [] } }, '[2].spec.targetRefs[0].kind'],
    ['no rules', { ...policy('p', []), spec: { targetRefs: [{ kind: 'Service', name: 'shop' }] } }, '[2].spec.rules'],
  ])('%s', (_, document, path) => {
    expect(problemsOf(document).map(([code, place]) => [code, place])).toEqual([['RGT_CONFIG_SCHEMA', path]])
  })

  it.each(['a', '', '//a', '/a/../b', '/%2e', '/a%2fb', '/a\\b', '/é', '/a b', '/a?b=c', '/a#b', '/%41', '/..;/a'])('the path %j, with place, expectation and hint', (value) => {
    expect(problemsOf(policy('p', [{ ...byGateway, paths: [{ type: 'PathPrefix', value }] }])))
      .toEqual([['RGT_CONFIG_SCHEMA', '[2].spec.rules[0].paths[0].value', expect.stringContaining('path'), expect.any(String)]])
  })

  it('a policy on a service that nothing names: the one that was meant would stand open', () => {
    expect(problemsOf(policy('p', [byGateway], ['shop', 'shoq']))).toEqual([['RGT_CONFIG_REFERENCE', '[2].spec.targetRefs[1].name', expect.stringContaining('default/shop'), 'did you mean `default/shop`?']])
    expect(problemsOf(policy('p', [byGateway], ['shop'], 'other')).map(([, path]) => path)).toEqual(['[2].spec.targetRefs[0].name'])
    expect(problemsOf(imported, policy('p', [byGateway], ['shop', 'trial', 'hidden']))).toEqual([])
  })
})

it('a caller that nothing names is told, and only kept out', () => {
  const { warnings, access } = from(policy('p', [{ from: [{ service: { name: 'cart' } }, { service: { namespace: 'batch', name: 'nightly' } }] }]))
  expect(warnings.map(({ code, details }) => [code, details.place?.path, details.found])).toEqual([['RGT_CONFIG_REFERENCE', '[2].spec.rules[0].from[1].service.name', 'batch/nightly']])
  expect(access.get('default/shop')?.rules[0].principals).toEqual(['service:batch/nightly', 'service:default/cart'])
})

describe('on one service', () => {
  const read = { from: [{ gateway: true }, { service: { name: 'cart' } }, { gateway: true }], methods: ['POST', 'GET', 'GET'], paths: [{ type: 'PathPrefix', value: '/b/' }, { type: 'Exact', value: '/a' }] }

  it('rules add up, sorted, each once', () => {
    const reordered = { from: [{ service: { namespace: 'default', name: 'cart' } }, { gateway: true }], methods: ['GET', 'POST'], paths: [{ type: 'Exact', value: '/a' }, { type: 'PathPrefix', value: '/b' }] }
    expect(accessOf(policy('z', [read]), policy('a', [byGateway, reordered]))).toEqual({
      'default/shop': {
        policies: ['default/a', 'default/z'],
        rules: [
          { principals: ['gateway', 'service:default/cart'], methods: ['GET', 'POST'], paths: [{ type: 'Exact', value: '/a' }, { type: 'PathPrefix', value: '/b' }] },
          { principals: ['gateway'], methods: null, paths: null },
        ],
      },
    })
  })

  it('an empty list of rules guards it from everybody, and no policy from nobody', () => {
    expect(accessOf(policy('p', []))).toEqual({ 'default/shop': { policies: ['default/p'], rules: [] } })
    expect(accessOf()).toEqual({})
  })

  it('the object stays the same while the policies do', () => {
    const [one, other] = [policy('a', [byGateway]), policy('b', [read])]
    const before = accessOf(one, other)['default/shop']
    expect(accessOf(other, one)['default/shop']).toBe(before)
    expect(accessOf(one)['default/shop']).not.toBe(before)
    expect(accessOf(one, other)['default/shop']).toBe(before)
    expect(Object.isFrozen(before.rules)).toBe(true)
  })
})

describe('in a snapshot', () => {
  const guards = [policy('a', [byGateway], ['shop', 'trial']), policy('b', [{ from: [{ service: { name: 'cart' } }], methods: ['GET'] }]), policy('c', [], ['cart'])]

  it('stands at every port of its service, and at no other', () => {
    const { services } = compile(guards.slice(0, 2))
    expect(services.map(({ name, access }) => [name, access?.policies])).toEqual([
      ['default/cart:80', undefined], ['default/shop:8080', ['default/a', 'default/b']], ['default/shop:9090', ['default/a', 'default/b']], ['default/trial:80', ['default/a']],
    ])
    expect('access' in services[0]).toBe(false)
  })

  it('no order shows, and one world\'s services do not leak into another policy', () => {
    const version = compile(guards).version
    fc.assert(fc.property(fc.shuffledSubarray(guards, { minLength: guards.length }), fc.boolean(), (shuffled, fresh) => {
      const turned = (fresh ? structuredClone(shuffled) : shuffled).map((document) => ({ ...document, spec: { ...document.spec, rules: [...document.spec.rules].reverse() } }))
      expect(compile(turned).version).toBe(version)
      expect(compile([]).services.every(({ access }) => access === undefined)).toBe(true)
    }), { numRuns: 50 })
    expect(compile([]).version).not.toBe(version)
  })

  it('travels whole and as a delta from any set of policies to any other', () => {
    const sets = fc.subarray(guards)
    fc.assert(fc.property(sets, sets, (one, other) => {
      const [held, target] = [parseSnapshot(overTheWire(compile(one, 4))), compile(other, 5)]
      const delta = parseDelta(overTheWire(diffSnapshots(held, target)))
      expect(applyDelta(held, delta)).toEqual(target)
      expect(delta.routes).toEqual({ put: [], remove: [] })
      if (JSON.stringify(one) === JSON.stringify(other)) expect(delta.services.put).toEqual([])
    }), { numRuns: 60 })
  })

  it.each<[string, (access: SnapshotAccess) => void]>([
    ['a principal of another form', ({ rules }) => { rules[0].principals = ['service:shop' as never] }],
    ['a rule for nobody', ({ rules }) => { rules[0].principals = [] }],
    ['a method that rules cannot name', ({ rules }) => { rules[0].methods = ['PURGE'] }],
    ['a path with two readings', ({ rules }) => { rules[0].paths = [{ type: 'Exact', value: '/a/../b' }] }],
    ['a guard without a policy', (access) => { access.policies = [] }],
  ])('%s is refused', (_, change) => {
    const copy = structuredClone(compile(guards))
    change(copy.services.find(({ name }) => name === 'default/trial:80')!.access!)
    expect(() => parseSnapshot({ ...copy, version: versionOf(copy) })).toThrow(expect.objectContaining({ code: 'RGT_SNAPSHOT_FORMAT' }))
  })
})
