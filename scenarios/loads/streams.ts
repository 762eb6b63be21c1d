// A block's rate spread over its groups of clients: evenly, and with their phases apart, so that two groups
// never send in the same instant and the gateways see a smooth stream.

import { nearest } from '../../gateway/config/shape.ts'
import { deriveSeed } from '../../topologies/arrivals.ts'
import type { StreamSpec } from '../../topologies/substrate.ts'
import type { LoadBlock } from '../scenario.ts'
import { scenarioError } from '../errors.ts'
import type { LoadContext } from './load.ts'

/** Throws RGT_SCENARIO_REFERENCE for a group that the topology does not have. */
export function streamsOf(block: LoadBlock, { topology, seed }: LoadContext): StreamSpec[] {
  const known = topology.clients.map(({ name }) => name)
  const groups = block.groups ?? known
  for (const group of groups) {
    if (known.includes(group)) continue
    const near = nearest(group, known)
    throw scenarioError('RGT_SCENARIO_REFERENCE', `load ${block.name} names a group of clients that ${topology.name} does not have`, {
      expected: `some of ${known.join(', ')}`, found: group, ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
    })
  }
  const ratePerSecond = block.ratePerSecond / groups.length
  return groups.map((group, at) => ({
    group,
    entry: null,
    ratePerSecond,
    arrivals: block.arrivals,
    seed: deriveSeed(seed, group),
    phaseUs: Math.round((at * 1_000_000) / block.ratePerSecond),
    timeoutMs: block.timeoutMs,
    templates: block.mix,
    pinned: null,
    ...(block.season === undefined ? {} : { season: block.season }),
  }))
}
