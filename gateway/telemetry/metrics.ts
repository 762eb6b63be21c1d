// What a gateway counts. The hot path increments plain numbers and a histogram on typed arrays; names,
// labels and text are made when somebody scrapes (metrics-page.ts).

import { build, type Histogram } from 'hdr-histogram-js'
import type { AttemptOutcome, AttemptRecord } from '../ports.ts'

export const requestOutcomes = [
  'ok', 'client-error', 'server-error', 'no-route', 'residency', 'no-healthy-target', 'upstream-timeout', 'upstream-failed', 'capacity', 'aborted', 'access-denied',
] as const
export type RequestOutcome = (typeof requestOutcomes)[number]

export const attemptOutcomes: readonly AttemptOutcome[] = ['ok', '5xx', 'refused', 'reset', 'closed', 'timeout', 'cancelled', 'gateway-unavailable', 'access-denied']
export const attemptReasons: readonly AttemptRecord['reason'][] = ['first', 'retry', 'hedge', 'pinned', 'mirror']

/** Requests of one route: region that answered ('' = none did) → a count for each outcome. */
export class RouteMetrics {
  readonly byRegion = new Map<string, Float64Array>()

  count(region: string, outcome: RequestOutcome): void {
    let counts = this.byRegion.get(region)
    if (counts === undefined) {
      counts = new Float64Array(requestOutcomes.length)
      this.byRegion.set(region, counts)
    }
    counts[requestOutcomes.indexOf(outcome)]++
  }
}

/** Upper bounds of decision time, nanoseconds: fine where the promise lies (10 µs), coarse to the objective (1 ms) and beyond. */
export const decisionBoundsNs = [1e3, 2e3, 3e3, 5e3, 7e3, 1e4, 1.5e4, 2e4, 3e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9]

/** Nanoseconds up to a second, two significant digits: 2 % resolution in a few kilobytes. */
const nanoseconds = (): Histogram => build({ lowestDiscernibleValue: 1, highestTrackableValue: 1e9, numberOfSignificantValueDigits: 2 })
const microseconds = (): Histogram => build({ lowestDiscernibleValue: 1, highestTrackableValue: 6e7, numberOfSignificantValueDigits: 2 })

export class GatewayMetrics {
  readonly decisionNs = nanoseconds()
  decisionCount = 0
  decisionSumNs = 0
  /** By the first bound that is not below; one more for what is above all. */
  readonly decisionBuckets = new Float64Array(decisionBoundsNs.length + 1)
  readonly loopLagUs = microseconds()
  /** Lag since the last `usage` event. */
  readonly recentLagUs = microseconds()
  requests = 0
  refusedMessages = 0
  mirrorsSkipped = 0
  readonly #attempts = new Float64Array(attemptReasons.length * attemptOutcomes.length)
  readonly #routes = new Map<string, RouteMetrics>()

  /** Counts of a route outlive its snapshots. */
  route(id: string): RouteMetrics {
    let metrics = this.#routes.get(id)
    if (metrics === undefined) {
      metrics = new RouteMetrics()
      this.#routes.set(id, metrics)
    }
    return metrics
  }

  get routes(): ReadonlyMap<string, RouteMetrics> {
    return this.#routes
  }

  /** Forgets the counts of routes that are gone, once a scrape could have seen them. */
  forgetRoutes(keep: (id: string) => boolean): void {
    for (const id of this.#routes.keys()) if (id !== '' && !keep(id)) this.#routes.delete(id)
  }

  decision(ns: number): void {
    this.decisionCount++
    this.decisionSumNs += ns
    this.decisionNs.recordValue(ns < 1e9 ? ns : 1e9)
    let bucket = 0
    while (bucket < decisionBoundsNs.length && ns > decisionBoundsNs[bucket]) bucket++
    this.decisionBuckets[bucket]++
  }

  lag(us: number): void {
    const bounded = us < 6e7 ? us : 6e7
    this.loopLagUs.recordValue(bounded)
    this.recentLagUs.recordValue(bounded)
  }

  attempt(reason: AttemptRecord['reason'], outcome: AttemptOutcome): void {
    this.#attempts[attemptReasons.indexOf(reason) * attemptOutcomes.length + attemptOutcomes.indexOf(outcome)]++
  }

  attempts(): { reason: string; outcome: string; count: number }[] {
    return attemptReasons.flatMap((reason, row) => attemptOutcomes.map((outcome, column) => (
      { reason, outcome, count: this.#attempts[row * attemptOutcomes.length + column] }
    ))).filter(({ count }) => count > 0)
  }
}
