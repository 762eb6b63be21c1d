// Tells gateways at the other end of links which traces to keep: lines gathered for a moment, one POST at a time to each, sent
// again a few times while the far ring still holds the spans. Outside the core and bounded: no request waits for a notice.

import type { Clock } from '../ports.ts'
import type { ClientConnection, UpstreamExchange } from '../protocols/adapter.ts'
import type { ResponseHead } from '../protocols/message.ts'
import type { PromotionReason } from '../telemetry/spans/index.ts'
import { header, tracesPath } from './bootstrap.ts'
import type { TargetPool } from './pool.ts'

const gatherUs = 20_000
const retryUs = 250_000
const timeoutUs = 2_000_000
const maxTries = 4
/** Lines of one message, and those that may wait for one gateway. */
const linesEach = 1000
const maxWaiting = 20_000

export class TraceNotices {
  readonly gateway: string
  readonly #clock: Clock
  readonly #untold: (count: number) => void
  readonly #outboxes = new Map<TargetPool, Outbox>()

  constructor(gateway: string, clock: Clock, untold: (count: number) => void) {
    this.gateway = gateway
    this.#clock = clock
    this.#untold = untold
  }

  tell(pool: TargetPool, traceId: string, reason: PromotionReason): void {
    let outbox = this.#outboxes.get(pool)
    if (outbox === undefined) this.#outboxes.set(pool, (outbox = new Outbox(this.gateway, pool, this.#clock, this.#untold)))
    outbox.put(`${traceId} ${reason}\n`)
  }

  tick(nowUs: number): void {
    for (const [pool, outbox] of this.#outboxes) if (outbox.tick(nowUs)) this.#outboxes.delete(pool)
  }

  /** What is under way is given up. */
  close(): void {
    for (const outbox of this.#outboxes.values()) outbox.close()
    this.#outboxes.clear()
  }
}

/** What one gateway is still to be told. */
class Outbox implements UpstreamExchange {
  readonly #gateway: string
  readonly #pool: TargetPool
  readonly #clock: Clock
  readonly #untold: (count: number) => void
  #waiting: string[] = []
  #sending: string[] = []
  #tries = 0
  #connection: ClientConnection | null = null
  #status = 0
  /** When to act next: send, or give up what is under way. */
  #dueUs: number

  constructor(gateway: string, pool: TargetPool, clock: Clock, untold: (count: number) => void) {
    this.#gateway = gateway
    this.#pool = pool
    this.#clock = clock
    this.#untold = untold
    this.#dueUs = clock.nowUs() + gatherUs
  }

  put(line: string): void {
    if (this.#waiting.length < maxWaiting) this.#waiting.push(line)
    else this.#untold(1)
  }

  /** True: there is nothing left to tell. */
  tick(nowUs: number): boolean {
    if (nowUs < this.#dueUs) return false
    if (this.#connection !== null) {
      this.#connection.abandon()
      this.#again(false)
      return false
    }
    if (this.#sending.length === 0) this.#sending = this.#waiting.splice(0, linesEach)
    if (this.#sending.length === 0) return true
    if (this.#pool.index === -1) this.#giveUp()
    else this.#send(nowUs)
    return false
  }

  close(): void {
    this.#connection?.abandon()
    this.#untold(this.#sending.length + this.#waiting.length)
  }

  #send(nowUs: number): void {
    const body = Buffer.from(this.#sending.join(''), 'latin1')
    const connection = this.#pool.acquire()
    this.#connection = connection
    this.#dueUs = nowUs + timeoutUs
    this.#tries++
    connection.request(this, 'POST', tracesPath, null, 0, [header.hop, this.#gateway, 'content-type', 'text/plain'], body.length)
    connection.piece(body, 0, body.length)
    connection.end(null)
  }

  connected(): void {}
  heard(): void {}
  interim(): void {}
  bodyPiece(): void {}
  readEnd(): void {}
  upstreamDrained(): void {}

  head(head: ResponseHead): void {
    this.#status = head.status
  }

  bodyEnd(): void {
    if (this.#status === 204) this.#next()
    else this.#again(this.#status < 500)
  }

  failed(): void {
    this.#again(false)
  }

  #next(): void {
    this.#connection = null
    this.#sending = []
    this.#tries = 0
    this.#dueUs = this.#clock.nowUs() + gatherUs
  }

  /** `refused`: the far gateway has understood and will never take it. */
  #again(refused: boolean): void {
    this.#connection = null
    if (refused || this.#tries >= maxTries) this.#giveUp()
    else this.#dueUs = this.#clock.nowUs() + retryUs * this.#tries
  }

  #giveUp(): void {
    this.#untold(this.#sending.length)
    this.#next()
  }
}
