// A cluster in memory, as far as a control plane and its publisher see it: objects with uid, generation and resource
// version, a status of its own, and the log from which watches are served. Tests decide when anybody hears of what.

import { isDeepStrictEqual } from 'node:util'
import type { ClusterObject } from './namespaces.ts'
import type { Source, Watched } from './source.ts'

export interface LogEntry { type: 'ADDED' | 'MODIFIED' | 'DELETED'; version: number; kind: string; namespace: string; object: ClusterObject }

export interface MemoryCluster {
  readonly log: readonly LogEntry[]
  readonly version: number
  /** Puts the whole object there; a change of spec counts its generation up, its status stays. */
  put(object: ClusterObject): ClusterObject
  remove(kind: string, namespace: string, name: string): void
  setStatus(kind: string, namespace: string, name: string, status: unknown): void
  read(kind: string, namespace: string, name: string): ClusterObject | null
  list(kind: string, namespace: string): ClusterObject[]
}

export function memoryCluster(): MemoryCluster {
  const objects = new Map<string, LogEntry>()
  const log: LogEntry[] = []
  let uids = 0
  const keyOf = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`

  function note(type: LogEntry['type'], object: ClusterObject): ClusterObject {
    const { kind = '', metadata: { namespace = '', name } } = object
    const version = log.length + 1
    const entry = { type, version, kind, namespace, object: { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } } }
    log.push(entry)
    if (type === 'DELETED') objects.delete(keyOf(kind, namespace, name))
    else objects.set(keyOf(kind, namespace, name), entry)
    return structuredClone(entry.object)
  }

  const held = (kind: string, namespace: string, name: string): ClusterObject | undefined => objects.get(keyOf(kind, namespace, name))?.object
  return {
    log,
    get version() { return log.length },
    put(given) {
      const object = structuredClone(given)
      const { kind = '', metadata: { namespace = '', name } } = object
      const before = held(kind, namespace, name)
      const generation = (before?.metadata.generation ?? 0) + (before !== undefined && isDeepStrictEqual(before.spec, object.spec) ? 0 : 1)
      const uid = before?.metadata.uid ?? `uid-${++uids}`
      const metadata = { ...object.metadata, uid, generation, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [] }
      const next = { ...object, metadata, ...(before?.status === undefined ? {} : { status: before.status }) }
      if (before !== undefined && isDeepStrictEqual({ ...next, metadata: { ...metadata, resourceVersion: '' } }, { ...before, metadata: { ...before.metadata, resourceVersion: '' } })) {
        return structuredClone(before)
      }
      return note(before === undefined ? 'ADDED' : 'MODIFIED', next)
    },
    remove(kind, namespace, name) {
      const before = held(kind, namespace, name)
      if (before !== undefined) note('DELETED', before)
    },
    setStatus(kind, namespace, name, status) {
      const before = held(kind, namespace, name)
      if (before !== undefined) note('MODIFIED', { ...before, status })
    },
    read: (kind, namespace, name) => structuredClone(held(kind, namespace, name) ?? null),
    list: (kind, namespace) => [...objects.values()].filter((entry) => entry.kind === kind && entry.namespace === namespace).map(({ object }) => structuredClone(object)),
  }
}

/** Watches of a control plane, each of which hears only when a test says so, and in the order of the log. */
export function slowWatches(cluster: MemoryCluster, all: readonly Watched[], source: Source): {
  /** Asks for a whole list, and gets it when `arrives` is called. */
  list(index: number, nowUs: number): (nowUs: number) => void
  /** Hears the next `count` changes of one collection. */
  hear(index: number, count: number, nowUs: number): void
  /** The ConfigRevision first, then everything else, as it stands. */
  listAll(nowUs: number): void
  /** Everything that any watch has not heard yet. */
  hearAll(nowUs: number): void
} {
  const heard = all.map(() => 0)
  /** A collection is not watched while its list is awaited; a newer list makes an older one void. */
  const awaited = all.map(() => 0)
  const isOf = ({ collection, namespace }: Watched, entry: LogEntry): boolean => entry.kind === collection.kind && entry.namespace === namespace
  const list = (index: number, nowUs: number): (nowUs: number) => void => {
    const watched = all[index]
    source.step({ kind: 'listing', watched }, nowUs)
    const version = cluster.version
    const objects = cluster.list(watched.collection.kind, watched.namespace)
    const mine = version + 1
    awaited[index] = mine
    return (arrivedUs) => {
      if (awaited[index] !== mine) return
      awaited[index] = 0
      heard[index] = version
      source.step({ kind: 'listed', watched, objects }, arrivedUs)
    }
  }
  const hear = (index: number, count: number, nowUs: number): void => {
    const watched = all[index]
    if (awaited[index] !== 0) return
    for (const entry of cluster.log.filter((one) => one.version > heard[index] && isOf(watched, one)).slice(0, count)) {
      heard[index] = entry.version
      source.step({ kind: entry.type === 'DELETED' ? 'gone' : 'put', watched, object: structuredClone(entry.object) }, nowUs)
    }
  }
  return {
    list, hear,
    listAll: (nowUs) => all.forEach((_, index) => list(index, nowUs)(nowUs)),
    hearAll: (nowUs) => all.forEach((_, index) => hear(index, Infinity, nowUs)),
  }
}
