// Tries that the CRDs take what the files' own schemas take, refuse misspelt keys and wrong types, and are structural
// by the rules that an API server applies.

import fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { readDocuments } from '../../../../gateway/config/document.ts'
import { kinds, type Kind } from '../../../../gateway/config/kinds/index.ts'
import { configRevisionKind } from '../../../../gateway/controlplane/kubernetes/revision.ts'
import type { Crd } from './crd.ts'
import { validatorOf } from './openapi.case.ts'
import { policyCrds } from './policies.ts'
import { standInCrds } from './stand-ins.ts'
import { structural } from './structural.ts'

type Json = Record<string, unknown>

const crds = new Map([...policyCrds(), ...standInCrds(['gateway.networking.k8s.io', 'multicluster.x-k8s.io'])].map((crd) => [crd.spec.names.kind, crd]))
const schemas: Record<string, z.ZodType> = { ...kinds, ConfigRevision: configRevisionKind }

const ours = 'regatta.dev/v1alpha1'
const standard = 'gateway.networking.k8s.io/v1'
const metadata = { name: 'shop', namespace: 'shop' }
/** One document a kind that says nearly everything that can be said. */
const rich: Record<string, Json> = {
  FailoverPolicy: {
    apiVersion: ours, kind: 'FailoverPolicy', metadata,
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }], enabled: true, prefer: ['eu-west'], maxAttempts: 3, maxBodyBytes: 0,
      health: {
        outlier: { connectionFailures: 1, consecutive5xx: 2, counterReset: '0s', maxEjectedShare: 1, panicShare: 0 },
        silence: { minOutstanding: 3, p99Multiple: 0.5, min: '150ms', max: '1m30s' },
        probe: { interval: '250ms', maxPerSecond: 0.1 }, retry: { budgetShare: 0.2, minPerSecond: 0 }, recovery: { successes: 3, rampStart: 0.1 }, overprovisioning: 1.4,
      },
    },
  },
  ResidencyPolicy: {
    apiVersion: ours, kind: 'ResidencyPolicy', metadata,
    spec: { targetRefs: [{ kind: 'HTTPRoute', name: 'ledger' }], allowedJurisdictions: ['EU'], allowedRegions: ['eu-west'], reason: 'law' },
  },
  SamplingPolicy: {
    apiVersion: ours, kind: 'SamplingPolicy', metadata,
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'orders' }, { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }],
      sampler: { adaptive: { spansPerSecond: 100, window: '15s', burst: 2 } },
      retroactive: { keep: ['error', 'slow'], slow: '500ms' }, anomaly: { factor: 10, halfLife: '8s' }, honourClients: true,
    },
  },
  AccessPolicy: {
    apiVersion: ours, kind: 'AccessPolicy', metadata,
    spec: {
      targetRefs: [{ kind: 'Service', name: 'ledger' }],
      rules: [{ from: [{ gateway: true }, { service: { namespace: 'shop', name: 'checkout' } }], methods: ['GET'], paths: [{ type: 'PathPrefix', value: '/ledger' }] }],
    },
  },
  MetricsPolicy: {
    apiVersion: ours, kind: 'MetricsPolicy', metadata,
    spec: {
      targetRefs: [{ kind: 'Gateway', name: 'shop' }],
      labels: [{ name: 'plan', from: { requestHeader: 'X-Plan' }, maxValues: 5 }, { name: 'operation', from: { graphqlOperation: {} } }, { name: 'grpc_status', from: { grpcStatus: {} } }, { name: 'cache', from: { responseHeader: 'x-cache' } }],
    },
  },
  AlertPolicy: {
    apiVersion: ours, kind: 'AlertPolicy', metadata,
    spec: {
      targetRefs: [{ kind: 'Gateway', name: 'shop' }],
      rules: [
        { name: 'budget', kind: 'burn-rate', severity: 'page', objective: 99.5, windows: [{ long: '1h', short: '5m', rate: 14.4 }], by: ['route'] },
        { name: 'storm', kind: 'failover-storm', share: 0.2, window: '30s', for: '2s', keepFiringFor: '1m' },
        { name: 'expiry', kind: 'certificate-expiry', before: '336h' },
      ],
      deliver: [{ webhook: 'https://pager.example.com/alerts', severity: 'page' }, { file: 'shop.ndjson' }],
    },
  },
  ConfigRevision: {
    apiVersion: ours, kind: 'ConfigRevision', metadata,
    spec: { revision: 3, documents: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'a', revision: 2, generation: 1 }] },
    status: { observedGeneration: 2, revision: 3, outcome: 'refused', held: 2, errors: [{ code: 'RGT_X', message: 'no', hint: 'yes' }] },
  },
  HTTPRoute: {
    apiVersion: standard, kind: 'HTTPRoute', metadata,
    spec: {
      parentRefs: [{ name: 'shop', sectionName: 'http' }], hostnames: ['*.example.com'],
      rules: [{
        matches: [{ path: { type: 'PathPrefix', value: '/a' }, method: 'GET', headers: [{ name: 'x', value: 'y' }], queryParams: [{ type: 'Exact', name: 'q', value: '1' }] }],
        filters: [
          { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }], remove: ['c'] } },
          { type: 'URLRewrite', urlRewrite: { hostname: 'x.example', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } } },
          { type: 'RequestMirror', requestMirror: { backendRef: { name: 'm', port: 1 }, fraction: { numerator: 1, denominator: 2 } } },
        ],
        backendRefs: [{ name: 'catalog', port: 8080, weight: 1 }], timeouts: { request: '3s', backendRequest: '1s' },
      }, {
        filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 308, path: { type: 'ReplaceFullPath', replaceFullPath: '/x' } } }],
      }],
    },
  },
  Gateway: {
    apiVersion: standard, kind: 'Gateway', metadata,
    spec: { gatewayClassName: 'regatta', listeners: [{ name: 'http', protocol: 'HTTP', port: 80, hostname: 'shop.example', allowedRoutes: { namespaces: { from: 'All' } } }] },
  },
  ReferenceGrant: {
    apiVersion: standard, kind: 'ReferenceGrant', metadata,
    spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' }], to: [{ group: '', kind: 'Service', name: 'a' }] },
  },
  ServiceImport: { apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceImport', metadata, spec: { type: 'ClusterSetIP', ports: [{ name: 'http', protocol: 'TCP', port: 80 }] } },
}

const zodTakes = (kind: string, document: Json): boolean => schemas[kind].safeParse(document).success
const crdOf = (kind: string): Crd => crds.get(kind)!
const problems = (kind: string, document: Json): string[] => validatorOf(crdOf(kind))(document)

/** Paths of every value below `spec`. */
function pathsOf(value: unknown, path: (string | number)[] = ['spec']): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key]))]
}

function changed(document: Json, path: (string | number)[], change: (parent: Json, key: string) => void): Json {
  const copy = structuredClone(document)
  let parent: Json = copy
  for (const part of path.slice(0, -1)) parent = parent[part] as Json
  change(parent, String(path.at(-1)))
  return copy
}

const pool = [0, 1, -1, 0.5, 1e6, true, false, '', 'x', '/x', '1s', '90ms', 'EU', 'Exact', 'HTTPRoute', 'RequestRedirect', [], {}, ['x'], [{}], null]

describe.each([...crds.keys()])('%s', (kind) => {
  it('takes a document that says nearly everything', () => {
    expect(zodTakes(kind, rich[kind])).toBe(true)
    expect(problems(kind, rich[kind])).toEqual([])
  })

  it('takes every change that the file schema takes', () => {
    const validate = validatorOf(crdOf(kind))
    const paths = pathsOf(rich[kind].spec)
    let taken = 0
    fc.assert(fc.property(fc.constantFrom(...paths), fc.option(fc.constantFrom(...pool), { nil: undefined }), (path, value) => {
      const document = changed(rich[kind], path, (parent, key) => {
        if (value !== undefined) parent[key] = value
        else if (Array.isArray(parent)) parent.splice(Number(key), 1)
        else delete parent[key]
      })
      if (!zodTakes(kind, document)) return
      taken++
      expect(validate(document)).toEqual([])
    }), { numRuns: 400 })
    expect(taken).toBeGreaterThan(5)
  })

  it('refuses misspelt keys wherever they stand', () => {
    const validate = validatorOf(crdOf(kind))
    for (const path of pathsOf(rich[kind].spec).filter((one) => typeof one.at(-1) === 'string' && one.length > 1)) {
      const document = changed(rich[kind], path, (parent, key) => { parent[`${key}x`] = parent[key] })
      expect(validate(document), path.join('.')).not.toEqual([])
    }
  })

  it('refuses wrong types wherever a type is said', () => {
    const validate = validatorOf(crdOf(kind))
    for (const path of pathsOf(rich[kind].spec)) {
      const document = changed(rich[kind], path, (parent, key) => { parent[key] = Array.isArray(parent[key]) ? 'text' : [[]] })
      expect(validate(document), path.join('.')).not.toEqual([])
    }
  })

  it('is structural', () => {
    for (const version of crdOf(kind).spec.versions) expect(breaches(version.schema.openAPIV3Schema as Json, '', false)).toEqual([])
  })
})

/** Rules of structural schemas (see `structural.ts`) that are broken, with their places. */
function breaches(schema: Json, place: string, inJunctor: boolean): string[] {
  const found: string[] = []
  const say = (text: string): void => void found.push(`${place}: ${text}`)
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true
  if (inJunctor) for (const key of ['type', 'description', 'default', 'additionalProperties', 'nullable']) if (key in schema) say(`${key} inside an alternative`)
  if (!inJunctor && typeof schema.type !== 'string' && !isOpen) say('no type')
  if (schema.properties !== undefined && schema.additionalProperties !== undefined) say('additionalProperties beside properties')
  for (const key of ['$ref', '$schema', 'const', 'allOf', 'propertyNames', 'examples', 'title', 'default', '$defs']) if (key in schema) say(key)
  if (schema.type === 'array' && schema.items === undefined) say('a list of nothing')
  if ('exclusiveMinimum' in schema && typeof schema.exclusiveMinimum !== 'boolean') say('exclusiveMinimum is a number')
  for (const [key, inner] of Object.entries((schema.properties ?? {}) as Record<string, Json>)) found.push(...breaches(inner, `${place}.${key}`, inJunctor))
  if (schema.items !== undefined) found.push(...breaches(schema.items as Json, `${place}[]`, inJunctor))
  if (typeof schema.additionalProperties === 'object') found.push(...breaches(schema.additionalProperties as Json, `${place}.*`, inJunctor))
  for (const branch of [...(schema.oneOf ?? []) as Json[], ...(schema.anyOf ?? []) as Json[], ...(schema.not === undefined ? [] : [schema.not as Json])]) {
    found.push(...breaches(branch, place, true))
    // What an alternative speaks of must be known outside of it.
    if (!inJunctor) for (const key of Object.keys((branch.properties ?? {}) as Json)) if (!(key in ((schema.properties ?? {}) as Json))) say(`${key} is known to an alternative only`)
  }
  return found
}

describe('the catalogue', () => {
  const folder = join(import.meta.dirname, '..', '..', '..', 'catalog', 'config')
  // Templates have `{namespace}` and the like where names will stand.
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml') && !/'?\{[a-z]+\}/.test(readFileSync(join(folder, name), 'utf8')))

  it.each(files)('%s is taken', (name) => {
    const documents = readDocuments(readFileSync(join(folder, name), 'utf8'), name).map(({ value }) => value as Json & { kind: Kind })
    expect(documents.length).toBeGreaterThan(0)
    const validators = Object.fromEntries([...new Set(documents.map(({ kind }) => kind))].map((kind) => [kind, validatorOf(crdOf(kind))]))
    for (const document of documents) expect(validators[document.kind](document)).toEqual([])
  })
})

describe('names', () => {
  it('are those that people type', () => {
    expect(policyCrds().map(({ metadata: { name }, spec: { names } }) => [name, names.shortNames])).toEqual([
      ['failoverpolicies.regatta.dev', ['fop']], ['residencypolicies.regatta.dev', ['resp']], ['accesspolicies.regatta.dev', ['accp']], ['samplingpolicies.regatta.dev', ['sap']], ['metricspolicies.regatta.dev', ['mep']], ['alertpolicies.regatta.dev', ['alp']], ['configrevisions.regatta.dev', ['cfgrev']],
    ])
  })

  it('tell a policy from what is none', () => {
    expect(policyCrds().filter(({ metadata: { labels } }) => labels?.['gateway.networking.k8s.io/policy'] === 'Direct').map(({ spec }) => spec.names.kind))
      .toEqual(['FailoverPolicy', 'ResidencyPolicy', 'AccessPolicy', 'SamplingPolicy', 'MetricsPolicy', 'AlertPolicy'])
  })
})

describe('what zod writes', () => {
  it.each<[string, Json, unknown]>([
    ['constants', { type: 'string', const: 'a' }, { type: 'string', enum: ['a'] }],
    ['literals of one type', { anyOf: [{ type: 'number', const: 301 }, { type: 'number', const: 302 }] }, { type: 'integer', enum: [301, 302] }],
    ['nothing at all', {}, { 'x-kubernetes-preserve-unknown-fields': true }],
    ['null', { anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'string', nullable: true }],
    ['a number or a string', { anyOf: [{ type: 'integer' }, { type: 'string' }] }, { 'x-kubernetes-int-or-string': true }],
    ['types that do not go together', { anyOf: [{ type: 'boolean' }, { type: 'array', items: {} }] }, { 'x-kubernetes-preserve-unknown-fields': true }],
    ['maps', { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { type: 'string' } }, { type: 'object', additionalProperties: { type: 'string' } }],
    ['exclusive bounds', { type: 'number', exclusiveMinimum: 0 }, { type: 'number', minimum: 0, exclusiveMinimum: true }],
    ['patterns that Go does not know', { type: 'string', pattern: '^(?!a)', format: 'starts_with' }, { type: 'string' }],
    ['loose objects', { type: 'object', properties: { a: { type: 'boolean' } }, additionalProperties: {} }, { type: 'object', properties: { a: { type: 'boolean' } }, 'x-kubernetes-preserve-unknown-fields': true }],
  ])('%s', (_, schema, expected) => {
    expect(structural(schema)).toEqual(expected)
  })
})
