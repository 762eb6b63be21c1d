// Reads files that people write (YAML 1.2 core or JSON, several documents a file) and keeps where each value
// stands, so that every later error can name line and column. Meaning is checked elsewhere: see federate.ts.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml'
import { CodedError, CodedErrors, type Place } from '../errors.ts'

export type DocumentPath = readonly (string | number)[]

/** One document of a file. `value` is plain data: no tags, no anchors, string keys only. */
export interface SourceDocument {
  value: unknown
  file: string
  /** Where the value at `path` stands ('key': its key); the key of the nearest ancestor when it does not exist. */
  place(path: DocumentPath, what?: 'value' | 'key'): Place
}

/** Aliases a document may resolve to in all: a bound on "billion laughs". */
const maxAliases = 100
/** A broken file is told by its first problems; the rest follow from them. */
const maxProblems = 20
/** Files larger than this are refused before parsing, in characters. */
const maxCharacters = 16 * 1024 * 1024

/**
 * The documents of a YAML or JSON text; empty ones are left out. Duplicate keys, unknown tags, keys that are not
 * strings and alias bombs are refused. Throws CodedErrors of `code` with line and column of each problem.
 */
export function readDocuments(text: string, file: string, code = 'RGT_CONFIG_SYNTAX'): SourceDocument[] {
  if (text.length > maxCharacters) {
    throw new CodedErrors([new CodedError(code, 'the file is too large', {
      place: { file }, expected: `at most ${maxCharacters} characters`, found: `${text.length} characters`,
    })])
  }
  const lines = new LineCounter()
  const documents = parseTexts(text, file, code, lines)
  const found = documents.flatMap((document) => [...document.errors, ...document.warnings])
  // What stands at one place is one problem and its echoes.
  const first = new Map(found.reverse().map((problem) => [problem.pos[0], problem]))
  const problems = [...first.values()].sort((a, b) => a.pos[0] - b.pos[0]).slice(0, maxProblems).map((problem) => {
    const { line, col } = lines.linePos(problem.pos[0])
    return new CodedError(code, problem.message, { place: { file, line, column: col }, cause: problem })
  })
  if (problems.length > 0) throw new CodedErrors(problems)
  return documents
    .filter((document) => document.contents !== null && !(isScalar(document.contents) && document.contents.value === null))
    .map((document) => sourceOf(document, file, code, lines))
}

/** Documents that came as plain objects (over the wire): a place names the document and the path only. */
export function fromObjects(values: readonly unknown[], file: string): SourceDocument[] {
  return values.map((value, index) => ({
    value,
    file,
    place: (path) => ({ file, path: formatPath([index, ...path]) }),
  }))
}

/** `spec.rules[0].matches[1].path`; names that are no plain words stand in quotes. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[\w$-]+$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`
    else text += `[${JSON.stringify(String(part))}]`
  }
  return text
}

function parseTexts(text: string, file: string, code: string, lines: LineCounter): Document.Parsed[] {
  try {
    const parsed = parseAllDocuments(text, {
      version: '1.2', schema: 'core', uniqueKeys: true, stringKeys: true, prettyErrors: false, strict: true,
      lineCounter: lines, logLevel: 'silent',
    })
    return Array.isArray(parsed) ? parsed : []
  } catch (cause) {
    // The parser recurses: a document nested tens of thousands deep exhausts the stack.
    throw new CodedErrors([new CodedError(code, 'the file cannot be parsed', {
      place: { file }, found: String(cause), hint: 'is it nested absurdly deep?', cause,
    })])
  }
}

function sourceOf(document: Document.Parsed, file: string, code: string, lines: LineCounter): SourceDocument {
  const at = (offset: number | undefined, path: DocumentPath): Place => {
    const { line, col } = lines.linePos(offset ?? 0)
    return { file, line, column: col, ...(path.length === 0 ? {} : { path: formatPath(path) }) }
  }
  const place: SourceDocument['place'] = (path, what = 'value') => {
    const found = locate(document, path)
    return at(found.whole && what === 'value' ? found.value : found.key, path)
  }
  try {
    return { value: document.toJS({ maxAliasCount: maxAliases }), file, place }
  } catch (cause) {
    throw new CodedErrors([new CodedError(code, cause instanceof Error ? cause.message : String(cause), {
      place: at(document.contents?.range?.[0], []), hint: `a document may resolve at most ${maxAliases} aliases`, cause,
    })])
  }
}

/** Offsets of the key and the value at a path, or of the nearest ancestor's (`whole` = the path was found). */
function locate(document: Document.Parsed, path: DocumentPath): { key?: number; value?: number; whole: boolean } {
  let node: unknown = document.contents
  let key = offsetOf(node)
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(part))
      if (pair === undefined) return { key, value: key, whole: false }
      key = offsetOf(pair.key)
      node = pair.value
    } else if (isSeq(node) && node.items[Number(part)] !== undefined) {
      node = node.items[Number(part)]
      key = offsetOf(node)
    } else return { key, value: key, whole: false }
  }
  return { key, value: offsetOf(node) ?? key, whole: true }
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0]
}
