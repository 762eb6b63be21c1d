// The port of a kind of load: turns a block of a scenario into what generators play. Pure: the same block,
// topology and seed give the same arrivals to the microsecond.

import type { LoadSpec } from '../../topologies/substrate.ts'
import type { Topology } from '../../topologies/topology.ts'
import type { LoadBlock } from '../scenario.ts'

export interface LoadContext {
  topology: Topology
  /** Seed of this block; streams derive theirs from it. */
  seed: number
  /** Microseconds from the run's zero. */
  window: { fromUs: number; toUs: number }
}

export interface LoadKind {
  readonly kind: LoadSpec['engine']
  readonly description: string
  /** Throws RGT_LOAD_KIND or RGT_SCENARIO_REFERENCE. */
  plan(block: LoadBlock, context: LoadContext): LoadSpec
}
