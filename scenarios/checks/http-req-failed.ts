// Share of requests that failed, by their outcome and not by their status alone.

import type { JudgeContext } from '../judging/context.ts'
import { filterRows } from '../judging/rows.ts'
import { formatCount } from '../judging/statistics.ts'
import { examples, type Metric } from './check.ts'

export const httpReqFailed: Metric = {
  measure(context, tags) {
    const rows = context.select(tags)
    const failed = filterRows(rows, context.failed)
    return {
      kind: 'rate', part: failed.length, whole: rows.length,
      evidence: [`${formatCount(failed.length)} of ${formatCount(rows.length)} requests failed`, ...examples(context, failed, (row) => outcomeOf(context, row))],
    }
  },
}

/** `5xx 503`, or the outcome alone when there was no status. */
export function outcomeOf({ history: { requests } }: JudgeContext, row: number): string {
  return requests.status[row] === 0 ? requests.outcome.at(row) : `${requests.outcome.at(row)} ${requests.status[row]}`
}
