// Tries the configuration language as a whole: shape, references, attachment, policies, and that order never matters.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Discovery } from '../controlplane/protocol.ts'
import { CodedErrors, gatewayErrors } from '../errors.ts'
import { compileSnapshot } from '../snapshot/compile.ts'
import { defaultHealth } from '../snapshot/snapshot.ts'
import { federate, fromObjects, readDocuments } from './federate.ts'
import { configSchemas } from './schemas.ts'
import { kinds } from './kinds/index.ts'

const gateway = (over: object = {}, listener: object = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'front', ...over },
  spec: { gatewayClassName: 'regatta', listeners: [{ name: 'web', port: 80, protocol: 'HTTP', ...listener }] },
})
const route = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name, ...metadata },
  spec: { parentRefs: [{ name: 'front' }], rules: [{ backendRefs: [{ name: 'shop', port: 8080 }] }], ...spec },
})
const failover = (name: string, target: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'regatta.dev/v1alpha1', kind: 'FailoverPolicy', metadata: { name, ...metadata },
  spec: { targetRefs: [{ kind: target.startsWith('g:') ? 'Gateway' : 'HTTPRoute', name: target.replace('g:', '') }], ...spec },
})
const residency = (name: string, target: string, spec: object) => ({ ...failover(name, target, { reason: name, ...spec }), kind: 'ResidencyPolicy' })
const grant = (namespace: string, from: string, to: object) => ({
  apiVersion: 'gateway.networking.k8s.io/v1beta1', kind: 'ReferenceGrant', metadata: { name: 'grant', namespace },
  spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: from }], to: [to] },
})

const discovery: Discovery = {
  regions: [{ name: 'eu-west', jurisdiction: 'EU' }, { name: 'eu-north', jurisdiction: 'EU' }, { name: 'us-east', jurisdiction: 'US' }],
  endpoints: { 'default/shop:8080': { 'eu-west': [{ host: '127.0.0.1', port: 1 }], 'us-east': [{ host: '127.0.0.1', port: 2 }] } },
  links: { gw: { 'us-east': { addresses: [{ host: '127.0.0.1', port: 3 }], rttMs: 80 } } },
}
const view = { gateway: { name: 'gw', role: 'region' as const, region: 'eu-west' }, discovery }
const from = (...values: object[]) => federate(fromObjects(values, 'test'))
const routesOf = (...values: object[]) => compileSnapshot(from(...values), view, 1).routes

function codesOf(...values: object[]): [string, string | undefined][] {
  try {
    from(...values)
  } catch (error) {
    if (error instanceof CodedErrors) return error.errors.map(({ code, details }) => [code, details.place?.path])
    throw error
  }
  return []
}

describe('shape', () => {
  it.each([
    ['an unknown kind', { kind: 'HttpRoute' }, '[0].kind'],
    ['no kind', {}, '[0].kind'],
    ['an unknown field', { ...gateway(), spek: 1 }, '[0].spek'],
    ['two listeners of one name', { ...gateway(), spec: { gatewayClassName: 'x', listeners: [1, 2].map(() => ({ name: 'a', port: 80, protocol: 'HTTP' })) } }, '[0].spec.listeners[1].name'],
    ['a rule that leads nowhere', route('r', { rules: [{ backendRefs: [{ name: 'a', port: 1, weight: 0 }] }] }), '[0].spec.rules[0].backendRefs'],
    ['a relative path', route('r', { rules: [{ matches: [{ path: { value: 'x' } }], backendRefs: [{ name: 'a', port: 1 }] }] }), '[0].spec.rules[0].matches[0].path.value'],
    ['a runaway pattern', route('r', { rules: [{ matches: [{ path: { type: 'RegularExpression', value: '/(a+)+' } }], backendRefs: [{ name: 'a', port: 1 }] }] }), '[0].spec.rules[0].matches[0].path.value'],
    ['a filter that is not built', route('r', { rules: [{ filters: [{ type: 'CORS' }], backendRefs: [{ name: 'a', port: 1 }] }] }), '[0].spec.rules[0].filters[0].type'],
    ['a header value that splits the message', route('r', { rules: [{ filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b\r\nc: d' }] } }], backendRefs: [{ name: 'a', port: 1 }] }] }), '[0].spec.rules[0].filters[0].requestHeaderModifier.set[0].value'],
    ['a redirect with backends', route('r', { rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: {} }], backendRefs: [{ name: 'a', port: 1 }] }] }), '[0].spec.rules[0].backendRefs'],
    ['a prefix replaced where none is matched', route('r', { rules: [{ matches: [{ path: { type: 'Exact', value: '/a' } }], filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } } }], backendRefs: [{ name: 'a', port: 1 }] }] }), '[0].spec.rules[0].filters[0]'],
    ['an attempt longer than its request', route('r', { rules: [{ timeouts: { request: '1s', backendRequest: '2s' }, backendRefs: [{ name: 'a', port: 1 }] }] }), '[0].spec.rules[0].timeouts.backendRequest'],
    ['health on a route', failover('f', 'r', { health: {} }), '[0].spec.health'],
    ['residency that says nothing', residency('r', 'r', {}), '[0].spec'],
  ])('refuses %s', (_, document, path) => {
    expect(codesOf(document)).toEqual([['RGT_CONFIG_SCHEMA', path]])
  })

  it('tells the problems of all documents at once, with lines', () => {
    const text = 'kind: Gatewai\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec:\n  parentRefs: [{name: front}]\n  rules:\n    - backendRef: []\n'
    let caught: unknown
    try {
      federate(readDocuments(text, 'f.yaml'))
    } catch (error) {
      caught = error
    }
    expect((caught as CodedErrors).errors.map(({ details }) => [details.place?.line, details.hint])).toEqual([
      [1, 'did you mean `Gateway`?'], [9, 'did you mean `backendRefs`?'], [9, undefined],
    ])
  })

  it('describes every kind as JSON Schema, as it is written', () => {
    const schemas = configSchemas()
    expect(Object.keys(schemas)).toEqual(Object.keys(kinds))
    const policy = JSON.stringify(schemas.FailoverPolicy)
    expect(policy).toContain('"pattern"')
    expect(policy).toContain('Refused, reset or timed-out')
    expect(schemas.HTTPRoute.additionalProperties).toBe(false)
  })
})

describe('references and conflicts', () => {
  it.each([
    ['a Gateway that is not there', [route('r')], 'RGT_CONFIG_REFERENCE', '[0].spec.parentRefs[0].name'],
    ['a listener that is not there', [gateway(), route('r', { parentRefs: [{ name: 'front', sectionName: 'wep' }] })], 'RGT_CONFIG_REFERENCE', '[1].spec.parentRefs[0].sectionName'],
    ['a Gateway of another namespace that takes none', [gateway(), route('r', { parentRefs: [{ name: 'front', namespace: 'default' }] }, { namespace: 'team' })], 'RGT_CONFIG_REFERENCE', '[1].spec.parentRefs[0].name'],
    ['hosts outside the listener', [gateway({}, { hostname: '*.a.test' }), route('r', { hostnames: ['b.test'] })], 'RGT_CONFIG_CONFLICT', '[1].spec.hostnames'],
    ['a policy without its target', [gateway(), failover('f', 'g:fronn')], 'RGT_CONFIG_REFERENCE', '[1].spec.targetRefs[0].name'],
    ['a ServiceImport that is not there', [gateway(), route('r', { rules: [{ backendRefs: [{ kind: 'ServiceImport', name: 's', port: 1 }] }] })], 'RGT_CONFIG_REFERENCE', '[1].spec.rules[0].backendRefs[0].name'],
    ['another namespace without a grant', [gateway(), route('r', { rules: [{ backendRefs: [{ name: 's', namespace: 'pay', port: 1 }] }] })], 'RGT_CONFIG_REFERENCE', '[1].spec.rules[0].backendRefs[0].namespace'],
    ['a grant for something else', [gateway(), grant('pay', 'default', { group: '', kind: 'Service', name: 't' }), route('r', { rules: [{ backendRefs: [{ name: 's', namespace: 'pay', port: 1 }] }] })], 'RGT_CONFIG_REFERENCE', '[2].spec.rules[0].backendRefs[0].namespace'],
    ['a document written twice', [gateway(), gateway()], 'RGT_CONFIG_CONFLICT', '[1].metadata.name'],
  ])('refuses %s', (_, documents, code, path) => {
    expect(codesOf(...documents)).toEqual([[code, path]])
  })

  it('takes another namespace with a grant, and notices when the grant goes', () => {
    const r = route('r', { rules: [{ backendRefs: [{ name: 's', namespace: 'pay', port: 1 }] }] })
    const g = gateway()
    expect(codesOf(g, grant('pay', 'default', { group: '', kind: 'Service' }), r)).toEqual([])
    expect(codesOf(g, r)).toHaveLength(1)
  })

  it('serves the hosts that route and listener share', () => {
    const hosts = (listener: string | undefined, ...hostnames: string[]) => routesOf(gateway({}, listener === undefined ? {} : { hostname: listener }), route('r', { hostnames }))[0].hostnames
    expect(hosts(undefined)).toEqual([])
    expect(hosts('*.a.test')).toEqual(['*.a.test'])
    expect(hosts('*.a.test', 'x.a.test', 'b.test')).toEqual(['x.a.test'])
    expect(hosts('x.a.test', '*.a.test')).toEqual(['x.a.test'])
    expect(hosts('*.a.test', '*.x.a.test', '*.test')).toEqual(['*.a.test', '*.x.a.test'])
  })
})

describe('policies', () => {
  it('merge field by field: the route over its Gateway over the defaults', () => {
    const [compiled] = routesOf(gateway(), route('r'), failover('g', 'g:front', { maxAttempts: 5, prefer: ['us-east', 'mars'] }), failover('r', 'r', { enabled: false }))
    expect(compiled.failover).toEqual({ enabled: false, prefer: ['us-east'], maxAttempts: 5, maxBodyBytes: 65_536 })
  })

  it('settle conflicts by age, then by name, and say whose is not in force', () => {
    const older = failover('z', 'r', { maxAttempts: 7 }, { creationTimestamp: '2024-01-01T00:00:00+02:00' })
    const newer = failover('a', 'r', { maxAttempts: 8 }, { creationTimestamp: '2024-01-01T00:00:00Z' })
    const config = from(gateway(), route('r'), newer, older)
    expect(config.routes[0].failover.maxAttempts).toBe(7)
    expect(config.warnings.map(({ code, message }) => [code, message])).toEqual([['RGT_CONFIG_CONFLICT', 'FailoverPolicy default/a is not in force for HTTPRoute default/r']])
    expect(from(gateway(), route('r'), failover('b', 'r', { maxAttempts: 2 }), failover('a', 'r', { maxAttempts: 1 })).routes[0].failover.maxAttempts).toBe(1)
  })

  it('set health from a Gateway, durations in milliseconds, the rest by default', () => {
    const { health } = from(gateway(), failover('f', 'g:front', { health: { probe: { interval: '1s' }, outlier: { maxEjectedShare: 0.1, counterReset: '10s' } } }))
    expect(health).toEqual({
      ...defaultHealth,
      probe: { ...defaultHealth.probe, intervalMs: 1000 },
      outlier: { ...defaultHealth.outlier, maxEjectedShare: 0.1, counterResetMs: 10_000 },
    })
    expect(from().health).toEqual(defaultHealth)
  })

  it('residency of Gateway and route intersect, and what is unknown allows nothing', () => {
    const allowed = (...policies: object[]) => routesOf(gateway(), route('r'), ...policies)[0].residency.allowed
    expect(allowed()).toBeNull()
    expect(allowed(residency('a', 'r', { allowedJurisdictions: ['EU'] }))).toEqual(['eu-north', 'eu-west'])
    expect(allowed(residency('a', 'r', { allowedJurisdictions: ['EU'] }), residency('b', 'g:front', { allowedRegions: ['eu-west', 'us-east'] }))).toEqual(['eu-west'])
    expect(allowed(residency('a', 'r', { allowedJurisdictions: ['EU'], allowedRegions: ['us-east'] }))).toEqual([])
    expect(allowed(residency('a', 'r', { allowedRegions: ['mars'] }))).toEqual([])
    expect(allowed(residency('a', 'r', { allowedJurisdictions: [] }))).toEqual([])
    expect(routesOf(gateway(), route('r'), residency('b', 'r', { allowedRegions: ['eu-west'] }), residency('a', 'r', { allowedRegions: ['eu-west'] }))[0].residency.reason).toBe('a; b')
  })
})

describe('federate', () => {
  const documents = [
    gateway(), gateway({ name: 'other' }), route('a', { parentRefs: [{ name: 'front' }, { name: 'other' }] }), route('b', { hostnames: ['b.test'] }), route('c'),
    failover('f1', 'a', { maxAttempts: 2 }), failover('f2', 'a', { maxAttempts: 4 }), failover('f3', 'g:front', { health: { overprovisioning: 2 } }),
    failover('f4', 'g:other', { health: { overprovisioning: 3 }, maxAttempts: 6 }), residency('p', 'b', { allowedRegions: ['eu-west'] }),
    residency('q', 'g:front', { allowedJurisdictions: ['EU'] }),
  ]

  it('gives one version and one set of warnings whatever the order of documents', () => {
    const reference = from(...structuredClone(documents))
    const version = compileSnapshot(reference, view, 1).version
    fc.assert(fc.property(fc.shuffledSubarray(documents, { minLength: documents.length }), fc.boolean(), (shuffled, fresh) => {
      const config = from(...(fresh ? structuredClone(shuffled) : shuffled))
      expect(compileSnapshot(config, view, 2).version).toBe(version)
      expect(config.warnings.map(String)).toHaveLength(reference.warnings.length)
      expect(config.warnings.map(({ message }) => message)).toEqual(reference.warnings.map(({ message }) => message))
    }), { numRuns: 200 })
  })

  it('is frozen, and only uses documented codes', () => {
    const config = from(...documents)
    expect(() => (config.routes[0].document.spec.rules as unknown[]).push(1)).toThrow(TypeError)
    expect(() => (config.routes as unknown[]).pop()).toThrow(TypeError)
    for (const { code } of config.warnings) expect(gatewayErrors).toHaveProperty(code)
  })

  it('keeps what did not change as the same object', () => {
    const before = from(...documents)
    const after = from(...documents.filter((document) => document.metadata.name !== 'p'))
    expect(after.routes.map((attached, index) => attached === before.routes[index])).toEqual([true, false, true])
  })
})
