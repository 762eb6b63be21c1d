// What a request has to be for its trace to be kept after the fact: a pure function of what it was and of the policy.

import type { RouteSampling } from '../../snapshot/snapshot.ts'
import type { RequestOutcome } from '../metrics.ts'
import type { PromotionReason } from '../spans/span.ts'

export interface EndedForPromotion {
  outcome: RequestOutcome
  /** 0 = no response head. */
  status: number
  durationUs: number
  /** Upstream, the first included, mirrors not. */
  attempts: number
  hedged: boolean
}

/** Refused because there was no room, not because something was wrong. */
const shed: ReadonlySet<RequestOutcome> = new Set(['capacity'])
/** Without a word of the client that it lost patience (`aborted`), which is nobody's error. */
const failed: ReadonlySet<RequestOutcome> = new Set(['server-error', 'no-healthy-target', 'upstream-timeout', 'upstream-failed'])

/**
 * The first reason that applies, most telling first: shed, error, failover, slow. Failover counts only for requests that were
 * themselves sent again or hedged: a region that serves for another makes no request of it worth keeping.
 */
export function promotionOf(request: EndedForPromotion, settings: RouteSampling['retroactive']): PromotionReason | null {
  if (settings === null) return null
  const { keep, slowMs } = settings
  if (shed.has(request.outcome) && keep.includes('shed')) return 'shed'
  if ((failed.has(request.outcome) || request.status >= 500) && keep.includes('error')) return 'error'
  if ((request.attempts > 1 || request.hedged) && keep.includes('failover')) return 'failover'
  if (request.durationUs > slowMs * 1000 && keep.includes('slow')) return 'slow'
  return null
}
