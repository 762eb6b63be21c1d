// Which outcomes of requests count against an objective. One list for the rules here and for what is generated of them, so
// that a page in Prometheus means what an alert here means.

import type { RequestOutcome } from '../metrics.ts'
import type { RedSeries } from '../red/report.ts'

/** What the federation failed at. */
export const failedOutcomes: readonly RequestOutcome[] = ['server-error', 'no-healthy-target', 'upstream-timeout', 'upstream-failed', 'capacity']

/** Nothing was promised: no route, a decision of policy, or a client that went away. Neither good nor bad. */
export const uncountedOutcomes: readonly RequestOutcome[] = ['no-route', 'residency', 'access-denied', 'aborted']

const failed: ReadonlySet<string> = new Set(failedOutcomes)
const uncounted: ReadonlySet<string> = new Set(uncountedOutcomes)

export function counted({ outcomes }: Pick<RedSeries, 'outcomes'>): { total: number; failed: number } {
  let total = 0
  let bad = 0
  for (const outcome in outcomes) {
    if (uncounted.has(outcome)) continue
    total += outcomes[outcome]
    if (failed.has(outcome)) bad += outcomes[outcome]
  }
  return { total, failed: bad }
}
