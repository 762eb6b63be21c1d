// Results of searches from wherever shards left them: folders, files, or the logs of pods, a document a line.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { scenarioError } from '../errors.ts'
import { searchFile, searchVersion, type SearchResult } from './result.ts'

/** Only what tells a result from other files; the rest was written by this program. */
const head = z.looseObject({ apiVersion: z.literal(searchVersion), kind: z.literal('Search'), shards: z.array(z.object({ index: z.int(), of: z.int() })), traces: z.string() })

/** Is this the folder of a search, or a file that holds results? A run's folder is neither. */
export function holdsSearches(path: string): boolean {
  if (!existsSync(path)) return false
  return statSync(path).isDirectory() ? existsSync(join(path, searchFile)) : true
}

/** Throws RGT_SEARCH_RESULT for a path that holds none. Lines that are no result (a pod's progress) are passed over. */
export function readSearches(path: string): SearchResult[] {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, searchFile) : path
  if (!existsSync(file)) throw noResult(file, 'no such file')
  const text = readFileSync(file, 'utf8')
  const whole = resultOf(text)
  const found = whole === null ? text.split('\n').flatMap((line) => resultOf(line) ?? []) : [whole]
  if (found.length === 0) throw noResult(file, text.slice(0, 60))
  return found
}

function resultOf(text: string): SearchResult | null {
  if (!text.trimStart().startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(text)
    return head.safeParse(value).success ? value as SearchResult : null
  } catch {
    return null
  }
}

function noResult(file: string, found: string): Error {
  return scenarioError('RGT_SEARCH_RESULT', 'there is no result of a search', {
    place: { file }, expected: '`search.json`, or lines that `regatta search --json` printed', found,
  })
}
