// The registry of a sweep's reports. Each is made from `sweep.json` alone, so any of them can be made again later.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sweepFile, type SweepResult } from '../../scenarios/sweep/result.ts'
import { csv } from './csv.ts'
import { markdown } from './markdown.ts'
import { page } from './page.ts'

export const sweepReports = {
  html: { file: 'sweep.html', render: page },
  markdown: { file: 'sweep.md', render: markdown },
  csv: { file: 'sweep.csv', render: csv },
} as const satisfies Record<string, { file: string; render(result: SweepResult): string }>

/** Writes `sweep.json` and its reports into a folder, made when missing; returns the path of each by its kind. */
export function writeSweep(folder: string, result: SweepResult): Record<string, string> {
  mkdirSync(folder, { recursive: true })
  const written: Record<string, string> = { json: join(folder, sweepFile) }
  writeFileSync(written.json, `${JSON.stringify(result, null, 2)}\n`)
  for (const [kind, { file, render }] of Object.entries(sweepReports)) {
    written[kind] = join(folder, file)
    writeFileSync(written[kind], render(result))
  }
  return written
}
