// How late requests left, against the open-loop schedule.

import { valuesOf } from '../judging/rows.ts'
import { formatCount } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const sendLag: Metric = {
  measure(context, tags) {
    const { startUs, scheduledUs } = context.history.requests
    const rows = context.select(tags)
    return { kind: 'trend', values: valuesOf(rows, (row) => (startUs[row] - scheduledUs[row]) / 1000), evidence: [`${formatCount(rows.length)} requests`] }
  },
}
