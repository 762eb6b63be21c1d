// Writes what a comparison of variants leaves in its folder: `comparison.json` for scripts, `comparison.html` for people.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Comparison } from '../../scenarios/compare/document.ts'
import { comparisonPage } from './page.ts'

export { printComparison } from './terminal.ts'

export const comparisonFile = 'comparison.json'

/** Path of each by its kind. */
export function writeComparison(dir: string, document: Comparison): { json: string; html: string } {
  const written = { json: join(dir, comparisonFile), html: join(dir, 'comparison.html') }
  writeFileSync(written.json, `${JSON.stringify(document, null, 2)}\n`)
  writeFileSync(written.html, comparisonPage(document))
  return written
}
