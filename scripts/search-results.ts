// `regatta report` over results of searches: the parts of one search become one result, whatever they were left in.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { writeSearch } from '../reports/search/index.ts'
import { printSearch } from '../reports/search/terminal.ts'
import { mergeSearches } from '../scenarios/search/merge.ts'
import type { SearchResult } from '../scenarios/search/result.ts'
import { holdsSearches, readSearches } from '../scenarios/search/read-results.ts'
import { ExitCode } from '../scenarios/verdict.ts'
import { writable } from './runs.ts'

/** Are these paths results of searches, and no folder of a run? */
export function areSearches(paths: readonly string[]): boolean {
  return paths.length > 1 || holdsSearches(resolve(paths[0]))
}

/**
 * Without `out` a single folder gets its reports anew and several are only printed. Throws RGT_SEARCH_RESULT,
 * RGT_SEARCH_MERGE and RGT_COMMAND_WRITE.
 */
export function reportSearches(paths: readonly string[], { out, json }: { out?: string | undefined; json?: boolean | undefined }): number {
  const parts = paths.map((path) => ({ path: resolve(path), results: readSearches(resolve(path)) }))
  const merged = mergeSearches(parts.flatMap(({ results }) => results))
  const folder = out === undefined ? onlyFolder(parts.map(({ path }) => path)) : resolve(out)
  const written = folder === null ? { files: whereTheyLie(parts), reports: {} } : writable(folder, (path) => {
    mkdirSync(path, { recursive: true })
    return writeSearch(path, merged)
  })
  process.stdout.write(json ? `${JSON.stringify(merged)}\n` : printSearch(merged, written.files, written.reports))
  return ExitCode.pass
}

function onlyFolder(paths: readonly string[]): string | null {
  return paths.length === 1 && statSync(paths[0]).isDirectory() ? paths[0] : null
}

/** Scenarios of findings stay in the folders of their shards when nothing is written. */
function whereTheyLie(parts: readonly { path: string; results: SearchResult[] }[]): Record<string, string> {
  return Object.fromEntries(parts.flatMap(({ path, results }) => results.flatMap(({ findings }) => findings.map(({ file }) => [file, join(path, file)])))
    .filter(([, path]) => existsSync(path)))
}
