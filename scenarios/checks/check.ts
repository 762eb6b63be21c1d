// The two ports of this folder. A rule is always judged and decides by itself what it checks; a metric is
// judged where a scenario's thresholds name it.

import type { JudgeContext, Tags } from '../judging/context.ts'
import type { Finding, Sample } from '../judging/sample.ts'
import type { Threshold } from '../thresholds.ts'
import type { Check } from '../verdict.ts'

/** A rule that throws becomes one inconclusive check of its name. */
export interface Rule {
  /** Registry key = file name. */
  readonly name: string
  readonly group: Check['group']
  evaluate(context: JudgeContext): Check[]
}

export interface Metric {
  measure(context: JudgeContext, tags: Tags): Sample
}

/** A metric whose bound depends on the row, so that one aggregate over all of them would not do. */
export interface BoundMetric extends Metric {
  judge(context: JudgeContext, threshold: Threshold): Finding
}

/** The first rows that broke something, for evidence: `load-europe-000123 at 12.345 s: timeout`. */
export function examples(context: JudgeContext, rows: Int32Array, what: (row: number) => string): string[] {
  const { requests } = context.history
  const shown = Array.from(rows.subarray(0, 5), (row) => `${requests.id.at(row)} at ${seconds(requests.scheduledUs[row])}: ${what(row)}`)
  return rows.length > shown.length ? [...shown, `and ${rows.length - shown.length} more`] : shown
}

export function seconds(us: number): string {
  return `${(us / 1e6).toFixed(3)} s`
}
