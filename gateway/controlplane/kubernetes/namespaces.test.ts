// There and back: what is read from a cluster is what was published, and what the cluster filled in changes no snapshot.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planeCompiler } from '../compiler.ts'
import { replaceDocuments } from '../documents.ts'
import type { ConfigDocument } from '../protocol.ts'
import { discovery, shop } from '../shop.case.ts'
import { fromCluster, toCluster, type ClusterObject } from './namespaces.ts'
import { revisionAnnotation } from './revision.ts'

const table = { shop: 'regatta-7-shop', platform: 'regatta-7-platform' }
const gatewayApi = 'gateway.networking.k8s.io/v1'

/** What an API server adds to whatever it is given. */
function stored(object: ClusterObject): ClusterObject {
  return {
    ...object, status: { parents: [] },
    metadata: {
      ...object.metadata, uid: 'u-1', resourceVersion: '41', generation: 3, creationTimestamp: '2026-11-23T10:00:00Z',
      managedFields: [{ manager: 'regatta' }],
      annotations: { ...object.metadata.annotations, 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
  }
}

const word = fc.stringMatching(/^[a-z]{1,6}$/)
const namespace = fc.constantFrom(...Object.keys(table), 'elsewhere')
const anyDocument: fc.Arbitrary<ConfigDocument> = fc.record({
  apiVersion: fc.constant(gatewayApi), kind: fc.constant('HTTPRoute'),
  metadata: fc.record({
    name: word, namespace: fc.constantFrom(...Object.keys(table)), labels: fc.dictionary(word, word, { minKeys: 1 }),
    annotations: fc.dictionary(word, word, { minKeys: 1 }), creationTimestamp: fc.constant('2020-01-01T00:00:00.000Z'),
  }, { requiredKeys: ['name', 'namespace'] }),
  spec: fc.object({ key: fc.oneof(word, fc.constant('namespace')), values: [namespace, fc.integer(), fc.constant(null)] }),
})

test('a document that is read is the one that was published, with the revision that put it', () => {
  fc.assert(fc.property(anyDocument, fc.integer({ min: 1 }), (document, revision) => {
    const object = stored(toCluster(document, revision, table))
    const { apiVersion: _apiVersion, kind: _kind, ...item } = object
    expect(object.metadata.namespace).toBe(table[document.metadata.namespace as keyof typeof table])
    // Items of a list do not say their kind.
    expect(fromCluster(item as ClusterObject, 'HTTPRoute', document.metadata.namespace!, table)).toEqual({ document, revision, uid: 'u-1', generation: 3 })
  }))
})

test('references go where the namespaces went, and come back', () => {
  const route: ConfigDocument = {
    apiVersion: gatewayApi, kind: 'HTTPRoute', metadata: { name: 'r', namespace: 'shop' },
    spec: {
      parentRefs: [{ name: 'edge', namespace: 'platform' }],
      rules: [{
        backendRefs: [{ name: 'a', namespace: 'platform', port: 1 }, { name: 'b', namespace: 'unknown', port: 1 }],
        filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'c', namespace: 'shop', port: 1 } } }],
        matches: [{ headers: [{ name: 'namespace', value: 'shop' }] }],
      }],
    },
  }
  const grant: ConfigDocument = {
    apiVersion: gatewayApi, kind: 'ReferenceGrant', metadata: { name: 'g', namespace: 'platform' },
    spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }], to: [{ group: '', kind: 'Service' }] },
  }
  const { spec } = toCluster(route, 1, table)
  expect(spec).toMatchObject({
    parentRefs: [{ namespace: 'regatta-7-platform' }],
    rules: [{
      backendRefs: [{ namespace: 'regatta-7-platform' }, { namespace: 'unknown' }],
      filters: [{ requestMirror: { backendRef: { namespace: 'regatta-7-shop' } } }],
      matches: [{ headers: [{ name: 'namespace', value: 'shop' }] }],
    }],
  })
  expect(toCluster(grant, 1, table)).toMatchObject({ apiVersion: 'gateway.networking.k8s.io/v1beta1', spec: { from: [{ namespace: 'regatta-7-shop' }] } })
})

test('a namespace without a counterpart is a coded error that names those there are', () => {
  expect(() => toCluster({ apiVersion: gatewayApi, kind: 'Gateway', metadata: { name: 'g' } }, 1, table))
    .toThrow(expect.objectContaining({ code: 'RGT_CONFIG_NAMESPACE', details: { expected: 'one of platform, shop', found: 'default' } }))
})

test.for([undefined, '', 'x', '1.5', '-1', '0'])('an annotation %j is no revision of ours', (annotation) => {
  const object: ClusterObject = { metadata: { name: 'r', annotations: annotation === undefined ? {} : { [revisionAnnotation]: annotation } }, spec: {} }
  expect(fromCluster(object, 'Gateway', 'shop', table).revision).toBeNull()
})

/** The defaults of the Gateway API's own definitions (standard channel, v1). */
function filledIn(document: ConfigDocument): ConfigDocument {
  const api = 'gateway.networking.k8s.io'
  const spec = document.spec as Record<string, any>
  const valueMatches = (list: any[] | undefined) => list?.map((one) => ({ type: 'Exact', ...one }))
  const backend = (one: any) => ({ group: '', kind: 'Service', ...one })
  const filters = (list: any[] | undefined) => list?.map((one) => ({
    ...one,
    ...(one.requestRedirect === undefined ? {} : { requestRedirect: { statusCode: 302, ...one.requestRedirect } }),
    ...(one.requestMirror === undefined ? {} : { requestMirror: { ...one.requestMirror, backendRef: backend(one.requestMirror.backendRef) } }),
  }))
  const defined = (fields: Record<string, unknown>) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const filled = document.kind === 'Gateway'
    ? { ...spec, listeners: spec.listeners.map((one: any) => ({ allowedRoutes: { namespaces: { from: 'Same' } }, ...one })) }
    : {
      ...spec, parentRefs: spec.parentRefs.map((one: any) => ({ group: api, kind: 'Gateway', ...one })),
      rules: spec.rules.map((rule: any) => ({
        ...rule, ...defined({ filters: filters(rule.filters) }),
        matches: (rule.matches ?? [{}]).map((match: any) => ({
          ...match, path: { type: 'PathPrefix', value: '/', ...match.path },
          ...defined({ headers: valueMatches(match.headers), queryParams: valueMatches(match.queryParams) }),
        })),
        ...defined({ backendRefs: rule.backendRefs?.map((one: any) => defined({ weight: 1, ...backend(one), filters: filters(one.filters) })) }),
      })),
    }
  return { ...document, spec: filled }
}

test('what a cluster fills in changes no snapshot', () => {
  const backendRefs = [{ name: 'catalog', port: 8080 }]
  const documents: ConfigDocument[] = [...shop(1), ...[
    { backendRefs },
    { matches: [{ headers: [{ name: 'x', value: '1' }], queryParams: [{ name: 'q', value: '2' }], method: 'GET' }], backendRefs },
    { matches: [{ path: { value: '/r' } }], filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'h.test' } }] },
    { matches: [{ path: { value: '/m' } }], backendRefs, filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'catalog', port: 8080 } } }] },
  ].map((rule, index): ConfigDocument => ({
    apiVersion: gatewayApi, kind: 'HTTPRoute', metadata: { name: `r${index}`, namespace: 'shop' }, spec: { parentRefs: [{ name: 'shop' }], rules: [rule] },
  }))]
  const compiled = (all: readonly ConfigDocument[]) =>
    planeCompiler(discovery).prepare(replaceDocuments(new Map(), all)).compile({ name: 'eu-west', role: 'region', region: 'eu-west' }, 1)
  const filled = documents.map(filledIn)
  expect(filled).not.toEqual(documents)
  expect(compiled(filled)).toEqual(compiled(documents))
})
