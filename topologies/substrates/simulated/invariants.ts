// What holds whatever breaks. Watched all the time, from outside the core: what is allowed is read from the
// configuration's own words and counted again here, so that a defect of the core cannot hide itself.

import type { HealthSettings } from '../../../gateway/snapshot/snapshot.ts'
import type { HistoryEvent } from '../../history.ts'

export const invariantNames = ['residency', 'every-request-ends', 'retry-budget', 'convergence', 'refusal', 'recovery'] as const
export type Invariant = (typeof invariantNames)[number]

export const invariantMeanings: Record<Invariant, string> = {
  residency: 'no attempt goes to a region that residency does not allow',
  'every-request-ends': 'every request that was sent has exactly one outcome',
  'retry-budget': 'attempts beyond the first stay within the budget of the policy, its floor and its burst',
  convergence: 'after everything is healed every gateway serves the newest configuration',
  recovery: 'when all is healed, what was ejected is asked again: nothing that answers stays ejected beyond the time that the policy states',
  refusal: 'no request is refused while an allowed region with a healthy target for it is known: ejection stays inside the policy and the allowed set',
}

/** What is promised but not watched, and why. */
export const unwatched: Readonly<Record<string, string>> = {
  'sampling-agreement': 'spans of one trace agree on sampling: nothing is sampled yet',
}

/** Told in full this often for each invariant; the rest are counted. */
const told = 20

export interface Watch {
  violated(invariant: Invariant, atUs: number, text: string): void
  /** Violations by invariant. */
  readonly counts: ReadonlyMap<Invariant, number>
}

export function openWatch(tell: (event: HistoryEvent) => void): Watch {
  const counts = new Map<Invariant, number>()
  return {
    counts,
    violated(invariant, atUs, text) {
      const count = (counts.get(invariant) ?? 0) + 1
      counts.set(invariant, count)
      if (count <= told) tell({ atUs, source: 'run', kind: 'invariant-violated', invariant, text })
    },
  }
}

const second = 1_000_000
const kept = 32

/**
 * The budget of one gateway, counted in seconds. It has to allow everything that the policy allows, so requests count
 * for a second longer than the window and retries for a second less, and every suspicion grants what was in flight.
 */
export class BudgetWatch {
  readonly #requests = new Float64Array(kept)
  readonly #paid = new Float64Array(kept)
  readonly #granted = new Float64Array(kept)
  #second = 0

  #turn(nowUs: number): number {
    const now = Math.max(this.#second, Math.floor(nowUs / second) + kept)
    for (let at = Math.max(this.#second + 1, now - kept + 1); at <= now; at++) {
      this.#requests[at % kept] = this.#paid[at % kept] = this.#granted[at % kept] = 0
    }
    this.#second = now
    return now
  }

  request(nowUs: number): void {
    this.#requests[this.#turn(nowUs) % kept]++
  }

  suspicion(inFlight: number, nowUs: number): void {
    this.#granted[this.#turn(nowUs) % kept] += inFlight
  }

  /** A retry or hedge that costs budget was sent; false = more than the policy can allow. */
  paid(policy: HealthSettings['retry'], nowUs: number): boolean {
    const now = this.#turn(nowUs)
    this.#paid[now % kept]++
    const window = Math.min(kept - 4, Math.ceil(policy.budgetWindowMs / 1000))
    let requests = 0
    let paid = 0
    let granted = 0
    for (let ago = 0; ago <= window + 1; ago++) {
      requests += this.#requests[(now - ago) % kept]
      if (ago < window - 1) paid += this.#paid[(now - ago) % kept]
      granted += this.#granted[(now - ago) % kept]
    }
    const floor = (policy.minPerSecond * policy.budgetWindowMs) / 1000
    return paid <= Math.max(floor, policy.budgetShare * requests) + granted + 1
  }
}
