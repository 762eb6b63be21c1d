// How soon alerts are over when all is well again: from the healing to the end of the last one that the fault caused.

import { alertsOf } from '../judging/alerts.ts'
import { formatMs } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const alertRecoveryTime: Metric = {
  measure(context) {
    const told = alertsOf(context)
    if (told === null) return { kind: 'unknown', why: 'no AlertPolicy is in force' }
    const faults = told.faults.filter(({ alerts }) => alerts.length > 0)
    if (faults.length === 0) return { kind: 'unknown', why: 'no alert fired because of a fault' }
    const unhealed = faults.find(({ healedUs }) => healedUs === null)
    if (unhealed !== undefined) return { kind: 'unknown', why: `the healing of ${unhealed.fault} is not on record` }
    const after = (us: number, healedUs: number | null): number => Math.max(0, (us - healedUs!) / 1000)
    const spans = faults.map(({ alerts, healedUs }) => {
      const low = after(Math.max(...alerts.map(({ resolvedUs }) => resolvedUs ?? context.plan.endUs)), healedUs)
      return { low, high: alerts.some(({ resolvedUs }) => resolvedUs === null) ? Infinity : low }
    })
    return {
      kind: 'trend', values: Float64Array.from(spans, ({ high }) => high), low: Float64Array.from(spans, ({ low }) => low), high: Float64Array.from(spans, ({ high }) => high),
      evidence: faults.map(({ fault, alerts }, index) => {
        const { low, high } = spans[index]
        return `${fault}: ${alerts.length} alerts ${high === Infinity ? `not all over ${formatMs(low)} after the healing, when the run was` : `over ${formatMs(high)} after the healing`}`
      }),
    }
  },
}
