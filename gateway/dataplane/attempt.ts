// One try of a request at one target: opens it, tells the core what happens to it, hands an accepted
// response to its exchange, and leaves one record as evidence.

import type { AttemptOutcome } from '../ports.ts'
import type { ClientConnection, UpstreamEnding, UpstreamExchange } from '../protocols/adapter.ts'
import type { Fields } from '../protocols/fields.ts'
import type { ResponseHead } from '../protocols/message.ts'
import type { AttemptReason } from '../routing/core.ts'
import type { AttemptTrace } from '../telemetry/spans/index.ts'
import { accessDeniedCode } from './answers.ts'
import { header } from './bootstrap.ts'
import type { Exchange } from './exchange.ts'
import type { Plane } from './plane.ts'
import type { TargetPool } from './pool.ts'

/** A response that is not wanted is read to its end up to this size, to keep the connection; a longer one is cut off. */
const maxDiscarded = 65_536

export class Attempt implements UpstreamExchange {
  readonly plane: Plane
  readonly exchange: Exchange
  /** The core's number for this attempt. */
  readonly slot: number
  readonly number: number
  readonly pool: TargetPool
  readonly region: string
  readonly isLink: boolean
  readonly reason: AttemptReason
  connection: ClientConnection | null = null
  accepted = false
  response: ResponseHead | null = null
  /** The gateway at the other end of the link made the response itself; no service saw the request. */
  fromGateway = false
  /** … because its access policy refuses the request: that stands, and says nothing of anybody's health. */
  denied = false
  /** Its part in the trace; null where nothing is traced. */
  readonly trace: AttemptTrace | null
  readonly #startUs: number
  #over = false

  constructor(
    plane: Plane, exchange: Exchange, slot: number, number: number, pool: TargetPool, region: string, isLink: boolean, reason: AttemptReason,
    trace: AttemptTrace | null,
  ) {
    this.plane = plane
    this.exchange = exchange
    this.slot = slot
    this.number = number
    this.pool = pool
    this.region = region
    this.isLink = isLink
    this.reason = reason
    this.trace = trace
    this.#startUs = plane.clock.nowUs()
  }

  connected(): void {
    this.exchange.reachedService = true
    this.exchange.upstreamReady(this)
  }

  heard(): void {
    if (this.pool.index !== -1) this.plane.driver.heard(this.pool.index)
  }

  interim(head: ResponseHead): void {
    this.heard()
    this.exchange.interim(head)
  }

  head(head: ResponseHead): void {
    this.response = head
    this.fromGateway = this.isLink && head.fields.names.includes(header.reason)
    this.denied = this.fromGateway && head.fields.get(header.reason) === accessDeniedCode
    if (this.isLink) this.exchange.peerAnswered(this, head.fields)
    this.plane.driver.head(this, head.status, this.fromGateway && !this.denied)
  }

  bodyPiece(bytes: Buffer, from: number, to: number): void {
    if (this.accepted) this.exchange.responsePiece(this, bytes, from, to)
  }

  readEnd(): void {
    if (this.accepted) this.exchange.responseRead(this)
  }

  bodyEnd(trailers: Fields | null): void {
    this.connection = null
    this.#record(this.#outcome())
    if (this.accepted) this.exchange.responseEnd(this, trailers)
  }

  upstreamDrained(): void {
    this.exchange.upstreamDrained(this)
  }

  failed(ending: UpstreamEnding, sent: boolean): void {
    this.connection = null
    if (this.#over) return
    this.#record(ending)
    if (this.accepted) this.exchange.responseBroken(this, ending)
    else this.plane.driver.finished(this, ending, sent)
  }

  /** The core wants no more of it: a response that failed and is mended elsewhere, or a sibling that was slower. */
  cancel(): void {
    const { response } = this
    this.#record(response === null || this.accepted ? 'cancelled' : this.#outcome())
    const short = response !== null && !this.accepted && response.bodyLength >= 0 && response.bodyLength <= maxDiscarded
    this.exchange.cancelled(this)
    if (short) return
    this.connection?.abandon()
    this.connection = null
  }

  #outcome(): AttemptOutcome {
    if (this.denied) return 'access-denied'
    if (this.fromGateway) return 'gateway-unavailable'
    return this.response!.status >= 500 ? '5xx' : 'ok'
  }

  #record(outcome: AttemptOutcome): void {
    if (this.#over) return
    this.#over = true
    const { exchange, plane } = this
    plane.metrics.attempt(this.reason, outcome)
    if (this.trace === null && !plane.attemptLog) return
    const nowUs = plane.clock.nowUs()
    const status = this.response?.status ?? 0
    this.trace?.end({
      service: exchange.service, target: this.pool.key, region: this.region, isLink: this.isLink, attempt: this.number, reason: this.reason,
      status, outcome, startUs: this.#startUs,
    }, nowUs)
    if (!plane.attemptLog) return
    plane.evidence.attempt({
      requestId: exchange.requestId,
      attempt: this.number,
      reason: this.reason,
      service: exchange.service,
      target: this.pool.key,
      region: this.region,
      startUs: this.#startUs,
      durationUs: nowUs - this.#startUs,
      status,
      outcome,
    })
  }
}
