// How the traffic was split: a region's share of the requests that any region served.

import { countRows } from '../judging/rows.ts'
import { formatCount } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const trafficShare: Metric = {
  measure(context, { region, ...others }) {
    const column = context.history.requests.region
    const [nowhere, wanted] = [column.codeOf(''), column.codeOf(region ?? '')]
    const rows = context.select(others)
    const served = countRows(rows, (row) => column.codes[row] !== nowhere)
    if (served === 0) return { kind: 'unknown', why: 'no region served a request' }
    const here = countRows(rows, (row) => column.codes[row] === wanted && wanted !== nowhere)
    return { kind: 'gauge', value: here / served, evidence: [`${formatCount(here)} of ${formatCount(served)} requests`] }
  },
}
