// Effects of the core that are told as evidence, as the real data plane tells them.

import { Effect, healthCauses, healthStates } from '../../../gateway/routing/core.ts'
import type { GatewayEvent } from '../../../gateway/ports.ts'
import { To, type SimulatedGateway } from './gateway.ts'
import type { Pools } from './pools.ts'

const regionStates = ['serving', 'draining', 'recovering'] as const

/** `Drain` closes idle connections as well; suspicion grants what is out to be sent again, which the budget's watch notes. */
export function tellEffect(
  gateway: SimulatedGateway, pools: Pools, atUs: number, tell: (source: string, event: GatewayEvent) => void,
  kind: number, a: number, b: number, c: number, d: number,
): void {
  const { topology } = gateway.view!.layout
  const { source } = gateway.place
  const pool = kind === Effect.Drain || kind === Effect.TargetState ? gateway.to[a * To.width + To.pool] : -1
  switch (kind) {
    case Effect.Drain:
      return tell(source, { atUs, kind: 'pool-drained', target: topology.targets[a].key, connections: pools.drain(pool) })
    case Effect.TargetState: {
      const [state, from] = [healthStates[c & 15], healthStates[c >> 4]]
      if ((state === 'suspect' && from === 'healthy') || (state === 'ejected' && from !== 'suspect')) gateway.budget.suspicion(pools.carrying(pool), atUs)
      if (b < 0) gateway.noteState(a, state, atUs)
      return tell(source, {
        atUs, kind: 'target-state', target: topology.targets[a].key, service: b < 0 ? null : topology.services[b].name, state, from, cause: healthCauses[d],
      })
    }
    case Effect.RegionState:
      gateway.regionStates.set(topology.regions[a].name, regionStates[b])
      return tell(source, { atUs, kind: 'region-state', region: topology.regions[a].name, state: regionStates[b], cause: healthCauses[d] })
    case Effect.Redirect:
      return tell(source, { atUs, kind: 'first-redirect', from: topology.regions[a].name, to: topology.regions[b].name, cause: healthCauses[d] })
    case Effect.Discarded:
      return tell(source, { atUs, kind: 'verdict-discarded', target: topology.targets[a].key, lagUs: b })
    default:
      throw new RangeError(`the core emitted an effect of unknown kind ${kind}`)
  }
}
