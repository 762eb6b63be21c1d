// The routing decision as the entry gateway measured it in its own process: nothing outside can resolve it.

import { filterRows, valuesOf } from '../judging/rows.ts'
import { formatCount } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const decisionTime: Metric = {
  measure(context, tags) {
    const { decisionNs } = context.history.requests
    const rows = context.select(tags)
    const known = filterRows(rows, (row) => decisionNs[row] > 0)
    if (known.length === 0) return { kind: 'unknown', why: 'no response carries a decision time' }
    return {
      kind: 'trend', values: valuesOf(known, (row) => decisionNs[row] / 1e6),
      evidence: [`${formatCount(known.length)} of ${formatCount(rows.length)} requests carry a decision time`],
    }
  },
}
