// The one caller of the core. Each event goes in with its time; the effects that come out are applied in
// order. Effects may lead to further events at once (an answer frees a connection whose next request is
// waiting), so they are queued, and new requests wait until the queue is empty: tickets and slots are reused,
// and a new one must not be mistaken for the old one that an effect still names.

import type { HealthCause } from '../ports.ts'
import { attemptReasons, Effect, failReasons, healthCauses, healthStates, type AttemptEnding, type RoutePlan, type RoutingCore } from '../routing/core.ts'
import type { Attempt } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import type { Plane } from './plane.ts'
import type { Prober } from './prober.ts'

type RegionState = 'serving' | 'draining' | 'recovering'
const regionStates: readonly RegionState[] = ['serving', 'draining', 'recovering']

/** Identifiers carry a generation above these bits; the low bits are the row. */
const rowMask = (1 << 17) - 1

export class CoreDriver {
  readonly core: RoutingCore
  readonly #exchanges: (Exchange | undefined)[] = []
  readonly #attempts: (Attempt | undefined)[] = []
  readonly #queue: number[] = []
  readonly #waiting: (() => void)[] = []
  #applying = false
  /** By region name, as last told by the core. */
  readonly #regions = new Map<string, RegionState>()
  /** Requests that the core holds. */
  inFlight = 0
  plane!: Plane
  prober!: Prober
  /** Told when the core got work while nothing was in flight. */
  awoken: () => void = () => {}

  constructor(core: RoutingCore) {
    this.core = core
  }

  /** Asks the core where a request goes. The decision ends before the first effect is applied. */
  request(exchange: Exchange, plan: RoutePlan, flags: number, pin: number, sinceNs: bigint): void {
    if (this.#applying) {
      this.#waiting.push(() => this.request(exchange, plan, flags, pin, this.plane.clock.nowNs()))
      return
    }
    const ticket = this.core.request(plan, flags, this.plane.random.next(), pin, Number(sinceNs) / 1000)
    exchange.decided(Number(this.plane.clock.nowNs() - sinceNs))
    if (ticket >= 0) {
      exchange.ticket = ticket
      this.#exchanges[ticket & rowMask] = exchange
      if (this.inFlight++ === 0) this.awoken()
    }
    this.#apply(ticket >= 0 ? null : exchange)
  }

  head(attempt: Attempt, status: number, fromGateway: boolean): void {
    this.core.head(attempt.slot, status, fromGateway, this.plane.clock.nowUs())
    this.#apply(null)
  }

  heard(target: number): void {
    this.core.heard(target, this.plane.clock.nowUs())
    this.#apply(null)
  }

  finished(attempt: Attempt, ending: AttemptEnding, sent: boolean): void {
    const row = attempt.slot & rowMask
    if (this.#attempts[row] !== attempt) return
    this.#attempts[row] = undefined
    this.core.finished(attempt.slot, ending, sent, this.plane.clock.nowUs())
    this.#apply(null)
  }

  abandoned(exchange: Exchange): void {
    if (!this.#forget(exchange.ticket, exchange)) return
    this.core.abandoned(exchange.ticket, this.plane.clock.nowUs())
    this.#apply(null)
  }

  /** The exchange is over; its ticket ended with its last attempt. */
  release(exchange: Exchange): void {
    this.#forget(exchange.ticket, exchange)
  }

  probed(target: number, ok: boolean, cause: HealthCause, elapsedUs: number, unavailable: readonly number[]): void {
    this.core.probed(target, ok, cause, elapsedUs, unavailable, this.plane.clock.nowUs())
    this.#apply(null)
  }

  tick(lagUs: number, nowUs: number): void {
    this.core.tick(lagUs, nowUs)
    this.#apply(null)
  }

  /** Effects of a call made elsewhere (a swap). */
  applyEffects(): void {
    this.#apply(null)
  }

  regionState(region: number): RegionState {
    return this.#regions.get(this.plane.state?.topology.regions[region].name ?? '') ?? 'serving'
  }

  #forget(ticket: number, exchange: Exchange): boolean {
    if (ticket < 0 || this.#exchanges[ticket & rowMask] !== exchange) return false
    this.#exchanges[ticket & rowMask] = undefined
    this.inFlight--
    return true
  }

  #apply(refused: Exchange | null): void {
    const { effects } = this.core
    const queue = this.#queue
    for (let index = 0; index < effects.length * 5; index++) queue.push(effects.data[index])
    effects.length = 0
    if (this.#applying) return
    this.#applying = true
    try {
      for (let at = 0; at < queue.length; at += 5) this.#applyOne(queue[at], queue[at + 1], queue[at + 2], queue[at + 3], queue[at + 4], refused)
    } finally {
      queue.length = 0
      this.#applying = false
    }
    while (this.#waiting.length > 0 && !this.#applying) this.#waiting.shift()!()
  }

  #applyOne(kind: number, a: number, b: number, c: number, d: number, refused: Exchange | null): void {
    switch (kind) {
      case Effect.Send: {
        const exchange = this.#exchanges[a & rowMask]
        if (exchange === undefined || exchange.ticket !== a) return
        this.#attempts[b & rowMask] = exchange.send(b, c, attemptReasons[d])
        return
      }
      case Effect.Accept: {
        const attempt = this.#attempts[b & rowMask]
        if (attempt?.slot === b) attempt.exchange.accept(attempt)
        return
      }
      case Effect.Cancel: {
        const attempt = this.#attempts[b & rowMask]
        if (attempt === undefined || attempt.slot !== b) return
        this.#attempts[b & rowMask] = undefined
        attempt.cancel()
        return
      }
      case Effect.Fail: {
        const exchange = refused ?? this.#exchanges[a & rowMask]
        if (exchange === undefined || (refused === null && exchange.ticket !== a)) return
        this.#forget(a, exchange)
        exchange.fail(failReasons[b])
        return
      }
      case Effect.Probe:
        this.prober.probe(a, b)
        return
      default:
        this.#tell(kind, a, b, c, d)
    }
  }

  /** Effects that are told as evidence; `Drain` also closes idle connections. */
  #tell(kind: number, a: number, b: number, c: number, d: number): void {
    const { evidence, clock, state } = this.plane
    if (state === null) return
    const { topology, pools } = state
    const atUs = clock.nowUs()
    switch (kind) {
      case Effect.Drain:
        evidence.event({ atUs, kind: 'pool-drained', target: topology.targets[a].key, connections: pools[a].drain() })
        return
      case Effect.TargetState:
        evidence.event({
          atUs, kind: 'target-state', target: topology.targets[a].key, service: b < 0 ? null : topology.services[b].name,
          state: healthStates[c & 15], from: healthStates[c >> 4], cause: healthCauses[d],
        })
        return
      case Effect.RegionState:
        this.#regions.set(topology.regions[a].name, regionStates[b])
        evidence.event({ atUs, kind: 'region-state', region: topology.regions[a].name, state: regionStates[b], cause: healthCauses[d] })
        return
      case Effect.Redirect:
        evidence.event({ atUs, kind: 'first-redirect', from: topology.regions[a].name, to: topology.regions[b].name, cause: healthCauses[d] })
        return
      case Effect.Discarded:
        evidence.event({ atUs, kind: 'verdict-discarded', target: topology.targets[a].key, lagUs: b })
        return
      default:
        throw new RangeError(`the core emitted an effect of unknown kind ${kind}`)
    }
  }
}
