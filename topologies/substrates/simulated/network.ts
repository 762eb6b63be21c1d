// The network of the simulated world: a delay for every pair of places, and what faults lay over it. A message asks
// for its passage when it is sent; messages on their way arrive.

import type { Random } from '../../../gateway/ports.ts'
import type { Direction, Primitive } from '../../primitives.ts'
import type { PlaceRef, Topology } from '../../topology.ts'
import type { WorldLayout } from './layout.ts'
import { sampler, type Sampler } from './quantiles.ts'
import type { SimulationModel } from './model.ts'

export type LinkPrimitive = Extract<Primitive, { on: Direction[] }>

/**
 * A lost message is sent again after the retransmission timeout, which doubles each time (RFC 6298, section 5; 200 ms is
 * the least that Linux waits), at most as often as Linux tries by default (tcp_retries2).
 */
const leastTimeoutUs = 200_000
const mostRetransmissions = 15

/** What `transit` answers instead of a time. */
export const Lost = { swallowed: -1, broken: -2 } as const

interface Overlay { delayUs: number; jitterUs: number; bytesPerSecond: number; cut: 'black-hole' | 'refuse' | null; freeUs: number }

export class Network {
  readonly #layout: WorldLayout
  readonly #random: Random
  readonly #width: number
  /** Half a round trip by direction, microseconds; NaN where nobody talks. */
  readonly #oneWayUs: Float64Array
  readonly #hops: Sampler[]
  /** Share of lost messages by direction; null = nothing is ever lost. */
  readonly #lossShare: Float64Array | null
  /** By direction; null = nothing is laid over it. */
  readonly #overlays: (Overlay | null)[]
  readonly #inForce = new Map<string, LinkPrimitive>()
  readonly #clientPlace: number

  constructor(layout: WorldLayout, topology: Topology, model: SimulationModel, random: Random) {
    this.#layout = layout
    this.#random = random
    this.#width = layout.places.length
    this.#clientPlace = topology.regions.length + topology.edges.length
    const { client, link } = model.hopUs
    this.#hops = [sampler(link), sampler(client)]
    this.#oneWayUs = new Float64Array(this.#width ** 2).fill(Number.NaN)
    this.#overlays = new Array<Overlay | null>(this.#width ** 2).fill(null)
    this.#lossShare = Object.values(model.lossShare ?? {}).some((share) => share > 0) ? new Float64Array(this.#width ** 2) : null
    for (const { from, to, rttMs } of topology.links) {
      if (this.#lossShare !== null) this.#lossShare[this.#direction(from, to)] = model.lossShare?.[`${from}>${to}`] ?? 0
      this.#oneWayUs[this.#direction(from, to)] = (model.rttUs[`${from}>${to}`] ?? rttMs * 1000) / 2
    }
  }

  /** Microseconds that a message takes now, or one of `Lost`. */
  transit(from: number, to: number, bytes: number, nowUs: number): number {
    const direction = from * this.#width + to
    const hop = this.#hops[from >= this.#clientPlace || to >= this.#clientPlace ? 1 : 0](this.#random.next())
    const overlay = this.#overlays[direction]
    const plainUs = this.#oneWayUs[direction] + hop + (this.#lossShare === null ? 0 : this.#retransmittedUs(direction))
    if (overlay === null) return plainUs
    return this.#overlaid(overlay, plainUs, bytes, nowUs)
  }

  /** What losses cost a message, microseconds. */
  #retransmittedUs(direction: number): number {
    const share = this.#lossShare![direction]
    let lateUs = 0
    for (let tries = 0; tries < mostRetransmissions && share > 0 && this.#random.next() < share; tries++) {
      lateUs += Math.max(leastTimeoutUs, 4 * this.#oneWayUs[direction]) * 2 ** tries
    }
    return lateUs
  }

  #overlaid(overlay: Overlay, plainUs: number, bytes: number, nowUs: number): number {
    if (overlay.cut === 'refuse') return Lost.broken
    if (overlay.cut === 'black-hole') return Lost.swallowed
    let queuedUs = 0
    if (overlay.bytesPerSecond < Infinity) {
      overlay.freeUs = Math.max(nowUs, overlay.freeUs) + (bytes * 1e6) / overlay.bytesPerSecond
      queuedUs = overlay.freeUs - nowUs
    }
    const jitterUs = overlay.jitterUs === 0 ? 0 : (2 * this.#random.next() - 1) * overlay.jitterUs
    return plainUs + Math.max(0, overlay.delayUs + jitterUs) + queuedUs
  }

  /** Round trip of the topology between two places, microseconds. */
  rttUs(from: number, to: number): number {
    return this.#oneWayUs[from * this.#width + to] * 2
  }

  isCut(from: number, to: number): boolean {
    return this.#overlays[from * this.#width + to]?.cut != null
  }

  /** Lays a primitive over its directions; returns those that it touches as pairs of places. `reset` changes nothing here. */
  apply(key: string, primitive: LinkPrimitive): [from: number, to: number][] {
    if (primitive.kind !== 'reset') this.#inForce.set(key, primitive)
    return this.#settle(primitive)
  }

  heal(key: string): [from: number, to: number][] {
    const primitive = this.#inForce.get(key)
    if (primitive === undefined) return []
    this.#inForce.delete(key)
    return this.#settle(primitive)
  }

  #settle(primitive: LinkPrimitive): [number, number][] {
    const touched = new Map<number, [number, number]>()
    for (const { from, to } of primitive.on) {
      const [a, b] = [this.#place(from), this.#place(to)]
      if (a === -1 || b === -1) continue
      touched.set(a * this.#width + b, [a, b])
      // A refusal closes the way for both directions of a connection.
      touched.set(b * this.#width + a, [b, a])
    }
    for (const direction of touched.keys()) this.#overlays[direction] = this.#wanted(direction)
    return [...touched.values()]
  }

  /** The sum of what is in force, worked out anew, so that overlapping faults heal in any order. */
  #wanted(direction: number): Overlay | null {
    const overlay: Overlay = { delayUs: 0, jitterUs: 0, bytesPerSecond: Infinity, cut: null, freeUs: this.#overlays[direction]?.freeUs ?? -Infinity }
    let laid = false
    for (const primitive of this.#inForce.values()) {
      for (const { from, to } of primitive.on) {
        const same = this.#direction(from, to) === direction
        const refused = primitive.kind === 'cut' && primitive.mode === 'refuse' && this.#direction(to, from) === direction
        if (!same && !refused) continue
        laid = true
        if (primitive.kind === 'delay') {
          overlay.delayUs += primitive.delayMs * 1000
          overlay.jitterUs = Math.max(overlay.jitterUs, primitive.jitterMs * 1000)
        } else if (primitive.kind === 'throttle') {
          overlay.bytesPerSecond = Math.min(overlay.bytesPerSecond, primitive.bytesPerSecond)
        } else if (primitive.kind === 'cut') {
          overlay.cut = primitive.mode === 'refuse' || overlay.cut === 'refuse' ? 'refuse' : 'black-hole'
        }
      }
    }
    return laid ? overlay : null
  }

  #place(ref: PlaceRef): number {
    return this.#layout.placeOf.get(ref) ?? -1
  }

  #direction(from: PlaceRef, to: PlaceRef): number {
    return this.#place(from) * this.#width + this.#place(to)
  }
}
