// Numbers for what is under way. A number carries its row and a generation, so that a late event about something
// that is over is told from one about what sits in the row now. Rows rest as long as possible before they are used
// again. Like the routing core's own slots, with room for a million rows.

import { topologyError } from '../../errors.ts'

export const rowBits = 20
export const rowMask = (1 << rowBits) - 1
const generations = 1 << (31 - rowBits)

export class Slots {
  /** Rows handed out so far or free. */
  capacity: number
  used = 0
  #generation: Uint16Array
  #live: Uint8Array
  #free: Int32Array
  #head = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#generation = new Uint16Array(capacity)
    this.#live = new Uint8Array(capacity)
    this.#free = Int32Array.from({ length: capacity }, (_, row) => row)
  }

  get isFull(): boolean {
    return this.used === this.capacity
  }

  /** A number whose row nobody uses. The caller grows first when all are in use. */
  take(): number {
    const row = this.#free[this.#head]
    this.#head = this.#head + 1 === this.capacity ? 0 : this.#head + 1
    this.used++
    this.#live[row] = 1
    return row | (this.#generation[row] << rowBits)
  }

  release(id: number): void {
    const row = id & rowMask
    this.#live[row] = 0
    this.#generation[row] = (this.#generation[row] + 1) & (generations - 1)
    let tail = this.#head + this.capacity - this.used
    if (tail >= this.capacity) tail -= this.capacity
    this.#free[tail] = row
    this.used--
  }

  /** Is this number still what its row holds? */
  isLive(id: number): boolean {
    const row = id & rowMask
    return this.#live[row] === 1 && this.#generation[row] === id >>> rowBits
  }

  /** Number of a live row. */
  idOf(row: number): number {
    return row | (this.#generation[row] << rowBits)
  }

  isRowLive(row: number): boolean {
    return this.#live[row] === 1
  }

  /** Twice the rows; throws RGT_SIMULATION_CAPACITY beyond a million. Only when full. */
  grow(): void {
    const { capacity } = this
    if (capacity > rowMask >> 1) {
      throw topologyError('RGT_SIMULATION_CAPACITY', 'more is under way at once than a simulation holds', {
        expected: `at most ${rowMask + 1} of one kind`, found: `${capacity} and one more`, hint: 'offer less, or let clients give up sooner',
      })
    }
    const generation = new Uint16Array(capacity * 2)
    generation.set(this.#generation)
    const live = new Uint8Array(capacity * 2)
    live.set(this.#live)
    this.#generation = generation
    this.#live = live
    this.#free = new Int32Array(capacity * 2)
    for (let at = 0; at < capacity; at++) this.#free[at] = capacity + at
    this.#head = 0
    this.capacity = capacity * 2
  }
}
