// Tables as columns: every row's fields lie in typed arrays over one buffer, so that a table is one
// allocation, costs the garbage collector nothing, and may lie in shared memory when the caller says so.

/** Gives the memory of one table. The default is a plain ArrayBuffer; worker threads pass a shared one. */
export type Allocate = (bytes: number) => ArrayBuffer | SharedArrayBuffer

const kinds = { f64: Float64Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array } as const
type Kind = keyof typeof kinds

export type ColumnSpec = Record<string, Kind>
export type Columns<Spec extends ColumnSpec> = { -readonly [Name in keyof Spec]: InstanceType<(typeof kinds)[Spec[Name]]> }

const order: readonly Kind[] = ['f64', 'i32', 'u32', 'u8']

export const plainMemory: Allocate = (bytes) => new ArrayBuffer(bytes)

/** Lays a table of `rows` rows, all zero; wide columns first, so that every column is aligned. */
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

/** A longer table that begins with the rows of `from`. */
export function growColumns<Spec extends ColumnSpec>(spec: Spec, from: Columns<Spec>, rows: number, allocate: Allocate): Columns<Spec> {
  const grown = layColumns(spec, rows, allocate)
  for (const name of Object.keys(spec)) grown[name].set(from[name] as never)
  return grown
}

/** Copies one row between two tables of the same shape. */
export function copyRow<Spec extends ColumnSpec>(spec: Spec, from: Columns<Spec>, row: number, to: Columns<Spec>, toRow: number): void {
  for (const name of Object.keys(spec)) to[name][toRow] = from[name][row]
}
