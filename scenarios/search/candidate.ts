// What a search varies in a scenario and a shrinker makes smaller: the fault schedule and the load. Everything else
// stays, so a candidate is an ordinary scenario.

import type { FaultBlock, Scenario } from '../scenario.ts'

export interface Candidate {
  method: FaultBlock[]
  /** Every load's rate is this share of the scenario's, in (0, 1]. */
  loadShare: number
}

/** Rates keep at least this, requests a second, so that no load falls silent. */
const leastRate = 1

export function applied(scenario: Scenario, { method, loadShare }: Candidate): Scenario {
  return {
    ...scenario, method,
    loads: scenario.loads.map((load) => loadShare === 1 ? load
      : { ...load, ratePerSecond: Math.min(load.ratePerSecond, Math.max(leastRate, Math.round(load.ratePerSecond * loadShare * 1000) / 1000)) }),
  }
}
