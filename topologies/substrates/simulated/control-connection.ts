// One connection between a gateway and a control plane, as its two ends see it: in order, each way as long as the
// network says at the moment of sending, and over as a whole when it is broken. What comes to an end that is closed
// is answered by a reset, as the machine of a dead process would.

import type { Passage } from './control.ts'
import type { Engine } from './engine/engine.ts'

/** What a process does with its end. */
export interface End<Out> {
  /** Nothing, when this end is closed. */
  send(payload: Out): void
  /** The other end hears of it when that gets through. This one hears nothing more. */
  close(): void
}

/** What an end tells its process. */
export interface Listener<In> {
  arrived(payload: In): void
  /** Once, unless this end was closed by its own process. */
  ended(reason: string): void
}

export interface Connection<ToPlane, ToGateway> {
  near: End<ToPlane>
  far: End<ToGateway>
  /** Both ends fail now. */
  break(reason: string): void
}

interface Side { open: boolean; ended(reason: string): void }

/** Way from one end to the other. */
interface Way {
  passage(): Passage
  /** In order of sending. */
  underWay: (() => void)[]
  lastUs: number
  /** Something on it was swallowed, so that nothing after it can ever be read. */
  holed: boolean
}

export interface ConnectionParts<ToPlane, ToGateway> {
  engine: Engine
  there(): Passage
  back(): Passage
  gateway: Listener<ToGateway>
  /** Called before anything is sent. */
  plane(end: End<ToGateway>): Listener<ToPlane>
  /** Both ends are closed. */
  over(): void
}

export function openConnection<ToPlane, ToGateway>(parts: ConnectionParts<ToPlane, ToGateway>): Connection<ToPlane, ToGateway> {
  const { engine } = parts
  const wayOf = (passage: () => Passage): Way => ({ passage, underWay: [], lastUs: -Infinity, holed: false })
  const there = wayOf(parts.there)
  const back = wayOf(parts.back)

  function travel(way: Way, arrive: () => void): void {
    const passage = way.passage()
    if (passage.kind === 'swallowed') way.holed = true
    else if (passage.kind === 'broken') fail('the connection was reset')
    // The other end would ask for what is missing, and a proxy in between has closed what it could not deliver.
    else if (way.holed) fail('the connection was cut')
    else {
      way.lastUs = Math.max(way.lastUs, engine.nowUs + passage.afterUs)
      way.underWay.push(arrive)
      // The first of those under way, whichever timer it is: no rounding puts them out of order.
      engine.scheduler.after((way.lastUs - engine.nowUs) / 1000, () => way.underWay.shift()?.())
    }
  }

  /** In an event of its own: whoever sends is in the middle of something. */
  function fail(reason: string): void {
    there.underWay = []
    back.underWay = []
    const sides = [near, far].filter(({ open }) => open)
    if (sides.length === 0) return
    for (const side of sides) shut(side)
    engine.scheduler.afterReading(() => sides.forEach(({ ended }) => ended(reason)))
  }

  function shut(side: Side): void {
    if (!side.open) return
    side.open = false
    if (!near.open && !far.open) parts.over()
  }

  function hangUp(side: Side, reason: string): void {
    if (!side.open) return
    shut(side)
    side.ended(reason)
  }

  function endOf<Out>(own: Side, other: Side, way: Way, returning: Way, listener: () => Listener<Out>): End<Out> {
    return {
      send(payload) {
        if (!own.open) return
        travel(way, () => {
          if (other.open) listener().arrived(payload)
          else if (own.open) travel(returning, () => hangUp(own, 'the connection was reset'))
        })
      },
      close() {
        if (!own.open) return
        shut(own)
        if (other.open) travel(way, () => hangUp(other, 'closed'))
      },
    }
  }

  const near: Side = { open: true, ended: (reason) => parts.gateway.ended(reason) }
  const far: Side = { open: true, ended: (reason) => planeListener.ended(reason) }
  const farEnd = endOf<ToGateway>(far, near, back, there, () => parts.gateway)
  const planeListener = parts.plane(farEnd)
  return { near: endOf<ToPlane>(near, far, there, back, () => planeListener), far: farEnd, break: fail }
}
