// The registry of kinds of load. A new kind is one file and one line here.

import { deriveSeed } from '../../topologies/arrivals.ts'
import type { LoadSpec } from '../../topologies/substrate.ts'
import type { Topology } from '../../topologies/topology.ts'
import type { LoadBlock } from '../scenario.ts'
import { scenarioError } from '../errors.ts'
import { k6 } from './k6.ts'
import type { LoadContext, LoadKind } from './load.ts'
import { openLoop } from './open-loop.ts'

export const loads = {
  'k6': k6,
  'open-loop': openLoop,
} as const satisfies Record<LoadSpec['engine'], LoadKind>

export type LoadKindName = keyof typeof loads
export const loadKinds = Object.keys(loads) as LoadKindName[]

/**
 * Every block as a load with its streams; the same for the same seed. Throws RGT_LOAD_KIND and
 * RGT_SCENARIO_REFERENCE.
 */
export function planLoads(blocks: readonly LoadBlock[], topology: Topology, seed: number, window: LoadContext['window']): LoadSpec[] {
  const names = new Set<string>()
  return blocks.map((block) => {
    if (names.has(block.name)) {
      throw scenarioError('RGT_LOAD_KIND', `two loads are called ${block.name}, and requests are named after them`, { expected: 'a name each' })
    }
    names.add(block.name)
    if (!(block.kind in loads)) {
      throw scenarioError('RGT_LOAD_KIND', `there is no kind of load \`${block.kind}\``, { expected: `one of ${loadKinds.join(', ')}`, found: block.kind })
    }
    return loads[block.kind as LoadKindName].plan(block, { topology, seed: deriveSeed(seed, `load/${block.name}`), window })
  })
}

export { renderSuite, withSuite } from './k6.ts'
