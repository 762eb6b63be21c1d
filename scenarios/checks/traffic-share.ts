// How the traffic was split: a region's share of the requests that any region served.

import { formatCount } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const trafficShare: Metric = {
  measure(context, { region, ...others }) {
    const { requests } = context.history
    const served = context.select(others).filter((row) => requests.region.at(row) !== '')
    if (served.length === 0) return { kind: 'unknown', why: 'no region served a request' }
    const here = served.filter((row) => requests.region.at(row) === region).length
    return { kind: 'gauge', value: here / served.length, evidence: [`${formatCount(here)} of ${formatCount(served.length)} requests`] }
  },
}
