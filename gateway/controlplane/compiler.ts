// Joins the replication core to the configuration language. A whole configuration is federated and compiled whole; a
// change of routes only is federated beside what it leans on and spliced into the snapshots of the revision before,
// because routes do not depend on each other. The result is the same (compiler.test.ts), the cost is not.

import { federate, type FederationConfig } from '../config/federate.ts'
import { compileSnapshot } from '../snapshot/compile.ts'
import { servicesOf } from '../snapshot/compile-services.ts'
import { diffSnapshots } from '../snapshot/delta.ts'
import type { Snapshot, SnapshotRoute, SnapshotService } from '../snapshot/snapshot.ts'
import { versionOf } from '../snapshot/version.ts'
import { documentKey, refKey, type Documents } from './documents.ts'
import { sourceOf } from './messages.ts'
import type { PlaneCompiler, PreparedConfig } from './plane.ts'
import type { ConfigChange, ConfigDocument, Discovery, DocumentRef, GatewayIdentity } from './protocol.ts'

/** Changes of more routes than this are compiled whole: splicing one by one would cost more. */
const maxSpliced = 64

/** `discovery` is what is known of the world at birth; a plane may learn better. */
export function planeCompiler(discovery: Discovery): PlaneCompiler {
  return { discovery, prepare: (documents, found = discovery) => prepareWhole(documents, found), diff: diffSnapshots }
}

function prepareWhole(documents: Documents, discovery: Discovery): PreparedConfig {
  return wholly(federateAll(documents.values()), documents, discovery)
}

function wholly(config: FederationConfig, documents: Documents, discovery: Discovery): PreparedConfig {
  return prepared({ discovery, documents, whole: () => config }, (gateway, revision) => compileSnapshot(config, { gateway, discovery }, revision))
}

/** What a prepared configuration is of: `whole` is federated when it is first asked for. */
interface Basis { discovery: Discovery; documents: Documents; whole(): FederationConfig }

/** Keeps the snapshots that were compiled of it: the next revision is spliced from them. */
function prepared({ discovery, documents, whole }: Basis, make: PreparedConfig['compile']): PreparedConfig {
  const snapshots = new Map<string, Snapshot>()
  return {
    compile(gateway, revision) {
      const snapshot = make(gateway, revision)
      snapshots.set(gateway.name, snapshot)
      return snapshot
    },
    change(change, next) {
      // As they stand in `next`: what is put again unchanged keeps the identity it had.
      const put = change.put.map((document) => next.get(documentKey(document)) ?? document)
      const part = federateRoutes(put, change, next)
      if (part === null) return prepareWhole(next, discovery)
      const changed = [...put.map(({ metadata }) => ({ ...metadata, namespace: metadata.namespace ?? 'default' })), ...change.remove]
      const prefixes = [...new Set(changed.map(({ namespace, name }) => `${namespace}/${name}/`))]
      let federated: FederationConfig | null = null
      const all = (): FederationConfig => (federated ??= federateAll(next.values()))
      return prepared({ discovery, documents: next, whole: all }, (gateway, revision) => {
        const view = { gateway, discovery }
        const base = snapshots.get(gateway.name)
        if (base === undefined || !sameGateway(base.gateway, gateway)) return compileSnapshot(all(), view, revision)
        return splice(base, compileSnapshot(part, view, revision), prefixes)
      })
    },
    within: (found) => wholly(whole(), documents, found),
  }
}

/**
 * The changed routes with every document that is no route, and the routes that policies point to. null when the change
 * is not of routes only, is large, or does not hold: federating the whole then says everything that is wrong.
 */
function federateRoutes(put: readonly ConfigDocument[], change: ConfigChange, next: Documents): FederationConfig | null {
  const touched: { kind: string }[] = [...put, ...change.remove]
  if (touched.length > maxSpliced || touched.some(({ kind }) => kind !== 'HTTPRoute')) return null
  const others = [...next.values()].filter(({ kind }) => kind !== 'HTTPRoute')
  const leaned = others.flatMap(targetsOf).map((target) => next.get(refKey(target))).filter((document) => document !== undefined)
  try {
    return federateAll(new Set([...others, ...leaned, ...put]))
  } catch {
    return null
  }
}

function targetsOf({ metadata, spec }: ConfigDocument): DocumentRef[] {
  const refs = (spec as { targetRefs?: { kind: string; name: string }[] } | undefined)?.targetRefs ?? []
  return refs.map(({ kind, name }) => ({ kind, namespace: metadata.namespace ?? 'default', name }))
}

/** `base` with the routes of `prefixes` (`namespace/name/`) as `part` has them, and the services that are used then. */
function splice(base: Snapshot, part: Snapshot, prefixes: readonly string[]): Snapshot {
  const routes = [...base.routes]
  const before: SnapshotRoute[] = []
  const after: SnapshotRoute[] = []
  for (const prefix of prefixes) {
    const from = lowerBound(routes, prefix, ({ id }) => id)
    let to = from
    while (to < routes.length && routes[to].id.startsWith(prefix)) to++
    const fresh = part.routes.filter(({ id }) => id.startsWith(prefix))
    before.push(...routes.splice(from, to - from, ...fresh))
    after.push(...fresh)
  }
  const services = spliceServices(base.services, part.services, before, after, routes)
  const { format, gateway, regions, health } = part
  const content = { format, gateway, regions, routes, services, health }
  return { ...content, revision: part.revision, version: versionOf(content) }
}

function spliceServices(
  held: readonly SnapshotService[], compiled: readonly SnapshotService[],
  before: readonly SnapshotRoute[], after: readonly SnapshotRoute[], routes: readonly SnapshotRoute[],
): SnapshotService[] {
  const services = [...held]
  const used = new Set(after.flatMap(servicesOf))
  for (const service of compiled) {
    const at = lowerBound(services, service.name, ({ name }) => name)
    if (used.has(service.name) && services[at]?.name !== service.name) services.splice(at, 0, service)
  }
  for (const name of new Set(before.flatMap(servicesOf))) {
    if (used.has(name) || routes.some((route) => servicesOf(route).includes(name))) continue
    services.splice(lowerBound(services, name, (service) => service.name), 1)
  }
  return services
}

/** Index of the first item whose key is not below `key`; items are sorted by code units. */
function lowerBound<T>(items: readonly T[], key: string, keyOf: (item: T) => string): number {
  let from = 0
  let to = items.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (keyOf(items[middle]) < key) from = middle + 1
    else to = middle
  }
  return from
}

function sameGateway(a: Snapshot['gateway'], b: GatewayIdentity): boolean {
  return a.name === b.name && a.role === b.role && a.region === b.region
}

function federateAll(documents: Iterable<ConfigDocument>): FederationConfig {
  return federate([...documents].map((document) => sourceOf(document, documentKey(document))))
}
