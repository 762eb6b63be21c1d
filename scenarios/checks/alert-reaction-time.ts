// How soon control planes tell that something is wrong: from the fault asked for to the first alert that any of them fires.

import { alertsOf } from '../judging/alerts.ts'
import { formatMs } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const alertReactionTime: Metric = {
  measure(context) {
    const told = alertsOf(context)
    if (told === null) return { kind: 'unknown', why: 'no AlertPolicy is in force' }
    if (told.faults.length === 0) return { kind: 'unknown', why: 'no fault was asked for' }
    const firstMs = told.faults.map(({ zeroUs, alerts }) => (alerts.length === 0 ? Infinity : (Math.min(...alerts.map(({ atUs }) => atUs)) - zeroUs) / 1000))
    return {
      kind: 'trend', values: Float64Array.from(firstMs),
      evidence: told.faults.flatMap(({ fault, zeroUs, alerts }) => (alerts.length === 0 ? [`${fault}: no alert fired`]
        : alerts.map(({ plane, rule, atUs, summary }) => `${fault}: ${rule} after ${formatMs((atUs - zeroUs) / 1000)}, ${plane}: ${summary}`))),
    }
  },
}
