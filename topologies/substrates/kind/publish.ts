// The way to the control plane of a region that reads its configuration from its cluster: documents are applied as
// objects, then the ConfigRevision that lists them, and the plane answers in its status. What was not taken is put back
// as it was, so that a refused change leaves nothing behind.
//
//   documents ──apply──► ConfigRevision ──apply──► status ─┬─ accepted ──► remove what left
//                                                          └─ refused, gap ──► put back

import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject } from '@kubernetes/client-node'
import { changeDocuments, replaceDocuments, type Documents } from '../../../gateway/controlplane/documents.ts'
import { toCluster } from '../../../gateway/controlplane/kubernetes/namespaces.ts'
import { configRevisionApi, configRevisionName, type ConfigRevisionStatus, type ListedDocument } from '../../../gateway/controlplane/kubernetes/revision.ts'
import type { ConfigChange, ConfigDocument, WholeConfig } from '../../../gateway/controlplane/protocol.ts'
import { CodedError } from '../../../gateway/errors.ts'
import type { PlaneReply } from '../../publication.ts'
import type { Journal } from '../sockets/journal.ts'
import type { PlaneTransport } from '../sockets/publisher.ts'
import type { ObjectRef, RegionApi } from './api/api.ts'
import type { Namespaces } from './manifests/region.ts'

export interface ClusterPlane {
  region: string
  api: RegionApi
  namespaces: Namespaces
  journal: Pick<Journal, 'note'>
}

/** What the plane has taken, as far as its answers were heard. */
interface Accepted { revision: number; documents: Documents; listed: ReadonlyMap<string, ListedDocument> }

/** How an object stood before it was touched; null = it was not there. */
interface Touched { ref: ObjectRef; before: KubernetesObject | null }

type Asked = ConfigChange | WholeConfig

const askAgainMs = 50

export function clusterPlane({ region, api, namespaces, journal }: ClusterPlane): PlaneTransport {
  const revisionRef: ObjectRef = { apiVersion: configRevisionApi.apiVersion, kind: configRevisionApi.kind, namespace: namespaces.system, name: configRevisionName }
  let accepted: Accepted = { revision: 0, documents: new Map(), listed: new Map() }
  /** By document key; '' is the ConfigRevision. Kept until an answer to what touched them is heard. */
  const touched = new Map<string, Touched>()
  /** They left the configuration, and are still in the cluster. */
  const leftovers = new Map<string, ObjectRef>()
  /** Something is to be put back before anything else is done. */
  let owed = false

  async function publish(asked: Asked, signal: AbortSignal): Promise<PlaneReply> {
    if (owed) await putBack()
    const gap = gapOf(asked, accepted)
    if (gap !== null) return gap
    const next = documentsAfter(asked, accepted)
    const put = toPut(asked, next, accepted, touched)
    const objects = put.map(([, document]) => toCluster(document, asked.revision, namespaces.ofConfig) as KubernetesObject)
    await remember(put.map(([key], index) => [key, refOf(objects[index])]), signal)
    const applied = await bounded(api.apply(objects), signal)
    const listed = listedAfter(asked, next, accepted, put, applied)
    const [revision] = await bounded(api.apply([revisionOf(asked.revision, listed)]), signal)
    const status = await answerTo(revision.metadata?.generation ?? 0, signal)
    if (status.outcome === 'accepted') {
      taken({ revision: asked.revision, documents: next, listed })
      await sweep(signal)
      return { kind: 'accepted' }
    }
    owed = true
    await putBack()
    const body = JSON.stringify({ revision: status.held, errors: status.errors })
    return status.outcome === 'gap' ? { kind: 'gap', held: status.held, status: 409, body } : { kind: 'refused', status: 422, body }
  }

  /** Reads what is about to be changed, once. */
  async function remember(refs: readonly [string, ObjectRef][], signal: AbortSignal): Promise<void> {
    const fresh = [...refs, ['', revisionRef] as [string, ObjectRef]].filter(([key]) => !touched.has(key))
    const found = await bounded(Promise.all(fresh.map(([, ref]) => api.read(ref))), signal)
    fresh.forEach(([key, ref], index) => touched.set(key, { ref, before: found[index] }))
  }

  function revisionOf(revision: number, listed: ReadonlyMap<string, ListedDocument>): KubernetesObject {
    const { apiVersion, kind, name, namespace } = revisionRef
    return { apiVersion, kind, metadata: { name, namespace }, spec: { revision, documents: [...listed.values()] } } as KubernetesObject
  }

  async function answerTo(generation: number, signal: AbortSignal): Promise<ConfigRevisionStatus> {
    while (true) {
      const found = await bounded(api.read(revisionRef), signal) as { status?: ConfigRevisionStatus } | null
      if (found?.status?.observedGeneration === generation) return found.status
      await pause(askAgainMs, undefined, { signal })
    }
  }

  function taken(now: Accepted): void {
    const gone = [...accepted.listed.keys(), ...touched.keys()].filter((key) => key !== '' && !now.listed.has(key))
    for (const key of gone) leftovers.set(key, touched.get(key)?.ref ?? refOf(toCluster(accepted.documents.get(key)!, 1, namespaces.ofConfig) as KubernetesObject))
    for (const key of now.listed.keys()) leftovers.delete(key)
    touched.clear()
    accepted = now
  }

  /** What cannot be removed now is removed after the next publication; nobody takes it for configuration meanwhile. */
  async function sweep(signal: AbortSignal): Promise<void> {
    for (const [key, ref] of leftovers) {
      try {
        await bounded(api.remove(ref), signal)
        leftovers.delete(key)
      } catch (error) {
        tell(`${ref.kind} ${ref.name} left the configuration, and is still in the cluster: ${String(error)}`)
      }
    }
  }

  /** The ConfigRevision last: it says that everything before it stands. */
  async function putBack(): Promise<void> {
    const all = [...touched].sort(([a], [b]) => Number(a === '') - Number(b === ''))
    for (const [key, { ref, before }] of all) {
      if (before === null) await api.remove(ref)
      else await api.apply([plain(before)])
      touched.delete(key)
    }
    owed = false
  }

  const tell = (text: string): void => journal.note({ kind: 'tool', tool: `publisher/${region}`, text })

  async function ask(asked: Asked, signal: AbortSignal): Promise<PlaneReply> {
    try {
      signal.throwIfAborted()
      return await publish(asked, signal)
    } catch (error) {
      if (signal.aborted || !isRefusal(error)) return { kind: 'silent', reason: String(error) }
      // The plane never sees it, so it is told here.
      const { code, message, details } = error
      journal.note({ kind: 'config-refused', region, revision: asked.revision, code, message: details.found === undefined ? message : `${message}: ${details.found}` })
      owed = true
      await putBack().catch((failed: unknown) => tell(`revision ${asked.revision} was refused, and cannot be put back yet: ${String(failed)}`))
      return { kind: 'refused', status: 422, body: JSON.stringify({ revision: accepted.revision, errors: [error] }) }
    }
  }

  // One after another: what is sent again may still be out when the next is published.
  let last: Promise<unknown> = Promise.resolve()
  return {
    region,
    ask(asked, signal) {
      const mine = last.then(() => ask(asked, signal))
      last = mine
      return mine
    },
  }
}

/** A change follows exactly what was accepted, or is the same once more; a whole configuration is never older. */
function gapOf(asked: Asked, { revision }: Accepted): PlaneReply | null {
  const fits = asked.revision === revision || ('documents' in asked ? asked.revision > revision : asked.revision === revision + 1)
  return fits ? null : { kind: 'gap', held: revision, status: 409, body: JSON.stringify({ revision, errors: [] }) }
}

/** Throws what documents.ts throws. */
function documentsAfter(asked: Asked, { revision, documents }: Accepted): Documents {
  if ('documents' in asked) return replaceDocuments(documents, asked.documents)
  return asked.revision === revision ? documents : changeDocuments(documents, asked)
}

/** Everything that a change puts; of a whole configuration what is other than it was, or may be. */
function toPut(asked: Asked, next: Documents, accepted: Accepted, touched: ReadonlyMap<string, unknown>): [string, ConfigDocument][] {
  const named = 'documents' in asked || asked.revision === accepted.revision ? new Set<ConfigDocument>() : new Set(asked.put)
  return [...next].filter(([key, document]) =>
    named.has(document) || touched.has(key) || (accepted.documents.get(key) !== document && !isDeepStrictEqual(accepted.documents.get(key), document)))
}

function listedAfter(
  asked: Asked, next: Documents, accepted: Accepted, put: readonly [string, ConfigDocument][], applied: readonly KubernetesObject[],
): Map<string, ListedDocument> {
  const listed = new Map(put.map(([key, { kind, metadata: { namespace = 'default', name } }], index): [string, ListedDocument] => {
    const { uid, generation } = applied[index].metadata ?? {}
    return [key, { kind, namespace, name, revision: asked.revision, ...(uid === undefined ? {} : { uid }), ...(generation === undefined ? {} : { generation }) }]
  }))
  return new Map([...next.keys()].map((key) => [key, listed.get(key) ?? accepted.listed.get(key)!]))
}

function refOf({ apiVersion = '', kind = '', metadata }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, name: metadata?.name ?? '', ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }) }
}

/** What a person would write to have the object as it was. */
function plain(object: KubernetesObject): KubernetesObject {
  const { apiVersion, kind, metadata: { name, namespace, labels, annotations } = {}, spec } = object as KubernetesObject & { spec?: unknown }
  const kept = { name, namespace, labels, annotations }
  return { apiVersion, kind, metadata: Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)), spec } as KubernetesObject
}

/** Rejects when the signal says so, whatever becomes of the request. */
function bounded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** HTTP status in front of the API server's words; null when it said nothing. */
function statusOf({ details: { found } }: CodedError): number | null {
  const status = /^([1-5]\d\d)\b/.exec(found ?? '')?.[1]
  return status === undefined ? null : Number(status)
}

/** The document is at fault, and would be refused again. What is of another type than its schema says is answered with 500. */
function isRefusal(error: unknown): error is CodedError {
  if (!(error instanceof CodedError)) return false
  if (error.code !== 'RGT_KUBERNETES') return true
  const status = statusOf(error)
  if (status === null) return /has no kind/.test(error.message)
  return (status >= 400 && status < 500 && ![408, 409, 429].includes(status)) || /failed to create typed patch object/.test(error.details.found ?? '')
}
