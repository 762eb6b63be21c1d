// Writes a search into its folder: the result, its reports, and each finding as a scenario of its own.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { searchFile, type SearchResult } from '../../scenarios/search/result.ts'
import { markdown } from './markdown.ts'
import { page } from './page.ts'

/** Paths of the reports by kind, and of the scenarios by their names in the result. */
export function writeSearch(folder: string, result: SearchResult): { reports: Record<string, string>; files: Record<string, string> } {
  const write = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const files = Object.fromEntries(result.findings.map(({ file, content }) => [file, write(file, content)]))
  return {
    files,
    reports: {
      html: write('search.html', page(result)), markdown: write('search.md', markdown(result)),
      result: write(searchFile, `${JSON.stringify(result, null, 2)}\n`),
    },
  }
}
