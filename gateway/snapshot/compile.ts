// FederationConfig → the Snapshot of one gateway. Pure, and cheap to repeat: routes and services that did not change
// are the same objects as last time, which hashing, deltas and the route table rely on.

import type { AttachedRoute, FederationConfig } from '../config/federate.ts'
import { deepFreeze } from '../config/freeze.ts'
import type { HttpMatch, HttpRule } from '../config/kinds/http-route.ts'
import type { BackendReference } from '../config/http-route-parts.ts'
import { compareText } from '../config/parse.ts'
import type { Discovery } from '../controlplane/protocol.ts'
import { gatewayError } from '../errors.ts'
import { compileFilters, serviceName } from './compile-filters.ts'
import { snapshotFormat, type Snapshot, type SnapshotMatch, type SnapshotRegion, type SnapshotRoute } from './snapshot.ts'
import { compileServices, servicesOf } from './compile-services.ts'
import { versionOf, type SnapshotContent } from './version.ts'
import type { GatewayView } from './view.ts'

/** Region masks are 32-bit integers (routing/core.ts). */
const maxRegions = 32

/** Throws RGT_CONFIG_CONFLICT above 32 regions and RGT_CONFIG_REFERENCE when the gateway's own region is not known. */
export function compileSnapshot(config: FederationConfig, view: GatewayView, revision: number): Snapshot {
  const gateway = sameWhileEqual(view)
  const regions = compileRegions(view)
  const { routes, used } = routesAndServices(config, view.discovery, regions.map(({ name }) => name))
  const services = compileServices(used, view, config.access)
  const content: SnapshotContent = { format: snapshotFormat, gateway, regions, routes, services, health: config.health }
  return { ...content, revision, version: versionOf(content) }
}

interface Held { gateways: Map<string, Snapshot['gateway']>; regions: Map<string, SnapshotRegion[]> }
const held = new WeakMap<Discovery, Held>()

function heldFor(discovery: Discovery): Held {
  let found = held.get(discovery)
  if (found === undefined) held.set(discovery, (found = { gateways: new Map(), regions: new Map() }))
  return found
}

function sameWhileEqual({ gateway, discovery }: GatewayView): Snapshot['gateway'] {
  const { gateways } = heldFor(discovery)
  const key = `${gateway.name} ${gateway.role} ${gateway.region}`
  let same = gateways.get(key)
  if (same === undefined) gateways.set(key, (same = Object.freeze({ name: gateway.name, role: gateway.role, region: gateway.region })))
  return same
}

function compileRegions({ gateway, discovery }: GatewayView): SnapshotRegion[] {
  const { regions } = heldFor(discovery)
  const key = `${gateway.name} ${gateway.region}`
  const known = regions.get(key)
  if (known !== undefined) return known
  if (discovery.regions.length > maxRegions) {
    throw gatewayError('RGT_CONFIG_CONFLICT', 'there are too many regions', {
      expected: `at most ${maxRegions}`, found: String(discovery.regions.length),
    })
  }
  if (gateway.region !== null && !discovery.regions.some(({ name }) => name === gateway.region)) {
    throw gatewayError('RGT_CONFIG_REFERENCE', `gateway ${gateway.name} stands in region ${gateway.region}, which does not exist`, {
      expected: `one of ${discovery.regions.map(({ name }) => name).join(', ')}`, found: gateway.region,
    })
  }
  const links = discovery.links[gateway.name] ?? {}
  const compiled = discovery.regions.map(({ name, jurisdiction }): SnapshotRegion => {
    const own = name === gateway.region
    const link = links[name]
    if (own || link === undefined) return { name, jurisdiction, rttMs: 0, links: [] }
    return { name, jurisdiction, rttMs: link.rttMs, links: link.addresses.map(({ host, port }) => ({ host, port })) }
  }).sort((a, b) => compareText(a.name, b.name))
  regions.set(key, deepFreeze(compiled))
  return compiled
}

interface Whole { discovery: Discovery; routes: SnapshotRoute[]; used: readonly string[] }
const wholes = new WeakMap<FederationConfig, Whole>()

/** The same lists for every gateway of one world: nothing in a route depends on who holds it. `used` is sorted. */
function routesAndServices(config: FederationConfig, discovery: Discovery, names: readonly string[]): Whole {
  const known = wholes.get(config)
  if (known?.discovery === discovery) return known
  const routes: SnapshotRoute[] = []
  const used = new Set<string>()
  // Routes come sorted by the start of their ids, the rules of each by id: so the whole is sorted by id.
  for (const route of config.routes) {
    const compiled = compileRoutes(route, discovery, names)
    routes.push(...compiled.routes)
    for (const service of compiled.services) used.add(service)
  }
  Object.freeze(routes)
  const whole = { discovery, routes, used: [...used].sort(compareText) }
  wholes.set(config, whole)
  return whole
}

interface Compiled { discovery: Discovery; regions: string; routes: SnapshotRoute[]; services: readonly string[] }
const compiled = new WeakMap<AttachedRoute, Compiled>()

function compileRoutes(attached: AttachedRoute, discovery: Discovery, names: readonly string[]): Compiled {
  const known = compiled.get(attached)
  if (known !== undefined && known.discovery === discovery) return known
  const regions = signature(discovery)
  if (known?.regions === regions) {
    known.discovery = discovery
    return known
  }
  const { metadata, spec } = attached.document
  const shared = {
    hostnames: attached.hostnames as string[],
    createdAt: metadata.creationTimestamp ?? '',
    failover: { ...attached.failover, prefer: attached.failover.prefer.filter((name) => names.includes(name)) },
    residency: residencyOf(attached, discovery),
    ...(attached.sampling === null ? {} : { sampling: attached.sampling }),
    ...(attached.samplingByProtocol === null ? {} : { samplingByProtocol: attached.samplingByProtocol }),
    ...(attached.metrics === null ? {} : { metrics: attached.metrics }),
  }
  const routes = spec.rules.map((rule, index): SnapshotRoute => deepFreeze({
    id: `${attached.idPrefix}${index}`,
    ...compileRule(rule, metadata.namespace),
    ...shared,
  })).sort((a, b) => compareText(a.id, b.id))
  const made = { discovery, regions, routes, services: [...new Set(routes.flatMap(servicesOf))] }
  compiled.set(attached, made)
  return made
}

const signatures = new WeakMap<Discovery, string>()

function signature(discovery: Discovery): string {
  let found = signatures.get(discovery)
  if (found === undefined) {
    found = discovery.regions.map(({ name, jurisdiction }) => JSON.stringify([name, jurisdiction])).sort(compareText).join()
    signatures.set(discovery, found)
  }
  return found
}

/** Every policy must allow a region. A region or jurisdiction that does not exist allows nothing: residency fails closed. */
function residencyOf({ residency }: AttachedRoute, discovery: Discovery): SnapshotRoute['residency'] {
  if (residency.length === 0) return { allowed: null, reason: '' }
  const allowed = discovery.regions.filter(({ name, jurisdiction }) => residency.every(({ spec }) =>
    (spec.allowedRegions?.includes(name) ?? true) && (spec.allowedJurisdictions?.includes(jurisdiction) ?? true)))
  return {
    allowed: allowed.map(({ name }) => name).sort(compareText),
    reason: [...new Set(residency.map(({ spec }) => spec.reason))].sort(compareText).join('; '),
  }
}

function compileRule(rule: HttpRule, namespace: string): Pick<SnapshotRoute, 'matches' | 'filters' | 'backends' | 'timeouts'> {
  return {
    matches: rule.matches.map(compileMatch),
    filters: compileFilters(rule.filters, namespace),
    backends: rule.backendRefs.map((backend) => ({
      service: serviceName(backend satisfies BackendReference, namespace),
      weight: backend.weight,
      filters: compileFilters(backend.filters, namespace),
    })),
    timeouts: { requestMs: (rule.timeouts?.request ?? 0) / 1000, backendRequestMs: (rule.timeouts?.backendRequest ?? 0) / 1000 },
  }
}

function compileMatch({ path, method, headers, queryParams }: HttpMatch): SnapshotMatch {
  return {
    path: { type: path.type, value: path.value },
    method: method ?? null,
    headers: firstOfEach(headers.map(({ type, name, value }) => ({ type, name: name.toLowerCase(), value }))),
    query: firstOfEach(queryParams.map(({ type, name, value }) => ({ type, name, value }))),
  }
}

/** Gateway API: of several entries with one name only the first counts. */
function firstOfEach<T extends { name: string }>(entries: T[]): T[] {
  return entries.filter(({ name }, index) => entries.findIndex((other) => other.name === name) === index)
}
