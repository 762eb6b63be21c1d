// Gateway configuration in layers: the topology's documents, the scenario's over them, those of the short form
// over both. Order inside a layer means nothing.

import type { ConfigDocument } from '../topologies/substrate.ts'

/** A document of the upper layer stands for one of the same kind, namespace and name below it; the rest are added. */
export function overlay(base: readonly ConfigDocument[], over: readonly ConfigDocument[]): ConfigDocument[] {
  return overlayBy(base, over, (document) => document)
}

/** The same for whatever carries a document. */
export function overlayBy<T>(base: readonly T[], over: readonly T[], documentOf: (item: T) => ConfigDocument): T[] {
  const key = (item: T): string => {
    const { kind, metadata } = documentOf(item)
    return `${kind}/${metadata.namespace ?? 'default'}/${metadata.name}`
  }
  return [...new Map([...base, ...over].map((item) => [key(item), item])).values()]
}
