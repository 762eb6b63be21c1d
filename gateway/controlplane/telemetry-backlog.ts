// Reports that wait for a control plane to take them. Bounded by folding, not by dropping: of what waits long only the
// resolution in time is lost. What was sent once stays as it is until it is answered, so that a plane which had taken it knows
// it again.

import { foldReports } from '../telemetry/red/merge.ts'
import type { TelemetryReport } from '../telemetry/red/report.ts'

/** Reports beside the one that is being sent; more are folded into one. */
const maxWaiting = 5

export interface Backlog {
  add(report: TelemetryReport): void
  /** The next to be sent, the same until `done`; null when nothing waits. */
  next(): TelemetryReport | null
  /** It was taken, or never will be. */
  done(): void
}

export function createBacklog(): Backlog {
  let sending: TelemetryReport | null = null
  let waiting: TelemetryReport[] = []
  return {
    add(report) {
      waiting.push(report)
      if (waiting.length > maxWaiting) waiting = [waiting.reduce(foldReports)]
    },
    next() {
      sending ??= waiting.shift() ?? null
      return sending
    },
    done() {
      sending = null
    },
  }
}
