// Turns the alerts of a plane once a second: what begins or ends to fire is told as evidence.

import type { Clock, Evidence, Scheduler } from '../ports.ts'
import type { PlaneTelemetry } from './telemetry.ts'

const tickMs = 1000

/** Returns what stops it. */
export function turnAlerts(telemetry: PlaneTelemetry, { clock, scheduler, evidence }: { clock: Clock; scheduler: Scheduler; evidence: Evidence }): () => void {
  return scheduler.every(tickMs, () => {
    const nowUs = clock.nowUs()
    for (const alert of telemetry.tick(nowUs)) evidence.event({ atUs: nowUs, kind: 'alert', alert })
  })
}
