// The retry budget: attempts beyond the first may be a share of the requests of the last window, never less
// than a floor, plus a burst as large as what was in flight when suspicion began. It keeps a sick fleet from
// being killed by retries, without being short at the one moment when retries save everybody.
// Same idea as Finagle's RetryBudget and Linkerd's; the burst is ours.

import type { Settings } from './settings.ts'

const buckets = 10

export interface Budget {
  requests: Float64Array
  retries: Float64Array
  totalRequests: number
  totalRetries: number
  /** Number of the bucket in use, counted from the clock's zero, and when it ends. */
  bucket: number
  bucketEndsUs: number
  burst: number
  burstEndsUs: number
}

export function makeBudget(): Budget {
  return {
    requests: new Float64Array(buckets), retries: new Float64Array(buckets), totalRequests: 0, totalRetries: 0,
    bucket: -1, bucketEndsUs: -Infinity, burst: 0, burstEndsUs: 0,
  }
}

/** Place of the bucket in use. */
function turn(budget: Budget, settings: Settings, nowUs: number): number {
  if (nowUs >= budget.bucketEndsUs) turnOver(budget, settings, nowUs)
  return budget.bucket % buckets
}

function turnOver(budget: Budget, settings: Settings, nowUs: number): void {
  const bucket = Math.floor((nowUs * buckets) / settings.budgetWindowUs)
  // Events may carry a time a little before the last one's; they count in the bucket in use.
  if (bucket > budget.bucket) {
    const stale = Math.min(buckets, bucket - budget.bucket)
    for (let step = 0; step < stale; step++) {
      const at = (bucket - step) % buckets
      budget.totalRequests -= budget.requests[at]
      budget.totalRetries -= budget.retries[at]
      budget.requests[at] = 0
      budget.retries[at] = 0
    }
    budget.bucket = bucket
  }
  budget.bucketEndsUs = ((budget.bucket + 1) * settings.budgetWindowUs) / buckets
}

export function countRequest(budget: Budget, settings: Settings, nowUs: number): void {
  budget.requests[turn(budget, settings, nowUs)]++
  budget.totalRequests++
}

/** Retries that may still be sent now. */
export function budgetLeft(budget: Budget, settings: Settings, nowUs: number): number {
  turn(budget, settings, nowUs)
  const floor = settings.budgetMinPerSecond * (settings.budgetWindowUs / 1e6)
  const allowed = Math.max(floor, settings.budgetShare * budget.totalRequests)
  return Math.max(0, allowed - budget.totalRetries) + (nowUs < budget.burstEndsUs ? budget.burst : 0)
}

/** Takes one retry; false when the budget is spent. The burst is used first, because it ends. */
export function spendRetry(budget: Budget, settings: Settings, nowUs: number): boolean {
  if (budgetLeft(budget, settings, nowUs) < 1) return false
  if (nowUs < budget.burstEndsUs && budget.burst >= 1) budget.burst--
  else {
    budget.retries[turn(budget, settings, nowUs)]++
    budget.totalRetries++
  }
  return true
}

/** Suspicion began with this many requests out: they may all be sent again within the window. */
export function grantBurst(budget: Budget, settings: Settings, inFlight: number, nowUs: number): void {
  const held = nowUs < budget.burstEndsUs ? budget.burst : 0
  budget.burst = held + inFlight
  budget.burstEndsUs = nowUs + settings.budgetWindowUs
}
