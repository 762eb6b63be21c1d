// Checks a document's shape against a zod schema and tells everything that is wrong at once, in the reader's
// words: where, what was expected, what was found, and the nearest key when one is misspelt.

import type { z } from 'zod'
import { CodedError, CodedErrors, type ErrorDetails } from '../errors.ts'
import { formatPath, type SourceDocument } from './document.ts'

type Issue = z.core.$ZodIssue

/**
 * The document's value as the schema gives it back (defaults filled in, durations as numbers). Throws CodedErrors of
 * `code`, one for each problem, in the order of the file. Rules may add `params: { expected, hint }` to custom issues.
 */
export function parseShape<T>(schema: z.ZodType<T>, document: SourceDocument, code = 'RGT_CONFIG_SCHEMA'): T {
  const knownKeys = new WeakMap<object, readonly string[]>()
  const result = schema.safeParse(document.value, {
    reportInput: true,
    // Zod drops the schema from finished issues; its list of unknown keys is kept by identity.
    error: (raw) => {
      if (raw.code === 'unrecognized_keys') knownKeys.set(raw.keys as object, keysOf(raw.inst))
      return undefined
    },
  })
  if (result.success) return result.data
  const errors = result.error.issues.flatMap((issue) => toErrors(issue, [], document, code, knownKeys))
  throw new CodedErrors(errors.sort(byPlace))
}

/** The candidate nearest to `word` by edit distance (swaps count once), when near enough to be a misspelling. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = word.toLowerCase() === candidate.toLowerCase() ? 0 : editDistance(word, candidate)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Optimal string alignment distance (Damerau–Levenshtein without repeated edits of one substring). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      row[j] = Math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + same)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]
}

function toErrors(
  issue: Issue, base: readonly PropertyKey[], document: SourceDocument, code: string, knownKeys: WeakMap<object, readonly string[]>,
): CodedError[] {
  const path = [...base, ...issue.path] as (string | number)[]
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys.get(issue.keys) ?? []
    return issue.keys.map((key) => unknownKey(key, known, path, document, code))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = likeliestBranch(issue.errors)
    if (branch !== null) return branch.flatMap((inner) => toErrors(inner, path, document, code, knownKeys))
  }
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return issue.issues.flatMap((inner) => toErrors(inner, path, document, code, knownKeys))
  }
  const value = valueAt(document.value, path)
  const missing = value === undefined
  const name = path.length === 0 ? 'the document' : `\`${formatPath(path)}\``
  const message = missing && issue.code !== 'custom' ? `${name} is missing` : `${name} ${lead(issue)}`
  const details: ErrorDetails = { place: document.place(path), expected: expectedOf(issue), found: missing ? 'nothing' : show(value) }
  const hint = hintOf(issue, value)
  if (hint !== undefined) details.hint = hint
  return [new CodedError(code, message, details)]
}

function unknownKey(key: string, known: readonly string[], path: (string | number)[], document: SourceDocument, code: string): CodedError {
  const near = nearest(key, known)
  return new CodedError(code, `unknown key \`${key}\``, {
    place: document.place([...path, key], 'key'),
    ...(known.length === 0 ? {} : { expected: `one of ${known.join(', ')}` }),
    found: key,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

/** The branch that came furthest: fewest complaints about its very root, then fewest in all. null: none came anywhere. */
function likeliestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const atRoot = (branch: readonly Issue[]): boolean =>
    branch.some((issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value'))
  const further = branches.filter((branch) => !atRoot(branch))
  if (further.length === 0) return branches.length === 1 ? branches[0] : null
  return further.reduce((best, branch) => (branch.length < best.length ? branch : best))
}

/** What people who write YAML call them. */
const typeNames: Record<string, string> = {
  object: 'a map', record: 'a map', array: 'a list', string: 'a string', number: 'a number', int: 'a whole number',
  boolean: 'true or false',
}

function lead(issue: Issue): string {
  if (issue.code === 'custom') return issue.message
  if (issue.code === 'invalid_type') return 'has the wrong type'
  if (issue.code === 'invalid_value' || issue.code === 'invalid_union') return 'is none of the values allowed'
  if (issue.code === 'too_small' || issue.code === 'too_big') return 'is out of bounds'
  if (issue.code === 'not_multiple_of') return 'is not a multiple'
  return 'has the wrong form'
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type': return typeNames[issue.expected] ?? issue.expected
    case 'invalid_value': return alternatives(issue.values)
    case 'invalid_union':
      if ('options' in issue && issue.options !== undefined && issue.options.length > 0) return alternatives(issue.options)
      return [...new Set(issue.errors.flat().map((inner) => expectedOf(inner)))].join(' or ') || 'another value'
    case 'invalid_format': return plain(issue.message, issue.pattern === undefined ? issue.format : `to match ${issue.pattern}`)
    case 'custom': return String(issue.params?.expected ?? 'what the message says')
    default: return plain(issue.message, 'another value')
  }
}

/** Zod's own English without its lead ("Too small: expected …"), or the fallback when there is nothing after it. */
function plain(message: string, fallback: string): string {
  const own = /^(?:Too (?:small|big)|Invalid [a-z ]+): (?:expected |must (?:be )?)?(.+)$/i.exec(message)
  if (own !== null) return own[1].startsWith('match pattern') ? fallback : own[1]
  return message.startsWith('Invalid ') ? fallback : message
}

function hintOf(issue: Issue, value: unknown): string | undefined {
  if (issue.code === 'custom') return issue.params?.hint === undefined ? undefined : String(issue.params.hint)
  const options = issue.code === 'invalid_value' ? issue.values
    : issue.code === 'invalid_union' && 'options' in issue ? issue.options : undefined
  if (options === undefined || typeof value !== 'string') return undefined
  const near = nearest(value, options.map(String))
  return near === undefined ? undefined : `did you mean \`${near}\`?`
}

function alternatives(values: readonly unknown[]): string {
  const shown = values.map((value) => (typeof value === 'string' ? value : show(value)))
  return shown.length === 1 ? shown[0] : `one of ${shown.join(', ')}`
}

function show(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
    at = (at as Record<PropertyKey, unknown>)[part]
  }
  return at
}

function keysOf(schema: unknown): string[] {
  const shape = (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape
  return shape === undefined ? [] : Object.keys(shape)
}

function byPlace(a: CodedError, b: CodedError): number {
  const [one, other] = [a.details.place, b.details.place]
  return (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0)
}
