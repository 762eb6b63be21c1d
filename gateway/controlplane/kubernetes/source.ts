// What a control plane knows of its cluster, and what follows from it: holds the objects that watches bring, has settle.ts
// decide, and publishes to the plane. It holds no socket, timer or clock, so that every order of events can be tried.
//
//   listing, listed ─┐                      ┌─ discover   (endpoints of the own region)
//   put, gone        ├──► step(event, now) ─┤  publish    (a whole configuration; the plane answers at once)
//   tick             ┘                      │  answer     (status of the ConfigRevision)
//                                           │  relist
//                                           └─ and `nextUs`: when it wants a tick

import type { Kind } from '../../config/kinds/index.ts'
import { formatPlace, type CodedError } from '../../errors.ts'
import type { GatewayEvent } from '../../ports.ts'
import { documentKey, type Documents } from '../documents.ts'
import type { PlaneAnswer } from '../plane.ts'
import type { ConfigDocument, Discovery, KubernetesSource, WholeConfig } from '../protocol.ts'
import { configCollections, discoveryCollections, revisionCollection, type Collection } from './collections.ts'
import { discovered, liveEndpoints } from './endpoints.ts'
import { fromCluster, type ClusterObject, type SeenDocument } from './namespaces.ts'
import { configRevisionKind, configRevisionName, type ConfigRevisionStatus } from './revision.ts'
import { relistUs, settle, type Active } from './settle.ts'

/** One collection in one namespace: what is listed and watched. */
export interface Watched { id: string; collection: Collection; /** In the cluster. */ namespace: string; configNamespace: string | null }

export type SourceEvent =
  /** A list is about to be asked for; `listed` follows, or another `listing`. */
  | { kind: 'listing'; watched: Watched }
  | { kind: 'listed'; watched: Watched; objects: readonly ClusterObject[] }
  | { kind: 'put' | 'gone'; watched: Watched; object: ClusterObject }
  | { kind: 'tick' }

export interface SourceOptions {
  source: KubernetesSource
  region: string
  /** As the bootstrap says. */
  discovery: Discovery
  /** What the plane holds now. */
  held(): { revision: number; documents: Iterable<ConfigDocument> }
  publish(asked: WholeConfig): PlaneAnswer
  discover(discovery: Discovery): void
  tell(event: GatewayEvent): void
  /** The newest replaces any that was not written yet. */
  answer(status: ConfigRevisionStatus): void
  /** List everything anew, the ConfigRevision first. */
  relist(): void
}

export interface Source {
  step(event: SourceEvent, nowUs: number): void
  /** A tick is due from here on; Infinity = never. */
  readonly nextUs: number
  /** Everything has been listed once. */
  readonly synced: boolean
}

/** The ConfigRevision comes first: whoever lists anew lists it before the documents. */
export function watchedOf({ systemNamespace, namespaces }: KubernetesSource): Watched[] {
  const of = (collection: Collection, namespace: string, configNamespace: string | null): Watched =>
    ({ id: `${collection.kind} ${namespace}`, collection, namespace, configNamespace })
  const all = [...Object.values(configCollections), ...discoveryCollections]
  return [
    of(revisionCollection, systemNamespace, null),
    ...Object.entries(namespaces).flatMap(([ours, theirs]) => all.map((collection) => of(collection, theirs, ours))),
  ]
}

/** Changes of endpoints come in swarms; they are gathered for this long, microseconds. */
const gatherUs = 20_000

export function createSource(options: SourceOptions): Source {
  const { source, region } = options
  const all = watchedOf(source)
  const documentsWatched = all.filter(({ collection }) => collection.kind in configCollections)
  const objects = new Map(all.map(({ id }) => [id, new Map<string, ClusterObject>()]))
  /** By Watched.id: the ConfigRevision that was known when its last whole list was asked for. */
  const listedSince = new Map<string, string>()
  const listing = new Map<string, string>()
  let seen: Map<string, SeenDocument> = new Map()
  let active: Active | null = null
  let changedUs = 0
  let refused: readonly ConfigDocument[] | null = null
  let held: { revision: number; documents: Documents } = { revision: -1, documents: new Map() }
  let endpointsUs = Infinity
  let settleUs = Infinity

  const synced = (): boolean => listedSince.size === all.length
  const idOfActive = (): string => active?.id ?? 'none'

  function take(watched: Watched, changed: readonly ClusterObject[], whole: boolean, gone: boolean, nowUs: number): void {
    const mine = objects.get(watched.id)!
    const before = new Set(whole ? mine.keys() : [])
    for (const object of changed) {
      const { name } = object.metadata
      before.delete(name)
      if (gone) mine.delete(name)
      else mine.set(name, object)
      see(watched, name, gone ? null : object, nowUs)
    }
    for (const name of before) {
      mine.delete(name)
      see(watched, name, null, nowUs)
    }
    if (discoveryCollections.includes(watched.collection)) endpointsUs = Math.min(endpointsUs, nowUs + gatherUs)
    else changedUs = nowUs
  }

  function see({ collection, configNamespace }: Watched, name: string, object: ClusterObject | null, nowUs: number): void {
    if (collection === revisionCollection) {
      if (name !== configRevisionName) return
      const found = object === null ? null : activeOf(object, active)
      if (object !== null && found === null) {
        options.tell({ atUs: nowUs, kind: 'log', level: 'error', code: 'RGT_CONFIG_SCHEMA', message: `the ConfigRevision ${name} cannot be understood; what is held stays in force` })
      }
      active = found
    } else if (collection.kind in configCollections) {
      const kind = collection.kind as Kind
      const key = `${kind}/${configNamespace}/${name}`
      if (object === null) seen.delete(key)
      else seen.set(key, fromCluster(object, kind, configNamespace!, source.namespaces))
    }
  }

  function discover(): void {
    endpointsUs = Infinity
    const of = (watched: Watched, kind: string): Iterable<ClusterObject> => objects.get(`${kind} ${watched.namespace}`)!.values()
    const namespaces = all.filter(({ collection }) => collection.kind === 'Service')
      .map((watched) => ({ namespace: watched.configNamespace!, services: of(watched, 'Service'), slices: of(watched, 'EndpointSlice') }))
    options.discover(discovered(options.discovery, region, liveEndpoints(namespaces, source.clusterIps)))
  }

  function decide(nowUs: number): void {
    const now = options.held()
    if (now.revision !== held.revision) {
      held = { revision: now.revision, documents: new Map([...now.documents].map((document) => [documentKey(document), document])) }
    }
    const listed = documentsWatched.every(({ id }) => listedSince.get(id) === idOfActive())
    const decision = settle({ seen, active, listedSince: listed, changedUs, held, refused }, nowUs)
    settleUs = decision.kind === 'wait' ? decision.untilUs : Infinity
    switch (decision.kind) {
      case 'wait': break
      case 'relist':
        // The new lists have as long to come as what they are to bring had.
        changedUs = nowUs
        settleUs = nowUs + relistUs
        options.relist()
        break
      case 'answer':
        answer(decision.outcome, held.revision, [])
        break
      case 'publish':
        published(options.publish(decision.asked), decision)
        decide(nowUs)
    }
  }

  function published(given: PlaneAnswer, { asked, by }: { asked: WholeConfig; by: 'publisher' | 'person' }): void {
    const again = by === 'person' || active?.answered != null
    refused = given.outcome === 'accepted' ? null : again ? asked.documents : refused
    const errors = given.outcome === 'accepted' ? [] : given.errors
    // What a person changed is told beside the answer that the publisher has had.
    answer(again ? 'accepted' : given.outcome, given.revision, errors)
  }

  function answer(outcome: ConfigRevisionStatus['outcome'], inForce: number, errors: readonly CodedError[]): void {
    if (active === null) return
    active = { ...active, answered: { outcome, held: Math.max(inForce, active.answered?.held ?? 0) } }
    options.answer({ observedGeneration: active.generation, revision: active.revision, outcome, held: inForce, errors: errors.map(told) })
  }

  return {
    step(event, nowUs) {
      if (event.kind === 'listing') listing.set(event.watched.id, idOfActive())
      else if (event.kind !== 'tick') {
        take(event.watched, event.kind === 'listed' ? event.objects : [event.object], event.kind === 'listed', event.kind === 'gone', nowUs)
        if (event.kind === 'listed') {
          const wasSynced = synced()
          listedSince.set(event.watched.id, listing.get(event.watched.id) ?? 'none')
          if (!wasSynced && synced()) endpointsUs = nowUs
        }
      }
      if (!synced()) return
      if (nowUs >= endpointsUs) discover()
      decide(nowUs)
    },
    get nextUs() { return synced() ? Math.min(endpointsUs, settleUs) : Infinity },
    get synced() { return synced() },
  }
}

/** null when it cannot be understood: then there is none, and what is held stays in force. */
function activeOf({ metadata, spec, status }: ClusterObject, before: Active | null): Active | null {
  const parsed = configRevisionKind.shape.spec.safeParse(spec)
  if (!parsed.success) return null
  const { generation = 0, uid = '' } = metadata
  const id = `${uid} ${generation}`
  const said = configRevisionKind.shape.status.safeParse(status)
  const told = said.success && said.data?.observedGeneration === generation ? { outcome: said.data.outcome, held: said.data.held } : null
  // What was said here is known before the cluster has heard it, and is never older than what the cluster has heard.
  return { id, generation, ...parsed.data, answered: before?.id === id ? (before.answered ?? told) : told }
}

function told({ code, message, details: { expected, found, hint, place } }: CodedError): ConfigRevisionStatus['errors'][number] {
  const rest = { expected, found, hint, place: place === undefined ? undefined : formatPlace(place) }
  return { code, message: message.slice(0, 1000), ...Object.fromEntries(Object.entries(rest).filter(([, text]) => text !== undefined).map(([key, text]) => [key, text!.slice(0, 500)])) }
}
