// When each phase and each fault really was, from the events of the run, not from its plan: what was asked for
// late or never came into force must show.

import type { HistoryEvent, Phase } from '../../topologies/history.ts'
import type { Plan, PlannedFault } from '../scenario.ts'

export interface PhaseWindow { phase: Phase; fromUs: number; toUs: number }

/** One planned primitive as it was played; null = that never happened. Microseconds of the run. */
export interface FaultWindow {
  fault: PlannedFault
  askedUs: number | null
  inForceUs: number | null
  healAskedUs: number | null
  healedUs: number | null
}

/** From the first primitive asked for to the healing of the last. */
export interface FaultSpan {
  /** Zero of failover_time. */
  zeroUs: number
  /** Until the last primitive of the first volley was in force. */
  zeroUncertaintyUs: number
  healAskedUs: number
}

/** Marked phases in order; the last ends with the run. A phase that was never marked is not there. */
export function phaseWindows(events: readonly HistoryEvent[], endUs: number): PhaseWindow[] {
  const marks = events.filter((event) => event.kind === 'phase')
  return marks.map(({ phase, atUs }, index) => ({ phase, fromUs: atUs, toUs: marks[index + 1]?.atUs ?? Math.max(endUs, atUs) }))
}

export function faultWindows(plan: Plan, events: readonly HistoryEvent[]): FaultWindow[] {
  const times = new Map<string, number>()
  for (const event of events) {
    if (event.kind !== 'fault-asked' && event.kind !== 'fault-in-force' && event.kind !== 'fault-heal-asked' && event.kind !== 'fault-healed') continue
    const key = `${event.fault}#${event.primitive} ${event.kind}`
    if (!times.has(key)) times.set(key, event.atUs)
  }
  return plan.faults.map((fault) => {
    const at = (kind: string): number | null => times.get(`${fault.name}#${fault.index} ${kind}`) ?? null
    return { fault, askedUs: at('fault-asked'), inForceUs: at('fault-in-force'), healAskedUs: at('fault-heal-asked'), healedUs: at('fault-healed') }
  })
}

/** Null when there is no fault, or one that bounds the span was not asked for, not in force, or not healed. */
export function faultSpan(windows: readonly FaultWindow[]): FaultSpan | null {
  const firstFrom = Math.min(...windows.map(({ fault }) => fault.fromUs))
  const lastTo = Math.max(...windows.map(({ fault }) => fault.toUs))
  const first = windows.filter(({ fault }) => fault.fromUs === firstFrom)
  const last = windows.filter(({ fault }) => fault.toUs === lastTo)
  const asked = first.map((window) => window.askedUs)
  const inForce = first.map((window) => window.inForceUs)
  const healAsked = last.map((window) => window.healAskedUs)
  if (windows.length === 0 || !all(asked) || !all(inForce) || !all(healAsked)) return null
  const zeroUs = Math.min(...asked)
  return { zeroUs, zeroUncertaintyUs: Math.max(...inForce) - zeroUs, healAskedUs: Math.min(...healAsked) }
}

function all(times: (number | null)[]): times is number[] {
  return times.every((time) => time !== null)
}
