// A proxy that finds services by the Host of a request must be given the service's own name there, or it takes the request
// for one to the world outside. Said in the standard's own words: a URLRewrite filter on every backend.

import type { ConfigDocument } from '../substrate.ts'

interface Filter { type: string; urlRewrite?: { hostname?: string; path?: object } }
interface BackendRef { name: string; namespace?: string; port?: number; filters?: Filter[] }
interface Rule { backendRefs?: BackendRef[] }

/** `hostOf` takes `namespace/name:port`. A host that a route itself rewrites to is replaced: the mesh would not know it. */
export function addressedByName(config: readonly ConfigDocument[], hostOf: (service: string) => string): ConfigDocument[] {
  return config.map((document) => {
    if (document.kind !== 'HTTPRoute') return document
    const spec = document.spec as { rules?: Rule[] }
    return { ...document, spec: { ...spec, rules: spec.rules?.map((rule) => ({ ...rule, backendRefs: rule.backendRefs?.map((backend) => named(backend, document.metadata.namespace ?? 'default', hostOf)) })) } }
  })
}

function named(backend: BackendRef, routeNamespace: string, hostOf: (service: string) => string): BackendRef {
  const hostname = hostOf(`${backend.namespace ?? routeNamespace}/${backend.name}:${backend.port}`)
  const filters = backend.filters ?? []
  const rewrites = filters.some(({ type }) => type === 'URLRewrite')
  return {
    ...backend,
    filters: rewrites
      ? filters.map((filter) => (filter.type === 'URLRewrite' ? { ...filter, urlRewrite: { ...filter.urlRewrite, hostname } } : filter))
      : [...filters, { type: 'URLRewrite', urlRewrite: { hostname } }],
  }
}
