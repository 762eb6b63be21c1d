// The registry of reports. Each is made from a run's folder alone, so any of them can be made again later.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRun } from '../scenarios/read-run.ts'
import type { Verdict } from '../scenarios/verdict.ts'
import { readHistory } from '../topologies/history/read.ts'
import { html } from './html/html.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import type { Report, ReportInput } from './report.ts'

export const reports = {
  html: { file: 'report.html', render: html },
  markdown: { file: 'report.md', render: ({ verdict, run }) => markdown(verdict, run.command, run.inventory) },
  junit: { file: 'junit.xml', render: ({ verdict }) => junit(verdict) },
} as const satisfies Record<string, Report>

export type ReportKind = keyof typeof reports
export const reportKinds = Object.keys(reports) as ReportKind[]

/** Writes the reports of a judged run beside its verdict; returns the path of each by its kind. */
export async function writeReports(runDir: string, kinds: readonly string[] = reportKinds): Promise<Record<string, string>> {
  const input: ReportInput = {
    run: await readRun(runDir),
    verdict: JSON.parse(readFileSync(join(runDir, 'verdict.json'), 'utf8')) as Verdict,
    history: readHistory(runDir),
  }
  const written: Record<string, string> = {}
  for (const kind of reportKinds.filter((name) => kinds.includes(name))) {
    const { file, render } = reports[kind]
    written[kind] = join(runDir, file)
    writeFileSync(written[kind], render(input))
  }
  return { ...written, verdict: join(runDir, 'verdict.json') }
}
