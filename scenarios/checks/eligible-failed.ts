// "None failed": requests that could have been sent again while an allowed region without a fault remained.

import { filterRows } from '../judging/rows.ts'
import { formatCount } from '../judging/statistics.ts'
import { examples, type Metric } from './check.ts'
import { outcomeOf } from './http-req-failed.ts'

export const eligibleFailed: Metric = {
  measure(context, tags) {
    const eligible = filterRows(context.select(tags), context.eligible)
    const failed = filterRows(eligible, context.failed)
    return {
      kind: 'counter', count: failed.length, of: eligible.length, seconds: context.seconds(tags),
      evidence: [`${formatCount(eligible.length)} requests were eligible`, ...examples(context, failed, (row) => outcomeOf(context, row))],
    }
  },
}
