// The documents of a control plane by name. A document that did not change keeps its identity, because compiling
// is cached by it: one changed route among thousands costs one route.

import { isDeepStrictEqual } from 'node:util'
import { gatewayError } from '../errors.ts'
import type { ConfigChange, ConfigDocument, DocumentRef } from './protocol.ts'

export type Documents = ReadonlyMap<string, ConfigDocument>

/** `kind/namespace/name` */
export function documentKey(document: ConfigDocument): string {
  return refKey({ kind: document.kind, namespace: document.metadata.namespace ?? 'default', name: document.metadata.name })
}

export function refKey({ kind, namespace, name }: DocumentRef): string {
  return `${kind}/${namespace}/${name}`
}

/** Throws RGT_CONFIG_REFERENCE when a document to remove does not exist, RGT_CONFIG_CONFLICT when one is put twice. */
export function changeDocuments(held: Documents, change: ConfigChange): Documents {
  const next = new Map(held)
  for (const ref of change.remove) {
    const key = refKey(ref)
    if (!next.delete(key)) {
      throw gatewayError('RGT_CONFIG_REFERENCE', `the document to remove does not exist: ${key}`, {
        hint: 'send the whole configuration when the publisher and the control plane have drifted apart',
      })
    }
  }
  putAll(next, held, change.put)
  return next
}

/** Throws RGT_CONFIG_CONFLICT when a document stands twice. */
export function replaceDocuments(held: Documents, documents: readonly ConfigDocument[]): Documents {
  const next = new Map<string, ConfigDocument>()
  putAll(next, held, documents)
  return next
}

function putAll(next: Map<string, ConfigDocument>, held: Documents, documents: readonly ConfigDocument[]): void {
  const put = new Set<string>()
  for (const document of documents) {
    const key = documentKey(document)
    if (put.has(key)) {
      throw gatewayError('RGT_CONFIG_CONFLICT', `the same document is given twice: ${key}`, { hint: 'keep one of them' })
    }
    put.add(key)
    const before = held.get(key)
    next.set(key, before !== undefined && isDeepStrictEqual(before, document) ? before : document)
  }
}
