// Rows found by the text of a column: which request an attempt belongs to, for millions of both. A hash table over the
// bytes, in typed arrays: a string a row would take a minute and a gigabyte.

import type { TextColumn } from './table.ts'

const free = -1

export class IdIndex {
  readonly #column: TextColumn
  readonly #slots: Int32Array
  readonly #mask: number

  /** Of texts that several rows have, the last row counts. */
  constructor(column: TextColumn, rows: Int32Array) {
    this.#column = column
    this.#mask = 2 ** Math.ceil(Math.log2(Math.max(1, rows.length) * 2)) - 1
    this.#slots = new Int32Array(this.#mask + 1).fill(free)
    for (let i = 0; i < rows.length; i++) this.#slots[this.#slotOf(column, rows[i])] = rows[i]
  }

  /** The row whose text is that of a row of another column; -1 when there is none. */
  find(column: TextColumn, row: number): number {
    return this.#slots[this.#slotOf(column, row)]
  }

  /** Where the text is, or could be put. */
  #slotOf(column: TextColumn, row: number): number {
    const { bytes } = column
    const from = column.offsets[row]
    const to = column.offsets[row + 1]
    let slot = hash(bytes, from, to) & this.#mask
    while (this.#slots[slot] !== free && !this.#holds(this.#slots[slot], bytes, from, to)) slot = (slot + 1) & this.#mask
    return slot
  }

  #holds(row: number, bytes: Uint8Array, from: number, to: number): boolean {
    const own = this.#column.bytes
    const start = this.#column.offsets[row]
    if (this.#column.offsets[row + 1] - start !== to - from) return false
    // From the end: ids differ in their last digits.
    for (let i = to - from - 1; i >= 0; i--) if (own[start + i] !== bytes[from + i]) return false
    return true
  }
}

/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), its high bits folded in because only low ones are used. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let value = 0x811c9dc5
  for (let i = from; i < to; i++) value = Math.imul(value ^ bytes[i], 0x01000193)
  return value ^ (value >>> 15)
}
