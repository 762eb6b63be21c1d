// How routes attach to Gateways (parentRefs, listeners, hostnames) and what else they lean on (other namespaces'
// services, ServiceImports). A route that could never serve is an error, because somebody meant it to.

import { type CodedError, gatewayError } from '../errors.ts'
import type { Gateway, HttpRoute, ReferenceGrant, ServiceImport } from './kinds/index.ts'
import type { HttpFilter } from './http-route-filters.ts'
import type { BackendReference } from './http-route-parts.ts'
import type { Listener } from './kinds/gateway.ts'
import { compareText, missing, type Parsed, type ParsedByKind } from './parse.ts'

export interface Attachment {
  gateways: readonly Parsed<Gateway>[]
  /** Sorted; empty = every host. The same array while route and Gateways stay the same. */
  hostnames: readonly string[]
}

interface Held { parentKeys: readonly string[]; gateways: readonly Gateway[]; hostnames: readonly string[] }

/** The Gateways of a route and the hosts it serves there; null when an error was added. */
export function attach(route: Parsed<HttpRoute>, gateways: ReadonlyMap<string, Parsed<Gateway>>, errors: CodedError[]): Attachment | null {
  const held = route.memo.attachment as Held | undefined
  const parentKeys = held?.parentKeys ?? parentsOf(route.document)
  const parents: Parsed<Gateway>[] = []
  let same = held !== undefined
  for (let index = 0; index < parentKeys.length; index++) {
    const found = gateways.get(parentKeys[index])
    if (found !== undefined) parents.push(found)
    else errors.push(missing(route, ['spec', 'parentRefs', index, 'name'], 'Gateway', parentKeys[index], gateways.keys()))
    if (found?.document !== held?.gateways[index]) same = false
  }
  if (parents.length < parentKeys.length) return null
  const hostnames = same ? held!.hostnames : servedHosts(route, parents, errors)
  if (hostnames === null) return null
  if (!same) route.memo.attachment = { parentKeys, gateways: parents.map(({ document }) => document), hostnames } satisfies Held
  return { gateways: parents, hostnames }
}

function parentsOf({ metadata, spec }: HttpRoute): string[] {
  return spec.parentRefs.map(({ namespace, name }) => `${namespace ?? metadata.namespace}/${name}`)
}

function servedHosts(route: Parsed<HttpRoute>, parents: readonly Parsed<Gateway>[], errors: CodedError[]): readonly string[] | null {
  const { hostnames } = route.document.spec
  const served = new Set<string>()
  let every = false
  const before = errors.length
  parents.forEach((gateway, index) => {
    const listeners = listenersFor(route, index, gateway, errors)
    if (listeners === null) return
    const here = listeners.flatMap((listener) => sharedHosts(hostnames, listener.hostname))
    if (here.length === 0) {
      errors.push(gatewayError('RGT_CONFIG_CONFLICT', `HTTPRoute ${route.key} and Gateway ${gateway.key} share no host`, {
        place: route.source.place(['spec', 'hostnames']),
        expected: `a host below ${listeners.map((listener) => listener.hostname).join(' or ')}`,
        found: hostnames.join(', '),
        hint: `the listener's hostname is at ${gateway.source.file}`,
      }))
    }
    if (here.includes(everyHost)) every = true
    for (const host of here) served.add(host)
  })
  if (errors.length > before) return null
  return Object.freeze(every ? [] : [...served].sort(compareText))
}

function listenersFor(route: Parsed<HttpRoute>, index: number, gateway: Parsed<Gateway>, errors: CodedError[]): Listener[] | null {
  const { sectionName, port } = route.document.spec.parentRefs[index]
  const { listeners } = gateway.document.spec
  const named = listeners.filter((listener) =>
    (sectionName ?? listener.name) === listener.name && (port ?? listener.port) === listener.port)
  if (named.length === 0) {
    const part = sectionName === undefined ? 'port' : 'sectionName'
    const wanted = [sectionName, port].filter((value) => value !== undefined).join(':')
    const names = listeners.map((listener) => (part === 'port' ? String(listener.port) : listener.name))
    errors.push(missing(route, ['spec', 'parentRefs', index, part], `listener of ${gateway.key}`, wanted, names))
    return null
  }
  const sameNamespace = route.document.metadata.namespace === gateway.document.metadata.namespace
  const open = named.filter((listener) => sameNamespace || listener.allowedRoutes.namespaces.from === 'All')
  if (open.length > 0) return open
  const { namespace } = route.document.metadata
  errors.push(gatewayError('RGT_CONFIG_REFERENCE', `Gateway ${gateway.key} takes no routes from namespace ${namespace}`, {
    place: route.source.place(['spec', 'parentRefs', index, 'name']),
    expected: `a route in namespace ${gateway.document.metadata.namespace}`,
    found: `HTTPRoute ${route.key}`,
    hint: 'set allowedRoutes.namespaces.from: All on the listener',
  }))
  return null
}

const everyHost = ''

/** Hosts that both the route and the listener name; the narrower of two wildcards. [everyHost] when neither names any. */
export function sharedHosts(hostnames: readonly string[], listener: string | undefined): string[] {
  if (listener === undefined) return hostnames.length === 0 ? [everyHost] : [...hostnames]
  if (hostnames.length === 0) return [listener]
  return hostnames.flatMap((host) => (covers(listener, host) ? [host] : covers(host, listener) ? [listener] : []))
}

function covers(wide: string, narrow: string): boolean {
  return wide === narrow || (wide.startsWith('*.') && narrow.endsWith(wide.slice(1)) && narrow.length > wide.length - 1)
}

/** A reference that needs a ServiceImport or a ReferenceGrant; found once a document, most routes have none. */
interface Leaning { reference: BackendReference; namespace: string; path: (string | number)[] }

export function checkReferences(route: Parsed<HttpRoute>, parsed: ParsedByKind, errors: CodedError[]): void {
  const leanings = (route.memo.leanings ??= leaningsOf(route.document)) as readonly Leaning[]
  for (const leaning of leanings) {
    if (leaning.reference.kind === 'ServiceImport') checkImport(route, leaning, parsed.ServiceImport, errors)
    if (leaning.namespace !== route.document.metadata.namespace) checkGrant(route, leaning, parsed.ReferenceGrant, errors)
  }
}

function leaningsOf(document: HttpRoute): Leaning[] {
  const own = document.metadata.namespace
  return document.spec.rules.flatMap((rule, index) => {
    const at = ['spec', 'rules', index]
    const backends = rule.backendRefs.flatMap((backend, place): Placed[] => {
      const there = [...at, 'backendRefs', place]
      return [[backend, there], ...mirrorsIn(backend.filters, there)]
    })
    return [...backends, ...mirrorsIn(rule.filters, at)]
      .map(([reference, path]) => ({ reference, namespace: reference.namespace ?? own, path }))
      .filter(({ reference, namespace }) => reference.kind === 'ServiceImport' || namespace !== own)
  })
}

type Placed = [BackendReference, (string | number)[]]

function mirrorsIn(filters: readonly HttpFilter[], at: (string | number)[]): Placed[] {
  return filters.flatMap((filter, index): Placed[] =>
    filter.type === 'RequestMirror' ? [[filter.requestMirror.backendRef, [...at, 'filters', index, 'requestMirror', 'backendRef']]] : [])
}

function checkImport(
  route: Parsed<HttpRoute>, leaning: Leaning, imports: ReadonlyMap<string, Parsed<ServiceImport>>, errors: CodedError[],
): void {
  const key = `${leaning.namespace}/${leaning.reference.name}`
  const found = imports.get(key)
  if (found === undefined) {
    errors.push(missing(route, [...leaning.path, 'name'], 'ServiceImport', key, imports.keys()))
    return
  }
  const ports = found.document.spec.ports.map(({ port }) => port)
  if (!ports.includes(leaning.reference.port)) {
    const { path, reference } = leaning
    errors.push(missing(route, [...path, 'port'], `port of ServiceImport ${key}`, String(reference.port), ports.map(String)))
  }
}

function checkGrant(
  route: Parsed<HttpRoute>, leaning: Leaning, grants: ReadonlyMap<string, Parsed<ReferenceGrant>>, errors: CodedError[],
): void {
  const { reference, namespace } = leaning
  for (const { document } of grants.values()) {
    if (document.metadata.namespace !== namespace) continue
    const from = document.spec.from.some((part) => part.namespace === route.document.metadata.namespace)
    const to = document.spec.to.some((part) => part.kind === reference.kind && (part.name ?? reference.name) === reference.name)
    if (from && to) return
  }
  errors.push(gatewayError('RGT_CONFIG_REFERENCE', `HTTPRoute ${route.key} may not use ${reference.kind} ${namespace}/${reference.name}`, {
    place: route.source.place([...leaning.path, 'namespace']),
    expected: `a ReferenceGrant in namespace ${namespace} from HTTPRoute in ${route.document.metadata.namespace} to ${reference.kind}`,
    found: 'none that covers it',
  }))
}
