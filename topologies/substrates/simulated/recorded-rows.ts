// Rows of one table while they are open, in chunks of typed arrays, and the way out of them: as soon as the oldest
// chunks are wholly closed their rows leave in the table's order. Rows arrive in order of time, so only rows of one
// time have to be put in order; the last such rows wait, because the next chunk may hold more of that time.

import { topologyError } from '../../errors.ts'

export const chunkShift = 14
export const rowsPerChunk = 1 << chunkShift
export const chunkMask = rowsPerChunk - 1
/** `durationUs` of a row that has not ended. */
export const notEnded = -1

export interface Chunk {
  /** Rows of it that have begun and not ended. */
  open: number
  /** What the table is sorted by first, microseconds. */
  timeUs: Float64Array
  durationUs: Int32Array
}

/** Given rows `order[from .. to]`, at most `rowsPerChunk` at once, sorted; their chunks may be used again afterwards. */
export type GiveRows = (order: Uint32Array, from: number, to: number) => void

/**
 * Memory: a chunk stays until every row of it and of older ones has ended, so what is held is the rows that began
 * since the oldest open row did, two chunks at least.
 */
export class RecordedRows<C extends Chunk> {
  /** By row >> chunkShift; undefined once the rows were given away. */
  readonly chunks: (C | undefined)[] = []
  opened = 0
  #ended = 0
  #given = 0
  /** First of the rows, at the end of those that ended, that share one time. */
  #tieFrom = 0
  #lastUs = -Infinity
  #order = new Uint32Array(rowsPerChunk)
  readonly #spare: C[] = []
  readonly #make: () => C
  readonly #compare: (row: number, other: number) => number
  readonly #give: GiveRows

  /** `compare` orders rows of one time. */
  constructor(make: () => C, compare: (row: number, other: number) => number, give: GiveRows) {
    this.#make = make
    this.#compare = compare
    this.#give = give
  }

  /** Begins the next row; the caller fills in the rest of it in `chunks[row >> chunkShift]`. */
  begin(timeUs: number): number {
    if (!(timeUs >= this.#lastUs)) throw outOfTurn(`row ${this.opened} begins at ${timeUs} µs, after one of ${this.#lastUs} µs`)
    this.#lastUs = timeUs
    const row = this.opened++
    if ((row & chunkMask) === 0) this.chunks.push(this.#spare.pop() ?? this.#make())
    const chunk = this.chunks[row >> chunkShift] as C
    chunk.open++
    chunk.timeUs[row & chunkMask] = timeUs
    chunk.durationUs[row & chunkMask] = notEnded
    return row
  }

  /** Ends a row: its chunk, for the rest to be filled in before `settle`. */
  end(row: number, endUs: number): C {
    const chunk = this.chunks[row >> chunkShift]
    const at = row & chunkMask
    if (chunk === undefined || row >= this.opened || chunk.durationUs[at] !== notEnded) throw outOfTurn(`row ${row} ends a second time, or never began`)
    chunk.durationUs[at] = Math.min(2_147_483_647, Math.max(0, Math.round(endUs - chunk.timeUs[at])))
    chunk.open--
    return chunk
  }

  /** Gives away what can go, after a row of this chunk has ended. */
  settle(chunk: C): void {
    if (chunk.open > 0 || chunk !== this.chunks[this.#ended >> chunkShift]) return
    while (this.#ended + rowsPerChunk <= this.opened && this.chunks[this.#ended >> chunkShift]?.open === 0) {
      this.#ended += rowsPerChunk
      const lastUs = this.#timeOf(this.#ended - 1)
      if (lastUs !== this.#timeOf(this.#tieFrom)) {
        this.#tieFrom = this.#ended - 1
        while (this.#timeOf(this.#tieFrom - 1) === lastUs) this.#tieFrom--
      }
      this.#giveUntil(this.#tieFrom)
    }
  }

  /** Every row that has not ended, to be ended by `endRow`; then all that is left goes. */
  finish(endRow: (row: number) => void): void {
    for (let row = this.#ended; row < this.opened; row++) {
      if (this.chunks[row >> chunkShift]?.durationUs[row & chunkMask] === notEnded) endRow(row)
    }
    this.#giveUntil(this.opened)
    this.chunks.fill(undefined)
  }

  #timeOf(row: number): number {
    return (this.chunks[row >> chunkShift] as C).timeUs[row & chunkMask]
  }

  #giveUntil(end: number): void {
    const from = this.#given
    if (end === from) return
    const count = end - from
    if (this.#order.length < count) this.#order = new Uint32Array(count)
    const order = this.#order
    let tieFrom = 0
    let tieUs = Number.NaN
    for (let i = 0; i < count; i++) {
      order[i] = from + i
      const timeUs = this.#timeOf(from + i)
      if (timeUs === tieUs) continue
      if (i - tieFrom > 1) this.#sortTie(tieFrom, i)
      tieFrom = i
      tieUs = timeUs
    }
    if (count - tieFrom > 1) this.#sortTie(tieFrom, count)
    for (let i = 0; i < count; i += rowsPerChunk) this.#give(order, i, Math.min(count, i + rowsPerChunk))
    this.#given = end
    for (let chunk = from >> chunkShift; chunk < end >> chunkShift; chunk++) {
      this.#spare.push(this.chunks[chunk] as C)
      this.chunks[chunk] = undefined
    }
  }

  #sortTie(from: number, to: number): void {
    const order = this.#order
    if (to - from === 2) {
      if (this.#compare(order[from], order[from + 1]) > 0) [order[from], order[from + 1]] = [order[from + 1], order[from]]
    } else order.subarray(from, to).sort((row, other) => this.#compare(row, other) || row - other)
  }
}

function outOfTurn(found: string): Error {
  return topologyError('RGT_RECORDER_TURN', 'a row of the simulated history was begun or ended out of turn', {
    expected: 'rows begun in order of time, each ended once', found, hint: 'this is a defect of the simulation: please report it with the seed',
  })
}
