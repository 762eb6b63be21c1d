// The clocks of the simulated gateways: each turns its core's clock as the real data plane's ticker does, every 10 ms
// while requests are out and otherwise when the core asks for it. A paused process wakes late, and knows by how much.

import type { GatewayEvent } from '../../../gateway/ports.ts'
import type { Engine } from './engine/engine.ts'
import { ProcessState, type SimulatedGateway } from './gateway.ts'
import { Kind } from './kinds.ts'

/** As in `gateway/dataplane/ticker.ts`. */
const busyUs = 10_000
const idleUs = 40_000
/** Timers of the real runtime count whole milliseconds and fire up to one late, which is no lag. */
const timerUs = 1_000

export interface Clocks {
  /** Starts (again) the clock of a gateway. */
  start(gateway: SimulatedGateway): void
  /** Work began after idleness: the next turn comes within the busy interval. */
  hasten(gateway: SimulatedGateway): void
}

export function openClocks(
  engine: Engine, gateways: readonly SimulatedGateway[],
  apply: (gateway: SimulatedGateway) => void, tell: (source: string, event: GatewayEvent) => void,
): Clocks {
  const arm = (gateway: SimulatedGateway, delayUs: number): void => {
    gateway.turn++
    gateway.dueUs = engine.nowUs + delayUs
    engine.post(gateway.dueUs, Kind.tick, gateway.index, gateway.turn)
  }
  engine.on(Kind.tick, (index, turn) => {
    const gateway = gateways[index]
    if (turn !== gateway.turn || gateway.state === ProcessState.stopped) return
    if (gateway.state === ProcessState.paused) return void gateway.heldTimers.push(Kind.tick, index, turn)
    const { nowUs } = engine
    const lagUs = Math.max(0, Math.round(nowUs - gateway.dueUs - timerUs))
    if (lagUs > gateway.policy.maxLoopLagMs * 1000) tell(gateway.place.source, { atUs: nowUs, kind: 'loop-late', lagUs })
    if (gateway.snapshot !== null && nowUs >= gateway.core.nextTickUs) {
      gateway.core.tick(lagUs, nowUs)
      apply(gateway)
    }
    if (gateway.telemetry !== null) gateway.telemetry.tick(nowUs)
    arm(gateway, gateway.inFlight > 0 ? busyUs : Math.min(idleUs, Math.max(busyUs, gateway.core.nextTickUs - nowUs)))
  })
  return {
    // Processes were not started in the same microsecond.
    start: (gateway) => arm(gateway, gateway.random.next() * busyUs),
    hasten(gateway) {
      if (gateway.dueUs - engine.nowUs > busyUs) arm(gateway, busyUs)
    },
  }
}
