// Writes what a comparison leaves in its folder: `parity.json` for scripts, `parity.html` for people.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ParityReport } from '../../scenarios/parity/document.ts'
import { parityPage } from './page.ts'

export { printParity } from './terminal.ts'

/** Path of each by its kind. */
export function writeParity(dir: string, report: ParityReport): { json: string; html: string } {
  const written = { json: join(dir, 'parity.json'), html: join(dir, 'parity.html') }
  writeFileSync(written.json, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(written.html, parityPage(report))
  return written
}
