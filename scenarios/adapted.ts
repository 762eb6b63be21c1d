// A scenario adapted to where it is played: nothing of what must hold changes.

import type { Substrate } from '../topologies/substrate.ts'
import { frozenCopy } from './freeze.ts'
import type { Scenario } from './scenario.ts'

/** With phases before the fault that are long enough there. */
export function unhurried(scenario: Scenario, { leastUs }: Pick<Substrate, 'leastUs'>): Scenario {
  if (leastUs === undefined) return scenario
  const { timeline } = scenario
  const warmupUs = Math.max(timeline.warmupUs, leastUs.warmup)
  const steadyUs = Math.max(timeline.steadyUs, leastUs.steady)
  return frozenCopy({ ...scenario, timeline: { ...timeline, warmupUs, steadyUs } })
}

/** With every load's rate times `share`, for machines that are smaller than the drill. Probers keep theirs: it is the resolution. */
export function withRateShare(scenario: Scenario, share: number): Scenario {
  return share === 1 ? scenario : frozenCopy({ ...scenario, loads: scenario.loads.map((load) => ({ ...load, ratePerSecond: load.ratePerSecond * share })) })
}
