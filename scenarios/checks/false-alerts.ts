// Alerts that nobody needed: they fired while no fault was in force, nor within the half minute after one in which what it did
// wears off.

import { alertsOf } from '../judging/alerts.ts'
import { seconds, type Metric } from './check.ts'

export const falseAlerts: Metric = {
  measure(context) {
    const told = alertsOf(context)
    if (told === null) return { kind: 'unknown', why: 'no AlertPolicy is in force' }
    return {
      kind: 'counter', count: told.unexplained.length, of: 1, seconds: context.plan.endUs / 1e6,
      evidence: [`${told.all.length} alerts, ${told.unexplained.length} without a fault`, ...told.unexplained.map(({ plane, rule, atUs, summary }) => `${rule} at ${seconds(atUs)}, ${plane}: ${summary}`)],
    }
  },
}
