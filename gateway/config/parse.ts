// Shape first: each document against the schema of its kind, all problems of all documents in one go. Results are
// kept by the identity of the plain value, so that one change among thousands of documents checks one document.

import { z } from 'zod'
import { CodedError, CodedErrors, formatPlace, gatewayError } from '../errors.ts'
import type { SourceDocument } from './document.ts'
import { deepFreeze } from './freeze.ts'
import { kinds, type ConfigDocument, type Kind } from './kinds/index.ts'
import { nearest, parseShape } from './shape.ts'

/** A checked document beside the source that can say where each part stands. */
export interface Parsed<T extends ConfigDocument = ConfigDocument> extends Known<T> {
  source: SourceDocument
}

/** What is remembered of a document for as long as its plain value lives. */
interface Known<T extends ConfigDocument = ConfigDocument> {
  document: T
  /** `namespace/name`. */
  key: string
  /** `Kind namespace/name`: how policies know what they are attached to. */
  target: string
  /** What later steps worked out from this document and may use again; each checks that its other inputs are the same. */
  memo: Memo
}

export interface Memo { attachment?: unknown; leanings?: unknown; route?: unknown; services?: unknown }

export type ParsedByKind = { [K in Kind]: Map<string, Parsed<Extract<ConfigDocument, { kind: K }>>> }

/** One look-up a document is what a repeated federation of thousands of documents costs most. */
const known = new WeakMap<object, Known>()

/**
 * Documents by kind and `namespace/name`. A value that was checked before is not checked again: callers do not
 * change values that they have handed over. Throws CodedErrors (RGT_CONFIG_SCHEMA, RGT_CONFIG_CONFLICT for duplicates).
 */
export function parseDocuments(sources: readonly SourceDocument[]): ParsedByKind {
  const groups = Object.keys(kinds).map((kind): [string, Map<string, Parsed>] => [kind, new Map()])
  const byKind = Object.fromEntries(groups) as Record<Kind, Map<string, Parsed>>
  const errors: CodedError[] = []
  for (const source of sources) {
    const parsed = parseOne(source, errors)
    if (parsed === null) continue
    const group = byKind[parsed.document.kind]
    const twin = group.get(parsed.key)
    if (twin === undefined) group.set(parsed.key, parsed)
    else errors.push(duplicate(parsed, twin))
  }
  if (errors.length > 0) throw new CodedErrors(errors)
  return byKind as ParsedByKind
}

function parseOne(source: SourceDocument, errors: CodedError[]): Parsed | null {
  const held = typeof source.value === 'object' && source.value !== null ? known.get(source.value) : undefined
  if (held !== undefined) return { document: held.document, key: held.key, target: held.target, memo: held.memo, source }
  try {
    const kind = kindOf(source)
    const document = deepFreeze(parseShape(kinds[kind] as z.ZodType<ConfigDocument>, source))
    const key = `${document.metadata.namespace}/${document.metadata.name}`
    const made: Known = { document, key, target: `${kind} ${key}`, memo: {} }
    known.set(source.value as object, made)
    return { ...made, source }
  } catch (error) {
    if (!(error instanceof CodedErrors)) throw error
    errors.push(...error.errors)
    return null
  }
}

const anyKind = z.looseObject({ kind: z.enum(Object.keys(kinds) as [Kind, ...Kind[]]) })

function kindOf(source: SourceDocument): Kind {
  return (parseShape(anyKind as z.ZodType<{ kind: Kind }>, source)).kind
}

function duplicate(parsed: Parsed, twin: Parsed): CodedError {
  return gatewayError('RGT_CONFIG_CONFLICT', `${parsed.document.kind} ${parsed.key} is written twice`, {
    place: parsed.source.place(['metadata', 'name']),
    expected: 'one document for each kind, namespace and name',
    found: `another one at ${formatPlace(twin.source.place(['metadata', 'name']))}`,
    hint: 'remove or rename one of them',
  })
}

/** Oldest first, then by `namespace/name`: how the Gateway API and GEP-713 settle conflicts. */
export function byAge(a: Parsed, b: Parsed): number {
  const [one, other] = [a.document.metadata.creationTimestamp ?? '', b.document.metadata.creationTimestamp ?? '']
  return compareText(one, other) || compareText(a.key, b.key)
}

/** By code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A reference to something that is not there, with the nearest name that is. */
export function missing(parsed: Parsed, path: (string | number)[], what: string, name: string, candidates: Iterable<string>): CodedError {
  const all = [...candidates].sort(compareText)
  const near = nearest(name, all)
  return gatewayError('RGT_CONFIG_REFERENCE', `${parsed.document.kind} ${parsed.key} refers to ${what} ${name}, which does not exist`, {
    place: parsed.source.place(path),
    expected: all.length === 0 ? `a ${what} in the configuration (there is none)` : `one of ${all.slice(0, 20).join(', ')}`,
    found: name,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

/** A policy that another one of its kind keeps out of force for `target`. */
export function overruled(loser: Parsed, winner: Parsed, target: string): CodedError {
  return gatewayError('RGT_CONFIG_CONFLICT', `${loser.document.kind} ${loser.key} is not in force for ${target}`, {
    place: loser.source.place(['metadata', 'name']),
    expected: 'one policy of a kind for each target',
    found: `${winner.key}, which is older or comes first by name`,
    hint: 'remove one, or attach the more specific one to the HTTPRoute',
  })
}

/** The `index`-th target of a policy is a namespace that is not its own. */
export function foreignNamespace(policy: Parsed, index: number, name: string): CodedError {
  const { namespace } = policy.document.metadata
  return gatewayError('RGT_CONFIG_REFERENCE', `${policy.document.kind} ${policy.key} may not be attached to the namespace ${name}`, {
    place: policy.source.place(['spec', 'targetRefs', index, 'name']), expected: namespace, found: name,
    hint: 'a policy holds in its own namespace: move it there',
  })
}
