// A scenario adapted to where it is played: nothing of what must hold changes.

import { formatDuration } from '../gateway/config/duration.ts'
import { findMesh } from '../topologies/meshes/index.ts'
import { withMesh, type MeshUse } from '../topologies/meshes/use.ts'
import type { Substrate } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import { scenarioError } from './errors.ts'
import { frozenCopy } from './freeze.ts'
import type { Scenario } from './scenario.ts'

/** The topology with the mesh that the scenario asks for. */
export function inForce({ mesh }: Scenario, topology: Topology): Topology {
  return mesh === undefined ? topology : withMesh(topology, mesh)
}

/** With phases before the fault that are long enough for the substrate and the mesh that it is played on. */
export function unhurried(scenario: Scenario, substrate: Pick<Substrate, 'leastUs'>, topology: Topology): Scenario {
  const least = [substrate, findMesh(inForce(scenario, topology).mesh)].flatMap(({ leastUs }) => leastUs ?? [])
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

export function withMeshUse(scenario: Scenario, mesh: MeshUse | undefined): Scenario {
  return mesh === undefined ? scenario : frozenCopy({ ...scenario, mesh })
}

/** With so many rounds of its variants; the fault phase is as much longer or shorter. Throws RGT_SCENARIO_TIMELINE when a fault then lies beyond it. */
export function withRounds(scenario: Scenario, rounds: number | undefined): Scenario {
  if (rounds === undefined) return scenario
  const { blocks, timeline } = scenario
  if (blocks === undefined) throw scenarioError('RGT_SCENARIO_TIMELINE', `${scenario.name} has no rounds`, { expected: 'a scenario with blocks', found: `${rounds} rounds` })
  const faultUs = timeline.faultUs + (rounds - blocks.rounds) * blocks.variants.length * blocks.lengthUs
  const beyond = scenario.method.find(({ atUs, forUs }) => atUs + forUs > faultUs)
  if (beyond !== undefined) {
    throw scenarioError('RGT_SCENARIO_TIMELINE', `${beyond.name} lies beyond the last of so few rounds`, {
      expected: `more rounds: it ends ${formatDuration(beyond.atUs + beyond.forUs)} into them`, found: `${rounds} rounds, ${formatDuration(faultUs)}`,
    })
  }
  return frozenCopy({ ...scenario, blocks: { ...blocks, rounds }, timeline: { ...timeline, faultUs } })
}
