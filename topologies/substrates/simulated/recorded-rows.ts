// Rows of one table while they are open, in chunks of typed arrays: as soon as the oldest chunks are wholly closed
// they leave, whole, in the table's order. Rows arrive in order of time, so only rows of one time have to be put in
// order, which is done where they lie: a chunk's arrays are the columns of the block that is given away.

import { topologyError } from '../../errors.ts'
import type { RowBlock } from '../../history.ts'

export const chunkShift = 14
export const rowsPerChunk = 1 << chunkShift
export const chunkMask = rowsPerChunk - 1
/** `durationUs` of a row that has not ended. */
const notEnded = -1

export interface Chunk {
  /** Rows of it that have begun and not ended. */
  open: number
  /** What the table is sorted by first, microseconds. */
  timeUs: Float64Array
  durationUs: Int32Array
  /** Everything that belongs to a row, once: what is moved when rows change places. */
  moved: readonly (Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array)[]
  block: RowBlock
}

/**
 * Memory: a chunk stays until every row of it and of older ones has ended, so what is held is the rows that began
 * since the oldest open row did, two chunks at least.
 */
export class RecordedRows<C extends Chunk> {
  /** By row >> chunkShift; undefined once the rows were given away. */
  readonly chunks: (C | undefined)[] = []
  opened = 0
  /** Chunks that were given away, and those that could be but for a time that goes on in the next. */
  #given = 0
  #closed = 0
  #lastUs = -Infinity
  readonly #spare: C[] = []
  readonly #make: () => C
  readonly #compare: (a: C, i: number, b: C, j: number) => number
  readonly #give: (chunk: C, length: number) => void

  /** `compare` orders rows of one time, given by chunk and place; `give` may keep nothing of the chunk. */
  constructor(make: () => C, compare: (a: C, i: number, b: C, j: number) => number, give: (chunk: C, length: number) => void) {
    this.#make = make
    this.#compare = compare
    this.#give = give
  }

  /** Begins the next row; the caller fills in the rest of it in `chunks[row >> chunkShift]`. */
  begin(timeUs: number): number {
    if (!(timeUs >= this.#lastUs)) throw outOfTurn(`row ${this.opened} begins at ${timeUs} µs, after one of ${this.#lastUs} µs`)
    this.#lastUs = timeUs
    const row = this.opened++
    const at = row & chunkMask
    if (at === 0) this.#addChunk(timeUs)
    const chunk = this.chunks[row >> chunkShift] as C
    chunk.open++
    chunk.timeUs[at] = timeUs
    chunk.durationUs[at] = notEnded
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

  /** Gives away what can go; to be called when the last open row of a chunk has ended. */
  settle(): void {
    while ((this.#closed + 1) * rowsPerChunk < this.opened && this.chunks[this.#closed]?.open === 0) {
      const lastUs = this.chunks[this.#closed]?.timeUs[chunkMask]
      this.#closed++
      if (this.chunks[this.#closed]?.timeUs[0] !== lastUs) this.#giveUntil(this.#closed * rowsPerChunk)
    }
  }

  /** Every row that has not ended, to be ended by `endRow`; then all that is left goes. */
  finish(endRow: (row: number) => void): void {
    for (let row = this.#closed * rowsPerChunk; row < this.opened; row++) {
      if (this.chunks[row >> chunkShift]?.durationUs[row & chunkMask] === notEnded) endRow(row)
    }
    this.#giveUntil(this.opened)
  }

  #addChunk(timeUs: number): void {
    const chunk = this.#spare.pop() ?? this.#make()
    chunk.timeUs[0] = timeUs
    this.chunks.push(chunk)
    // The chunk before may have waited for this: to know that no row of its last time follows.
    if (this.chunks.length > 1) this.settle()
  }

  #giveUntil(end: number): void {
    const from = this.#given * rowsPerChunk
    this.#sortTies(from, end)
    for (let row = from; row < end; row += rowsPerChunk, this.#given++) {
      const chunk = this.chunks[this.#given] as C
      this.#give(chunk, Math.min(rowsPerChunk, end - row))
      this.#spare.push(chunk)
      this.chunks[this.#given] = undefined
    }
  }

  #sortTies(from: number, end: number): void {
    let tieFrom = from
    let tieUs = Number.NaN
    for (let row = from; row < end;) {
      const { timeUs } = this.chunks[row >> chunkShift] as C
      for (const edge = Math.min(end, (row | chunkMask) + 1); row < edge; row++) {
        if (timeUs[row & chunkMask] === tieUs) continue
        if (row - tieFrom > 1) this.#sortTie(tieFrom, row)
        tieFrom = row
        tieUs = timeUs[row & chunkMask]
      }
    }
    if (end - tieFrom > 1) this.#sortTie(tieFrom, end)
  }

  #sortTie(from: number, to: number): void {
    if (to - from === 2) {
      if (this.#compareRows(from, from + 1) > 0) this.#swap(from, from + 1)
      return
    }
    const order = Uint32Array.from({ length: to - from }, (_, i) => from + i).sort((row, other) => this.#compareRows(row, other) || row - other)
    for (let i = 0; i < order.length; i++) {
      // What belongs here may have been moved by an earlier swap: follow where it went.
      let row = order[i]
      while (row < from + i) row = order[row - from]
      if (row !== from + i) this.#swap(from + i, row)
    }
  }

  #compareRows(row: number, other: number): number {
    return this.#compare(this.chunks[row >> chunkShift] as C, row & chunkMask, this.chunks[other >> chunkShift] as C, other & chunkMask)
  }

  #swap(row: number, other: number): void {
    const arrays = (this.chunks[row >> chunkShift] as C).moved
    const others = (this.chunks[other >> chunkShift] as C).moved
    const at = row & chunkMask
    const otherAt = other & chunkMask
    for (let i = 0; i < arrays.length; i++) {
      const value = arrays[i][at]
      arrays[i][at] = others[i][otherAt]
      others[i][otherAt] = value
    }
  }
}

function outOfTurn(found: string): Error {
  return topologyError('RGT_RECORDER_TURN', 'a row of the simulated history was begun or ended out of turn', {
    expected: 'rows begun in order of time, each ended once', found, hint: 'this is a defect of the simulation: please report it with the seed',
  })
}
