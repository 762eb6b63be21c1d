// A scenario adapted to where it is played: nothing of what must hold changes.

import type { Substrate } from '../topologies/substrate.ts'
import { frozenCopy } from './freeze.ts'
import type { Scenario } from './scenario.ts'

/** With phases before the fault that are long enough for all that it is played on. */
export function unhurried(scenario: Scenario, ...on: Pick<Substrate, 'leastUs'>[]): Scenario {
  const least = on.flatMap(({ leastUs }) => leastUs ?? [])
  if (least.length === 0) return scenario
  const { timeline } = scenario
  const warmupUs = Math.max(timeline.warmupUs, ...least.map(({ warmup }) => warmup))
  const steadyUs = Math.max(timeline.steadyUs, ...least.map(({ steady }) => steady))
  return frozenCopy({ ...scenario, timeline: { ...timeline, warmupUs, steadyUs } })
}

/** With every load's rate times `share`, for machines that are smaller than the drill. Probers keep theirs: it is the resolution. */
export function withRateShare(scenario: Scenario, share: number): Scenario {
  return share === 1 ? scenario : frozenCopy({ ...scenario, loads: scenario.loads.map((load) => ({ ...load, ratePerSecond: load.ratePerSecond * share })) })
}
