// Fault schedules out of a seed: one to eight ordinary fault blocks inside the fault phase, drawn so that what breaks
// gateways comes often: a whole residency zone, one-way cuts, flapping, pauses, faults that begin as others end.

import { seededRandom } from '../../gateway/runtime.ts'
import { deriveSeed } from '../../topologies/arrivals.ts'
import { whyUnsupported, type Capabilities } from '../../topologies/primitives.ts'
import type { Topology } from '../../topologies/topology.ts'
import { scenarioError } from '../errors.ts'
import { faultOf } from '../faults/index.ts'
import type { FaultBlock, Scenario } from '../scenario.ts'
import { weighted } from './draw.ts'
import { gestures } from './gestures.ts'
import { openWindows } from './windows.ts'

export interface ScheduleGround { scenario: Scenario; topology: Topology; capabilities: Capabilities }

export const mostFaults = 8
/** A fault phase that is shorter has no room for faults that overlap. */
const shortestPhaseUs = 1_000_000

/**
 * The scenario's own method and what the seed adds to it. Pure. Throws RGT_SCENARIO_TIMELINE when the fault phase is
 * shorter than 1 s.
 */
export function generateSchedule(ground: ScheduleGround, seed: number): FaultBlock[] {
  const { scenario, topology } = ground
  const { faultUs } = scenario.timeline
  if (faultUs < shortestPhaseUs) {
    throw scenarioError('RGT_SCENARIO_TIMELINE', 'there is no room for faults to search in', {
      place: { file: scenario.file, path: 'spec.phases.fault' }, expected: 'a fault phase of at least 1s', found: `${faultUs} us`,
    })
  }
  const random = seededRandom(deriveSeed(seed, 'search/schedule'))
  const windows = openWindows(random, faultUs, scenario.method)
  const count = 1 + Math.floor(mostFaults * random.next() ** 2)
  const added: FaultBlock[] = []
  // A gesture may have nothing to say on this topology or substrate; the bound ends a search for what is not there.
  for (let tries = 0; added.length < count && tries < 50; tries++) {
    for (const draft of weighted(random, gestures).draw({ topology, random, windows })) {
      const block = { ...draft, name: `generated-${added.length + 1}` }
      if (added.length === mostFaults || !playable(block, ground)) continue
      added.push(block)
      windows.taken(block)
    }
  }
  return [...scenario.method, ...added]
}

function playable({ kind, parameters, forUs }: FaultBlock, { topology, capabilities }: ScheduleGround): boolean {
  const composed = faultOf(kind)?.compose(parameters, { topology, random: seededRandom(1), forUs })
  return composed !== undefined && composed.primitives.length > 0
    && composed.primitives.every(({ primitive }) => whyUnsupported(capabilities, primitive) === null)
}
