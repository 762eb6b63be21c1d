// Columns of blocks, gathered into the columns of a batch of the file. Codes are counted anew in the order in which
// rows first use a string, so that equal rows give equal files whatever lists their writers kept.

import { Vector, type Data, type Utf8 } from 'apache-arrow'
import type { BlockColumn } from '../history.ts'
import { textData, type BatchColumn } from './batch.ts'
import type { ColumnKind } from './columns.ts'

export interface Gatherer {
  /** Copies rows from..to of a block's column to place `at`. */
  put(column: BlockColumn, from: number, to: number, at: number): void
  /** The first `length` rows; valid until the next `put`. */
  take(length: number): BatchColumn
}

/** For batches of up to `rows` rows. */
export function gatherer(kind: ColumnKind, rows: number): Gatherer {
  switch (kind) {
    case 'text': return gatherTexts(rows)
    case 'code': return gatherCodes(rows)
    case 'us': return gatherNumbers(new Float64Array(rows))
    case 'int32': return gatherNumbers(new Int32Array(rows))
    case 'uint16': return gatherNumbers(new Uint16Array(rows))
    case 'flag': {
      const flags = new Uint8Array(rows)
      return {
        put: (column, from, to, at) => flags.set((column as ColumnOf<'flag'>).values.subarray(from, to), at),
        take: (length) => ({ kind: 'flag', values: flags.subarray(0, length) }),
      }
    }
  }
}

type ColumnOf<Kind extends BlockColumn['kind']> = Extract<BlockColumn, { kind: Kind }>

function gatherNumbers(values: Float64Array | Int32Array | Uint16Array): Gatherer {
  return {
    put: (column, from, to, at) => values.set((column as ColumnOf<'us' | 'int32' | 'uint16'>).values.subarray(from, to), at),
    take: (length) => ({ kind: 'number', values: values.subarray(0, length) }),
  }
}

function gatherTexts(rows: number): Gatherer {
  const offsets = new Int32Array(rows + 1)
  let bytes = new Uint8Array(rows * 16)
  return {
    put(column, from, to, at) {
      const given = column as ColumnOf<'text'>
      const start = given.offsets[from]
      const size = given.offsets[to] - start
      const used = offsets[at]
      if (used + size > bytes.length) {
        const grown = new Uint8Array(Math.max(used + size, bytes.length * 2))
        grown.set(bytes.subarray(0, used))
        bytes = grown
      }
      bytes.set(given.bytes.subarray(start, start + size), used)
      for (let row = from, i = at + 1; row < to; row++, i++) offsets[i] = given.offsets[row + 1] - start + used
    },
    take: (length) => ({ kind: 'bytes', offsets: offsets.subarray(0, length + 1), bytes: bytes.subarray(0, offsets[length]) }),
  }
}

const unknown = -1

function gatherCodes(rows: number): Gatherer {
  const codes = new Int32Array(rows)
  const known = new Map<string, number>()
  const chunks: Data<Utf8>[] = []
  let fresh: string[] = []
  /** By list of values: their codes here. */
  const meanings = new WeakMap<readonly string[], Int32Array>()
  const learn = (value: string): number => {
    const code = known.get(value)
    if (code !== undefined) return code
    fresh.push(value)
    known.set(value, known.size)
    return known.size - 1
  }
  return {
    put(column, from, to, at) {
      const given = column as ColumnOf<'code'>
      const meaning = meaningOf(meanings, given.values)
      const source = given.codes
      for (let row = from, i = at; row < to; row++, i++) {
        const code = source[row]
        if (meaning[code] === unknown) meaning[code] = learn(given.values[code])
        codes[i] = meaning[code]
      }
    },
    take(length) {
      // An empty dictionary is written too: readers of files look for each that the schema names.
      if (fresh.length > 0 || chunks.length === 0) chunks.push(textData(fresh))
      fresh = []
      return { kind: 'code', codes: codes.subarray(0, length), dictionary: new Vector(chunks.slice()) }
    },
  }
}

/** As long as its list is now. */
function meaningOf(meanings: WeakMap<readonly string[], Int32Array>, values: readonly string[]): Int32Array {
  const meaning = meanings.get(values)
  if (meaning !== undefined && meaning.length >= values.length) return meaning
  const longer = new Int32Array(values.length * (meaning === undefined ? 1 : 2)).fill(unknown)
  if (meaning !== undefined) longer.set(meaning)
  meanings.set(values, longer)
  return longer
}
