// Filters of HTTPRoute rules and backends in the form that snapshots carry: references resolved to service names,
// header names in lower case, a redirect last.

import type { HttpFilter, PathModifier } from '../config/http-route-filters.ts'
import type { BackendReference } from '../config/http-route-parts.ts'
import type { SnapshotFilter, SnapshotPathModifier } from './snapshot.ts'

/** `namespace/name:port`: how configuration, discovery and topologies name a service. */
export function serviceName({ namespace, name, port }: BackendReference, ownNamespace: string): string {
  return `${namespace ?? ownNamespace}/${name}:${port}`
}

export function compileFilters(filters: readonly HttpFilter[], namespace: string): SnapshotFilter[] {
  const compiled = filters.map((filter) => compileFilter(filter, namespace))
  return [...compiled.filter(({ type }) => type !== 'RequestRedirect'), ...compiled.filter(({ type }) => type === 'RequestRedirect')]
}

function compileFilter(filter: HttpFilter, namespace: string): SnapshotFilter {
  switch (filter.type) {
    case 'RequestHeaderModifier': return { type: filter.type, ...headerChanges(filter.requestHeaderModifier) }
    case 'ResponseHeaderModifier': return { type: filter.type, ...headerChanges(filter.responseHeaderModifier) }
    case 'RequestRedirect': {
      const { scheme = null, hostname = null, port = null, path, statusCode } = filter.requestRedirect
      return { type: filter.type, scheme, hostname, port, path: pathModifier(path), statusCode }
    }
    case 'URLRewrite': {
      const { hostname = null, path } = filter.urlRewrite
      return { type: filter.type, hostname, path: pathModifier(path) }
    }
    case 'RequestMirror': {
      const { backendRef, percent, fraction } = filter.requestMirror
      const share = fraction !== undefined ? fraction.numerator / fraction.denominator : (percent ?? 100) / 100
      return { type: filter.type, service: serviceName(backendRef, namespace), fraction: share }
    }
  }
}

interface HeaderChanges { set: { name: string; value: string }[]; add: { name: string; value: string }[]; remove: string[] }

function headerChanges({ set, add, remove }: HeaderChanges): { set: [string, string][]; add: [string, string][]; remove: string[] } {
  const pairs = (entries: { name: string; value: string }[]): [string, string][] =>
    entries.map(({ name, value }) => [name.toLowerCase(), value])
  return { set: pairs(set), add: pairs(add), remove: remove.map((name) => name.toLowerCase()) }
}

function pathModifier(modifier: PathModifier | undefined): SnapshotPathModifier | null {
  if (modifier === undefined) return null
  return modifier.type === 'ReplaceFullPath'
    ? { type: modifier.type, value: modifier.replaceFullPath }
    : { type: modifier.type, value: modifier.replacePrefixMatch }
}
