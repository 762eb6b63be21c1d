// What is under way in the simulated world, as rows of integers. A row is one cache line or half of one: a request
// touches each of its rows several times, and fifty thousand requests a second leave no time to fetch more.
//
//   client request ──► exchange at its entry gateway ──► attempt over a link ──► exchange at the region's gateway ──► attempt at an endpoint

import { topologyError } from '../../errors.ts'

/** Low bits of a number: its row. */
export const rowBits = 20
export const rowMask = (1 << rowBits) - 1
const generations = 1 << (31 - rowBits)

/**
 * A table of rows of `width` integers. The first holds the row's number while it is in use, so that a late event about
 * something that is over is told from one about what sits in the row now by looking at the row itself. Rows rest as
 * long as possible before they are used again. Throws RGT_SIMULATION_CAPACITY beyond a million rows.
 */
export class Table {
  readonly width: number
  cells: Int32Array
  used = 0
  capacity: number
  /** Ring of free rows. */
  #free: Int32Array
  #head = 0

  constructor(width: number, rows: number) {
    this.width = width
    this.capacity = rows
    this.cells = new Int32Array(rows * width)
    this.#free = Int32Array.from({ length: rows }, (_, row) => row)
    for (let row = 0; row < rows; row++) this.cells[row * width] = -1
  }

  /** A new row's number. Its other integers are what the last one left. */
  open(): number {
    if (this.used === this.capacity) this.#grow()
    const row = this.#free[this.#head]
    this.#head = this.#head + 1 === this.capacity ? 0 : this.#head + 1
    this.used++
    const at = row * this.width
    // A free row holds the complement of its next generation.
    const id = row | (~this.cells[at] << rowBits)
    this.cells[at] = id
    return id
  }

  /** Where the row of a number begins in `cells`; -1 when it is over. */
  at(id: number): number {
    const at = (id & rowMask) * this.width
    return this.cells[at] === id ? at : -1
  }

  close(id: number): void {
    const row = id & rowMask
    this.cells[row * this.width] = ~(((id >>> rowBits) + 1) & (generations - 1))
    let tail = this.#head + this.capacity - this.used
    if (tail >= this.capacity) tail -= this.capacity
    this.#free[tail] = row
    this.used--
  }

  /** Numbers of all rows in use, in the order of rows. */
  live(): number[] {
    const numbers: number[] = []
    for (let row = 0; row < this.capacity && numbers.length < this.used; row++) {
      if (this.cells[row * this.width] >= 0) numbers.push(this.cells[row * this.width])
    }
    return numbers
  }

  #grow(): void {
    const { capacity, width } = this
    if (capacity > rowMask >> 1) {
      throw topologyError('RGT_SIMULATION_CAPACITY', 'more is under way at once than a simulation holds', {
        expected: `at most ${rowMask + 1} of one kind`, found: `${capacity} and one more`, hint: 'offer less, or let clients give up sooner',
      })
    }
    const cells = new Int32Array(capacity * 2 * width)
    cells.set(this.cells)
    for (let row = capacity; row < capacity * 2; row++) cells[row * width] = -1
    this.cells = cells
    this.#free = Int32Array.from({ length: capacity * 2 }, (_, at) => capacity + at)
    this.#head = 0
    this.capacity = capacity * 2
  }
}

/** A request of a client. */
export const Client = {
  row: 1, stream: 2, template: 3, gateway: 4,
  /** The exchange that serves it, -1 before it arrived. */
  exchange: 5,
  /** Number of the arrival in its stream. */
  index: 6,
  width: 8,
} as const

/** A request at a gateway, from its arrival to its answer. */
export const Exchange = {
  gateway: 1,
  /** Of the core; -1 when the core does not hold it. */
  ticket: 2,
  /** Number of the client request, or of the attempt of another gateway. */
  origin: 3,
  /** Bits of `ExchangeFlag`. */
  flags: 4,
  template: 5,
  /** Attempts so far. */
  sends: 6,
  /** Row of the client request in the history. */
  row: 7,
  service: 8,
  route: 9,
  /** World regions that may serve it, by the snapshot's word: a bit each. */
  allowed: 10,
  width: 16,
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
  gateway: 1,
  /** The core's number. */
  core: 2,
  exchange: 3,
  /** Gateway at the far end of the link, or -1. */
  peer: 4,
  /** Endpoint of the own region, or -1. */
  endpoint: 5,
  /** What serves it at the peer, -1 before it arrived. */
  peerExchange: 6,
  /** Row in the history. */
  row: 7,
  /** Answer as it came, packed (answers.ts); -1 = none yet. */
  answer: 8,
  /** Its pool of connections among all of the world. */
  pool: 9,
  width: 16,
} as const
