// What a report is made from, and what it is: a file beside the verdict.

import type { RunRecord } from '../scenarios/run-record.ts'
import type { Verdict } from '../scenarios/verdict.ts'
import type { History } from '../topologies/history/read.ts'

export interface ReportInput { run: RunRecord; verdict: Verdict; history: History }

export interface Report {
  /** Name in the run's folder. */
  file: string
  render(input: ReportInput): string
}
