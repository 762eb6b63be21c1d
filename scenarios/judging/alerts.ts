// Alerts that control planes told of, and the faults that explain them.

import type { HistoryEvent } from '../../topologies/history.ts'
import type { JudgeContext } from './context.ts'

type Told = Extract<HistoryEvent, { kind: 'alert' }>

/** One alert of one control plane, from firing to resolved. */
export interface Alert { plane: string; rule: string; summary: string; atUs: number; /** Null: not within the run. */ resolvedUs: number | null }

export interface FaultAlerts { fault: string; zeroUs: number; /** Null: the healing is not on record. */ healedUs: number | null; alerts: Alert[] }

/** `unexplained`: alerts that fired while no fault was in force, nor just after one. Null: no AlertPolicy was in force. */
export function alertsOf(context: JudgeContext): { faults: FaultAlerts[]; unexplained: Alert[]; all: Alert[] } | null {
  if (!(context.run.config ?? []).some(({ kind }) => kind === 'AlertPolicy')) return null
  const all = pair(context.history.events.filter((event) => event.kind === 'alert'))
  const names = [...new Set(context.faults.map(({ fault }) => fault.name))]
  const faults = names.flatMap((name): FaultAlerts[] => {
    const windows = context.faults.filter(({ fault }) => fault.name === name)
    const asked = windows.flatMap(({ askedUs }) => askedUs ?? [])
    if (asked.length === 0) return []
    const healed = windows.map(({ healedUs }) => healedUs)
    const zeroUs = Math.min(...asked)
    const healedUs = healed.every((us) => us !== null) ? Math.max(...healed) : null
    return [{ fault: name, zeroUs, healedUs, alerts: all.filter(({ atUs }) => atUs >= zeroUs && atUs < (healedUs ?? Infinity) + aftermathUs) }]
  })
  return { all, faults, unexplained: all.filter((alert) => !faults.some(({ alerts }) => alerts.includes(alert))) }
}

/** After a healing a region is proved for 3 s and ramps up for 10 s (routing defaults); windows of rules look back, too. */
const aftermathUs = 30_000_000

function pair(events: readonly Told[]): Alert[] {
  const open = new Map<string, Alert>()
  const alerts: Alert[] = []
  for (const { atUs, source, alert: { policy, rule, labels, state, summary } } of events) {
    const key = JSON.stringify([source, policy, rule, labels])
    if (state === 'resolved') {
      const alert = open.get(key)
      if (alert !== undefined) alert.resolvedUs = atUs
      open.delete(key)
      continue
    }
    const alert: Alert = { plane: source, rule, summary, atUs, resolvedUs: null }
    open.set(key, alert)
    alerts.push(alert)
  }
  return alerts
}
