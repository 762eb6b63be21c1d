// The oracle of splicing is compiling everything anew: both must agree on every change, refusals included.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CodedError } from '../errors.ts'
import { planeCompiler } from './compiler.ts'
import { changeDocuments, documentKey, type Documents } from './documents.ts'
import type { ConfigChange, ConfigDocument, Discovery, GatewayIdentity } from './protocol.ts'
import { discovery, route, shop } from './shop.case.ts'

const gateways: GatewayIdentity[] = [
  { name: 'eu-west', role: 'region', region: 'eu-west' }, { name: 'frankfurt', role: 'edge', region: null },
]

const target = { group: 'gateway.networking.k8s.io' }
const guard: ConfigDocument = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'AccessPolicy', metadata: { name: 'guard', namespace: 'shop' },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'catalog' }], rules: [{ from: [{ gateway: true }] }] },
}
const policy = (kind: 'FailoverPolicy' | 'ResidencyPolicy', name: string, of: object, spec: object): ConfigDocument => ({
  apiVersion: 'regatta.dev/v1alpha1', kind, metadata: { name, namespace: 'shop' }, spec: { targetRefs: [{ ...target, ...of }], ...spec },
})

/** Routes to several services with one rule or two, policies on Gateway and routes: the ways in which a route leans on others. */
const names = ['a', 'a-b', 'aa', 'b', 'c'] as const
const someRoute = fc.record({ name: fc.constantFrom(...names), path: fc.constantFrom('/x', '/y'), service: fc.constantFrom('catalog', 'rare', 'other'), rules: fc.integer({ min: 1, max: 2 }) })
  .map(({ name, path, service, rules }): ConfigDocument => {
    const document = route(name, path)
    const [rule] = (document.spec as { rules: object[] }).rules
    return { ...document, spec: { ...(document.spec as object), rules: Array.from({ length: rules }, () => ({ ...rule, backendRefs: [{ name: service, port: 8080 }] })) } }
  })
const somePolicy = fc.constantFrom(
  policy('FailoverPolicy', 'all', { kind: 'Gateway', name: 'shop' }, { maxAttempts: 2, health: { probe: { misses: 3 } } }),
  policy('FailoverPolicy', 'one', { kind: 'HTTPRoute', name: 'a' }, { enabled: false }),
  policy('ResidencyPolicy', 'law', { kind: 'HTTPRoute', name: 'b' }, { allowedJurisdictions: ['EU'], reason: 'law' }),
  guard,
)
const someChange = fc.record({
  put: fc.uniqueArray(fc.oneof({ weight: 5, arbitrary: someRoute }, { weight: 1, arbitrary: somePolicy }), { maxLength: 3, selector: documentKey }),
  remove: fc.uniqueArray(fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...names).map((name) => ({ kind: 'HTTPRoute', namespace: 'shop', name })) },
    { weight: 1, arbitrary: fc.constantFrom('all', 'one').map((name) => ({ kind: 'FailoverPolicy', namespace: 'shop', name })) },
    { weight: 1, arbitrary: fc.constant({ kind: 'AccessPolicy', namespace: 'shop', name: 'guard' }) },
  ), { maxLength: 2, selector: ({ kind, name }) => `${kind} ${name}` }),
})

test('a change spliced in is the same as the whole compiled anew, refusals included', () => {
  let accepted = 0
  let refused = 0
  fc.assert(fc.property(fc.array(someChange, { maxLength: 12 }), (changes) => {
    let documents: Documents = changeDocuments(new Map(), { revision: 1, put: shop(1), remove: [] })
    let prepared = planeCompiler(discovery).prepare(documents)
    gateways.forEach((gateway) => prepared.compile(gateway, 1))
    changes.forEach(({ put, remove }, index) => {
      const revision = index + 2
      const there = remove.filter(({ kind, namespace, name }) => documents.has(`${kind}/${namespace}/${name}`))
      const change: ConfigChange = { revision, put, remove: there }
      const next = changeDocuments(documents, change)
      const oracle = attempt(() => planeCompiler(structuredClone(discovery)).prepare(structuredClone(next)))
      const spliced = attempt(() => prepared.change(change, next))
      if (oracle instanceof CodedError || spliced instanceof CodedError) {
        expect(String(spliced)).toBe(String(oracle))
        refused++
        return
      }
      // One gateway skips revisions, as one that connects now and then does.
      for (const gateway of revision % 3 === 0 ? gateways.slice(0, 1) : gateways) {
        const found = spliced.compile(gateway, revision)
        expect(found).toEqual(oracle.compile(gateway, revision))
      }
      documents = next
      prepared = spliced
      accepted++
    })
  }), { numRuns: 100 })
  // The property says nothing when one of the two never happens.
  expect([accepted > 100, refused > 5]).toEqual([true, true])
})

test('what a change does not touch keeps its identity', () => {
  const documents = changeDocuments(new Map(), { revision: 1, put: [...shop(1), route('b', '/b')], remove: [] })
  const prepared = planeCompiler(discovery).prepare(documents)
  const before = prepared.compile(gateways[0], 1)
  const change: ConfigChange = { revision: 2, put: [route('c', '/c')], remove: [] }
  const after = prepared.change(change, changeDocuments(documents, change)).compile(gateways[0], 2)
  expect(after.routes.map(({ id }) => id)).toEqual(['shop/b/0', 'shop/c/0', 'shop/catalog/0'])
  expect([after.routes[0], after.routes[2]].every((one, index) => one === before.routes[index])).toBe(true)
  expect(after.services[0]).toBe(before.services[0])
})

test('the same configuration in another world, changed there, is what compiling it there would give', () => {
  const here = (hosts: string[]): Discovery => ({
    ...discovery, endpoints: { 'shop/catalog:8080': { ...discovery.endpoints['shop/catalog:8080'], 'eu-west': hosts.map((host) => ({ host, port: 9 })) } },
  })
  const documents = changeDocuments(new Map(), { revision: 1, put: shop(1), remove: [] })
  const before = planeCompiler(discovery).prepare(documents)
  before.compile(gateways[0], 1)
  const found = here(['10.0.0.2', '10.0.0.1'])
  const moved = before.within(found)
  const snapshot = moved.compile(gateways[0], 1)
  expect(snapshot.services[0].endpoints.map(({ host }) => host)).toEqual(['10.0.0.1', '10.0.0.2'])
  expect(snapshot.routes).toEqual(before.compile(gateways[0], 1).routes)
  const change: ConfigChange = { revision: 2, put: [route('c', '/c')], remove: [] }
  const next = changeDocuments(documents, change)
  const emptied = here([])
  const spliced = moved.change(change, next).within(emptied)
  for (const gateway of gateways) expect(spliced.compile(gateway, 2)).toEqual(planeCompiler(emptied).prepare(next).compile(gateway, 2))
  expect(planeCompiler(discovery).prepare(next, emptied).compile(gateways[0], 2)).toEqual(spliced.compile(gateways[0], 2))
})

function attempt<T>(run: () => T): T | CodedError {
  try {
    return run()
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
}
