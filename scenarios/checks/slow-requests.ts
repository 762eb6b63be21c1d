// Requests that were answered, but later than normal + 250 ms on the path that served them.

import { countRows, filterRows } from '../judging/rows.ts'
import { formatCount, formatMs } from '../judging/statistics.ts'
import { examples, type Metric } from './check.ts'

export const slowRequests: Metric = {
  measure(context, tags) {
    const rows = context.select(tags)
    const slow = filterRows(rows, (row) => context.slow(row) === true)
    const unjudged = countRows(rows, (row) => context.slow(row) === null)
    if (unjudged > 0) return { kind: 'unknown', why: `${formatCount(unjudged)} requests took over 250 ms on paths without a normal latency` }
    return {
      kind: 'counter', count: slow.length, of: rows.length, seconds: context.seconds(tags),
      evidence: [`${formatCount(slow.length)} of ${formatCount(rows.length)} requests`, ...examples(context, slow, (row) => `${formatMs(context.latencyMs(row))} from ${context.history.requests.region.at(row)}`)],
    }
  },
}
