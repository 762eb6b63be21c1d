// The port to virtual time: everything that happens in a simulated run is an event here, in one total order. Hot
// paths post events of a kind with two integers and allocate nothing; cold ones take the ports that real adapters
// take (Clock, Scheduler), so that code written for timers runs unchanged.

import type { Clock, Scheduler } from '../../../../gateway/ports.ts'

/** What an event does. `a` and `b` are what was posted with it. */
export type Handler = (a: number, b: number) => void

/** Kinds below this belong to the engine itself. Handlers take the numbers from here to 63. */
export const firstKind = 4

export interface Engine {
  /** Virtual time, microseconds from the run's zero; may have a fraction. Before `run` it is the time that start-up takes, below nought. */
  readonly nowUs: number
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Events handled so far. */
  readonly handled: number
  /** Hash over time, kind and integers of every event handled: equal runs, equal hash. 16 hexadecimal digits. */
  readonly traceHash: string
  /** Names the handler of a kind; once. */
  on(kind: number, handler: Handler): void
  /**
   * Does `kind` at `atUs` (now, when that is past). Events of one time are handled in the order in which they were
   * posted. `a` and `b` are 32-bit integers.
   */
  post(atUs: number, kind: number, a: number, b: number): void
  /** Handles all that is due up to and including `untilUs`; `nowUs` is then `untilUs`. What a handler throws ends it. */
  run(untilUs: number): void
}
