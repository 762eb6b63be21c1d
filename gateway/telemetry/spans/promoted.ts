// Traces that are kept after the fact, remembered for a while: spans of them that are still to come, and requests of them that
// are still to arrive, are kept at once. Bounded, so that an outage, when every request fails, costs no more than this.

import type { PromotionReason } from './span.ts'

/** Longer than a request and its notices to other gateways commonly take. */
const rememberUs = 10_000_000
const most = 16_384

interface Promotion { reason: PromotionReason; untilUs: number; /** Some span of it was kept here. */ found: boolean }

export class PromotedTraces {
  /** In the order of their promotion, which is the order in which they are forgotten. */
  readonly #traces = new Map<string, Promotion>()
  /** Traces of which no span was found, nor came. */
  missed = 0

  /** False: it was promoted before, and the first reason stands. */
  add(traceId: string, reason: PromotionReason, found: boolean, nowUs: number): boolean {
    const known = this.#traces.get(traceId)
    if (known !== undefined) {
      known.found ||= found
      return false
    }
    if (this.#traces.size >= most) this.#forgetOldest()
    this.#traces.set(traceId, { reason, untilUs: nowUs + rememberUs, found })
    return true
  }

  /** Why a trace is kept of which a span is about to be; null when it was not promoted. */
  reasonOf(traceId: string): PromotionReason | null {
    if (this.#traces.size === 0) return null
    const promotion = this.#traces.get(traceId)
    if (promotion === undefined) return null
    promotion.found = true
    return promotion.reason
  }

  forget(nowUs: number): void {
    for (const { untilUs } of this.#traces.values()) {
      if (untilUs > nowUs) return
      this.#forgetOldest()
    }
  }

  #forgetOldest(): void {
    for (const [traceId, { found }] of this.#traces) {
      if (!found) this.missed++
      this.#traces.delete(traceId)
      return
    }
  }
}
