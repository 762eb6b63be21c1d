// What is counted and said of one request: its decision time, its outcome, our own fields of its response, and what telemetry
// sees where that is on. One place, so that whichever way a request ends, it ends alike.

import type { Fields } from '../protocols/fields.ts'
import type { RequestHead } from '../protocols/message.ts'
import type { RequestOutcome } from '../telemetry/metrics.ts'
import { header } from './bootstrap.ts'
import type { Plane } from './plane.ts'
import type { RequestBody } from './request-body.ts'
import { RequestWatch } from './request-watch.ts'
import type { RouteEntry } from './state.ts'

/** How a request ended. `region` whose service answered, '' = none did; `status` 0 = no response head. */
export interface Ending { outcome: RequestOutcome; region: string; status: number; service: string; body: RequestBody | null; trailers: Fields | null }

export class Account {
  /** null: telemetry is off. */
  readonly watch: RequestWatch | null
  /** Attempts that were sent. */
  sends = 0
  readonly #plane: Plane
  readonly #fromPeer: boolean
  #entry: RouteEntry | null = null
  #decisionNs = 0

  constructor(plane: Plane, head: RequestHead, requestId: string, fromPeer: boolean, remoteAddress: string, sinceNs: bigint) {
    this.#plane = plane
    this.#fromPeer = fromPeer
    this.watch = plane.telemetry === null ? null : new RequestWatch(plane.telemetry, head, requestId, fromPeer, remoteAddress, Number(sinceNs / 1000n))
    plane.metrics.requests++
  }

  /** A rule matched. */
  routed(entry: RouteEntry): void {
    this.#entry = entry
    if (this.watch !== null) this.watch.entry = entry
  }

  /** So much was spent on the decision before the request's body came. */
  deciding(ns: number): void {
    this.#decisionNs += ns
  }

  /** The decision is made: `ns` more were spent on it. */
  decided(ns: number): void {
    this.#decisionNs += ns
    this.#plane.metrics.decision(this.#decisionNs)
  }

  /** Our own fields of a response; a peer gets the region only. `outcome`: what is known of it when its head goes out. */
  answerFields(region: string, status: number, outcome: RequestOutcome, response: Fields | null): string[] {
    const own = this.#fromPeer ? [] : [
      header.serverTiming, `decision;dur=${milliseconds(this.#decisionNs)}`,
      header.gateway, this.#plane.bootstrap.name, header.attempts, String(this.sends),
    ]
    if (region !== '') own.push(header.region, region)
    if (this.watch !== null) this.watch.addFields(own, status, outcome, this.sends, response, this.#plane.clock.nowUs())
    return own
  }

  /** Called once, before anything of the request is given up. */
  end({ outcome, region, status, service, body, trailers }: Ending): void {
    const { metrics, clock } = this.#plane
    const route = this.#entry?.metrics ?? metrics.route('')
    route.count(region, outcome)
    if (this.watch === null) return
    this.watch.end({ service, region, status, outcome, attempts: this.sends, decisionNs: this.#decisionNs }, body, trailers, clock.nowUs())
  }
}

/** Nanoseconds as milliseconds with six decimals. */
function milliseconds(ns: number): string {
  const whole = Math.floor(ns / 1e6)
  return `${whole}.${String(ns - whole * 1e6).padStart(6, '0')}`
}
