// Tables in typed arrays over one buffer, so that a table costs the garbage collector nothing and may lie in
// shared memory. What every request touches lies as *rows*, a cache line each: at thousands of services memory is
// what an event costs, and a row is one line where fields apart would be a dozen. What only trouble touches lies as
// *columns*, which read better.

/** Gives the memory of one table. The default is a plain ArrayBuffer; worker threads pass a shared one. */
export type Allocate = (bytes: number) => ArrayBuffer | SharedArrayBuffer

export const plainMemory: Allocate = (bytes) => new ArrayBuffer(bytes)

/** A row is 16 words or 8 times over the same 64 bytes: the time at n lies over the words at 2n and 2n + 1. */
export const rowWords = 16
export const rowTimes = 8
const rowBytes = 64

export interface Rows { words: Int32Array; times: Float64Array }

/** Lays `rows` rows, all zero. */
export function layRows(rows: number, allocate: Allocate): Rows {
  const memory = allocate(rows * rowBytes)
  return { words: new Int32Array(memory), times: new Float64Array(memory) }
}

/** A longer table that begins with the rows of `from`. */
export function growRows(from: Rows, rows: number, allocate: Allocate): Rows {
  const grown = layRows(rows, allocate)
  grown.words.set(from.words)
  return grown
}

/** Copies one row between two tables. */
export function copyRow(from: Rows, row: number, to: Rows, toRow: number): void {
  to.words.set(from.words.subarray(row * rowWords, (row + 1) * rowWords), toRow * rowWords)
}

const kinds = { f64: Float64Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array } as const
type Kind = keyof typeof kinds

export type ColumnSpec = Record<string, Kind>
export type Columns<Spec extends ColumnSpec> = { -readonly [Name in keyof Spec]: InstanceType<(typeof kinds)[Spec[Name]]> }

const order: readonly Kind[] = ['f64', 'i32', 'u32', 'u8']

/** Lays columns of `rows` rows, all zero; wide ones first, so that every column is aligned. */
export function layColumns<Spec extends ColumnSpec>(spec: Spec, rows: number, allocate: Allocate): Columns<Spec> {
  const names = Object.keys(spec).sort((a, b) => order.indexOf(spec[a]) - order.indexOf(spec[b]))
  const bytes = names.reduce((sum, name) => sum + rows * kinds[spec[name]].BYTES_PER_ELEMENT, 0)
  const memory = allocate(bytes)
  const columns: Record<string, unknown> = {}
  let offset = 0
  for (const name of names) {
    const View = kinds[spec[name]] as new (memory: ArrayBufferLike, offset: number, rows: number) => Uint8Array
    columns[name] = new View(memory, offset, rows)
    offset += rows * kinds[spec[name]].BYTES_PER_ELEMENT
  }
  return columns as Columns<Spec>
}

/** Copies the columns of one row between two tables of the same shape. */
export function copyColumns<Spec extends ColumnSpec>(spec: Spec, from: Columns<Spec>, row: number, to: Columns<Spec>, toRow: number): void {
  for (const name of Object.keys(spec)) to[name][toRow] = from[name][row]
}
