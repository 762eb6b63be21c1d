// What a control plane takes of what it sees in its cluster. Objects of several kinds come by watches of their own, each
// as late as it likes, so what is seen at a moment may be half of a change. Pure: the same view, the same decision.
//
//   ConfigRevision that nobody has answered ─┬─ everything that it lists is there ──► publish it, or tell a gap
//                                            └─ something is missing ──► wait; after a while list anew, and take what is
//   no such thing ─┬─ a publication is under way ──► wait for its ConfigRevision
//                  └─ documents are others than those held, and all is quiet ──► a person's change: the next revision

import { isDeepStrictEqual } from 'node:util'
import { compareText } from '../../config/parse.ts'
import { refKey, type Documents } from '../documents.ts'
import type { ConfigDocument, WholeConfig } from '../protocol.ts'
import type { SeenDocument } from './namespaces.ts'
import type { ConfigRevisionStatus, ListedDocument } from './revision.ts'

/** The ConfigRevision as it stands in the cluster. */
export interface Active {
  /** Names this very state of its spec: another one when it was deleted and made again. */
  id: string
  generation: number
  revision: number
  documents: readonly ListedDocument[]
  /** What the control plane said to it, now or before it was started anew. */
  answered: Pick<ConfigRevisionStatus, 'outcome' | 'held'> | null
}

export interface SettleView {
  /** By documentKey, in the configuration's namespaces. */
  seen: ReadonlyMap<string, SeenDocument>
  active: Active | null
  /** Everything was listed after `active` became known: what it lists and is not there was taken away since. */
  listedSince: boolean
  /** When anything of the configuration changed last. */
  changedUs: number
  held: { revision: number; documents: Documents }
  /** What was found in the cluster and the plane refused: not tried again. */
  refused: readonly ConfigDocument[] | null
}

export type Decision =
  /** Until something changes, or until `untilUs`. */
  | { kind: 'wait'; untilUs: number }
  | { kind: 'relist' }
  | { kind: 'publish'; asked: WholeConfig; by: 'publisher' | 'person' }
  /** To the ConfigRevision, without publishing anything. */
  | { kind: 'answer'; outcome: 'accepted' | 'gap' }

/** Somebody who applies a folder by hand applies its documents one by one: all is quiet after this long, microseconds. */
export const quietUs = 300_000
/** A document that its ConfigRevision lists and that is not there after this long: everything is listed anew. */
export const relistUs = 2_000_000

const forever: Decision = { kind: 'wait', untilUs: Infinity }

export function settle(view: SettleView, nowUs: number): Decision {
  const { active } = view
  if (active === null || active.answered?.outcome === 'accepted') return held(view, nowUs)
  // Whoever published what was not taken puts back what was there before, and says so with another ConfigRevision.
  if (active.answered !== null) return forever
  const missing = lacking(view, active, nowUs)
  if (missing !== null) return missing
  // What a person added goes along as it is in force; what is new of it comes after, so that it cannot spoil a publication.
  const documents = documentsOf(view, (key) => view.held.documents.get(key))
  if (active.revision > view.held.revision) return { kind: 'publish', asked: { revision: active.revision, documents }, by: 'publisher' }
  return { kind: 'answer', outcome: sameDocuments(documents, view.held.documents) ? 'accepted' : 'gap' }
}

/** What to do when nothing new was published. */
function held(view: SettleView, nowUs: number): Decision {
  const { active, changedUs, refused } = view
  if (publicationUnderWay(view)) return forever
  const revision = Math.max(active?.revision ?? 0, active?.answered?.held ?? 0)
  const documents = documentsOf(view, (_key, { document }) => document)
  if (refused !== null && sameItems(documents, refused)) return forever
  if (active !== null && view.held.revision < revision) {
    // Started anew without what it held: the cluster knows.
    return lacking(view, active, nowUs) ?? { kind: 'publish', asked: { revision, documents }, by: 'publisher' }
  }
  if (sameDocuments(documents, view.held.documents)) return forever
  if (nowUs < changedUs + quietUs) return { kind: 'wait', untilUs: changedUs + quietUs }
  return { kind: 'publish', asked: { revision: Math.max(view.held.revision, revision) + 1, documents }, by: 'person' }
}

/** null when all that the ConfigRevision lists is there, or is known to have been changed by hand since. */
function lacking(view: SettleView, active: Active, nowUs: number): Decision | null {
  const complete = active.documents.every((listed) => {
    const found = view.seen.get(refKey(listed))
    return found !== undefined && found.revision === listed.revision
      && found.uid === (listed.uid ?? found.uid) && found.generation >= (listed.generation ?? 0)
  })
  if (complete) return null
  if (publicationUnderWay(view)) return forever
  if (view.listedSince) return null
  return nowUs < view.changedUs + relistUs ? { kind: 'wait', untilUs: view.changedUs + relistUs } : { kind: 'relist' }
}

/** Documents are applied before the ConfigRevision that lists them. */
function publicationUnderWay({ seen, active }: SettleView): boolean {
  const newest = active?.revision ?? 0
  for (const { revision } of seen.values()) if (revision !== null && revision > newest) return true
  return false
}

/**
 * What is listed, and what `added` takes of what a person added; sorted. What was published and is listed no more is on
 * its way out.
 */
function documentsOf({ seen, active }: SettleView, added: (key: string, found: SeenDocument) => ConfigDocument | undefined): ConfigDocument[] {
  const listed = new Set(active?.documents.map(refKey))
  return [...seen.keys()].sort(compareText).flatMap((key) => {
    const found = seen.get(key)!
    const document = listed.has(key) ? found.document : found.revision === null ? added(key, found) : undefined
    return document ?? []
  })
}

function sameDocuments(documents: readonly ConfigDocument[], held: Documents): boolean {
  return documents.length === held.size && documents.every((document) => {
    const { kind, metadata: { namespace = 'default', name } } = document
    const other = held.get(refKey({ kind, namespace, name }))
    return other !== undefined && sayTheSame(document, other)
  })
}

function sameItems(documents: readonly ConfigDocument[], others: readonly ConfigDocument[]): boolean {
  return documents.length === others.length && documents.every((document, index) => sayTheSame(document, others[index]))
}

/** Labels and annotations mean nothing to a gateway, and belong to everybody. */
function sayTheSame(a: ConfigDocument, b: ConfigDocument): boolean {
  return a === b || (a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace && a.kind === b.kind
    && a.metadata.creationTimestamp === b.metadata.creationTimestamp && isDeepStrictEqual(a.spec, b.spec))
}
