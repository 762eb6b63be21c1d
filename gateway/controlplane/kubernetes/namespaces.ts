// Documents of the configuration ⇄ objects of a cluster. In a cluster the configuration's namespaces may stand under other
// names; references inside documents follow. What the server adds is taken off on the way back, so that a document that
// is read is the one that was published.

import type { Kind } from '../../config/kinds/index.ts'
import { gatewayError } from '../../errors.ts'
import type { ConfigDocument } from '../protocol.ts'
import { apiVersionOf, configCollections } from './collections.ts'
import { createdAtAnnotation, revisionAnnotation } from './revision.ts'

/** Namespace of the configuration → the cluster's namespace that stands for it. */
export type NamespaceTable = Readonly<Record<string, string>>

/** An object as an API server gives it. */
export interface ClusterObject {
  apiVersion?: string
  kind?: string
  metadata: {
    name: string; namespace?: string; uid?: string; generation?: number; resourceVersion?: string
    labels?: Record<string, string>; annotations?: Record<string, string>; [key: string]: unknown
  }
  spec?: unknown
  status?: unknown
  [key: string]: unknown
}

/** A document as it was read. */
export interface SeenDocument {
  document: ConfigDocument
  /** The revision that put it last; null = a person did. */
  revision: number | null
  /** Of the object: another one when it was deleted and made again. */
  uid: string
  /** Counts up with each change of its spec; 0 when the server counts none. */
  generation: number
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * What to apply for `document` as part of `revision`. Throws RGT_CONFIG_NAMESPACE when the table has no namespace for it.
 */
export function toCluster(document: ConfigDocument, revision: number, table: NamespaceTable): ClusterObject {
  const { apiVersion, kind, metadata, spec } = document
  const { name, namespace = 'default', labels, annotations, creationTimestamp } = metadata as ConfigDocument['metadata'] & ClusterObject['metadata']
  const there = table[namespace]
  if (there === undefined) {
    throw gatewayError('RGT_CONFIG_NAMESPACE', `${kind} ${namespace}/${name} stands in a namespace that the cluster has no counterpart of`, {
      expected: `one of ${Object.keys(table).sort().join(', ') || '(none)'}`, found: namespace,
    })
  }
  const collection = configCollections[kind as Kind]
  return {
    apiVersion: collection === undefined ? apiVersion : apiVersionOf(collection), kind,
    metadata: {
      name, namespace: there, ...(labels === undefined ? {} : { labels }),
      annotations: {
        ...annotations, [revisionAnnotation]: String(revision),
        ...(typeof creationTimestamp === 'string' ? { [createdAtAnnotation]: creationTimestamp } : {}),
      },
    },
    spec: mapNamespaces(spec, (name) => table[name] ?? name),
  }
}

/** `kind` and the namespace of the configuration are known by whoever asked for the list: items of a list do not say theirs. */
export function fromCluster(object: ClusterObject, kind: Kind, configNamespace: string, table: NamespaceTable): SeenDocument {
  const back = new Map(Object.entries(table).map(([ours, theirs]) => [theirs, ours]))
  const { [revisionAnnotation]: revision, [createdAtAnnotation]: createdAt, [lastApplied]: _applied, ...annotations } = object.metadata.annotations ?? {}
  const { name, labels = {}, uid = '', generation = 0 } = object.metadata
  const document: ConfigDocument = {
    apiVersion: apiVersionOf(configCollections[kind]), kind,
    metadata: {
      name, namespace: configNamespace,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }),
    },
    spec: mapNamespaces(object.spec, (there) => back.get(there) ?? there),
  }
  return { document, revision: revisionOf(revision), uid, generation }
}

/** What is no revision of ours was written by a person. */
function revisionOf(annotation: string | undefined): number | null {
  const revision = Number(annotation)
  return Number.isSafeInteger(revision) && revision > 0 ? revision : null
}

/** In every kind of the standard and of ours, a field of a spec that is called `namespace` names one. */
function mapNamespaces(value: unknown, map: (namespace: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapNamespaces(item, map))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
    [key, key === 'namespace' && typeof inner === 'string' ? map(inner) : mapNamespaces(inner, map)]))
}
