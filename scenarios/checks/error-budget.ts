// Availability of 99.99 % leaves one failure in 10,000 requests; the metric is the share used of that.

import { countRows } from '../judging/rows.ts'
import { formatCount } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

const availability = 0.9999

export const errorBudget: Metric = {
  measure(context, tags) {
    const rows = context.select(tags)
    if (rows.length === 0) return { kind: 'unknown', why: 'no request was sent' }
    const failed = countRows(rows, context.failed)
    const budget = rows.length * (1 - availability)
    return {
      kind: 'gauge', value: failed / budget,
      evidence: [`${formatCount(failed)} of ${formatCount(rows.length)} requests failed; 99.99 % leaves ${Number(budget.toFixed(2))}`],
    }
  },
}
