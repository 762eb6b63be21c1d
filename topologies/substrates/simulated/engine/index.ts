// The engine: takes the earliest event, moves the clock to it, hands it to the handler of its kind, and folds it into
// the trace's hash. Everything that a simulated run does passes through this one loop.

import type { Clock, Scheduler } from '../../../../gateway/ports.ts'
import { topologyError } from '../../../errors.ts'
import { firstKind, type Engine, type Handler } from './engine.ts'
import { EventQueue } from './queue.ts'
import { virtualScheduler } from './scheduler.ts'
import { TraceHash } from './trace-hash.ts'

const kinds = 64

/** An engine whose clock stands at `fromUs`. */
export function createEngine(fromUs: number): Engine {
  return new EventLoop(fromUs)
}

class EventLoop implements Engine {
  nowUs: number
  handled = 0
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly #queue: EventQueue
  readonly #trace = new TraceHash()
  readonly #handlers: (Handler | undefined)[] = new Array<Handler | undefined>(kinds).fill(undefined)

  constructor(fromUs: number) {
    this.nowUs = fromUs
    this.#queue = new EventQueue(fromUs)
    this.clock = { nowUs: () => this.nowUs, nowNs: () => BigInt(Math.round(this.nowUs * 1000)) }
    this.scheduler = virtualScheduler(this, (kind, handler) => { this.#handlers[kind] = handler })
  }

  get traceHash(): string {
    return this.#trace.text
  }

  /** Throws RGT_ENGINE_KIND when the kind is taken or none that a handler may have. */
  on(kind: number, handler: Handler): void {
    if (!Number.isInteger(kind) || kind < firstKind || kind >= kinds || this.#handlers[kind] !== undefined) {
      throw topologyError('RGT_ENGINE_KIND', `events of kind ${kind} cannot be given a handler`, {
        expected: `a kind from ${firstKind} to ${kinds - 1} that has none`,
        found: this.#handlers[kind] === undefined ? String(kind) : 'one that has a handler',
      })
    }
    this.#handlers[kind] = handler
  }

  post(atUs: number, kind: number, a: number, b: number): void {
    // Never is a time, but no event.
    if (atUs === Infinity) return
    // Also when it is no number.
    this.#queue.push(atUs > this.nowUs ? atUs : this.nowUs, kind, a, b)
  }

  run(untilUs: number): void {
    const queue = this.#queue
    const trace = this.#trace
    const handlers = this.#handlers
    while (queue.take(untilUs)) {
      const { kind, a, b } = queue
      this.nowUs = queue.atUs
      this.handled++
      trace.add(queue.atLow, queue.atHigh, kind, a, b)
      const handler = handlers[kind]
      if (handler === undefined) this.#unknown(kind)
      else handler(a, b)
    }
    if (untilUs > this.nowUs) this.nowUs = untilUs
  }

  #unknown(kind: number): never {
    throw topologyError('RGT_ENGINE_KIND', `an event of kind ${kind} came due, which has no handler`, { hint: 'name it with `on` before it is posted' })
  }
}
