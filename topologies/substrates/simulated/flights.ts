// What is under way in the simulated world, as rows of integers. A row is one cache line or half of one: a request
// touches each of its rows several times, and fifty thousand requests a second leave no time to fetch more.
//
//   client request ──► exchange at its entry gateway ──► attempt over a link ──► exchange at the region's gateway ──► attempt at an endpoint

import { Slots, rowMask } from './slots.ts'

/** A table of rows of `width` integers under numbers that tell when their row is over. */
export class Table {
  readonly width: number
  readonly slots: Slots
  cells: Int32Array

  constructor(width: number, rows: number) {
    this.width = width
    this.slots = new Slots(rows)
    this.cells = new Int32Array(rows * width)
  }

  /** A new row's number. */
  open(): number {
    if (this.slots.isFull) {
      this.slots.grow()
      const grown = new Int32Array(this.cells.length * 2)
      grown.set(this.cells)
      this.cells = grown
    }
    return this.slots.take()
  }

  /** Where the row of a number begins in `cells`; -1 when it is over. */
  at(id: number): number {
    return this.slots.isLive(id) ? (id & rowMask) * this.width : -1
  }

  close(id: number): void {
    this.slots.release(id)
  }

  /** Numbers of all rows in use, in the order of rows. */
  *live(): Generator<number> {
    const { slots } = this
    if (slots.used === 0) return
    for (let row = 0; row < slots.capacity; row++) if (slots.isRowLive(row)) yield slots.idOf(row)
  }
}

/** A request of a client. */
export const Client = {
  row: 0, stream: 1, template: 2, gateway: 3,
  /** The exchange that serves it, -1 before it arrived. */
  exchange: 4,
  /** For lists: which address is being tried, and a number that grows with each try. */
  tried: 5,
  width: 8,
} as const

/** A request at a gateway, from its arrival to its answer. */
export const Exchange = {
  gateway: 0,
  /** Of the core; -1 when the core does not hold it. */
  ticket: 1,
  /** Number of the client request, or of the attempt of another gateway. */
  origin: 2,
  /** Bits of `ExchangeFlag`. */
  flags: 3,
  template: 4,
  /** Attempts so far. */
  sends: 5,
  /** Row of the client request in the history. */
  row: 6,
  service: 7,
  route: 8,
  /** World regions that may serve it, by the snapshot's word: a bit each. */
  allowed: 9,
  width: 12,
} as const

export const ExchangeFlag = {
  fromPeer: 1,
  /** A service may have seen it. */
  reached: 2,
  /** What ended last left it unsent: the next attempt costs no budget. */
  free: 4,
  /** Asked for one region only. */
  pinned: 8,
} as const

/** One try at one target. */
export const Attempt = {
  gateway: 0,
  /** The core's number. */
  core: 1,
  exchange: 2,
  /** Gateway at the far end of the link, or -1. */
  peer: 3,
  /** Endpoint of the own region, or -1. */
  endpoint: 4,
  /** What serves it at the peer, -1 before it arrived. */
  peerExchange: 5,
  /** Row in the history. */
  row: 6,
  /** Answer as it came, packed (answers.ts); -1 = none yet. */
  answer: 7,
  /** Target among all of the world, for its pool. */
  target: 8,
  width: 12,
} as const
