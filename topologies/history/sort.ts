// Puts a table's rows in their order. The order is total over the content of rows, so the order in which processes
// happened to report them never shows in the files of a run.

import { columnNames, type ColumnKind, type TableSpec } from './columns.ts'
import { codeColumn, tableOf, textColumn, type AnyColumn, type ColumnMap, type TableView } from './table.ts'

/** Rows in the table's order: its sort columns first, then all others, so that equal rows give equal files. */
export function sortTable<Row>(table: TableSpec<Row>, unsorted: ColumnMap & TableView<Row>): ColumnMap & TableView<Row> {
  const names = [...new Set([...table.sortBy, ...columnNames(table)])]
  const compare = names.map((name) => comparison(unsorted[name] as AnyColumn, table.columns[name]))
  const order = Uint32Array.from({ length: unsorted.length }, (_, index) => index)
  order.sort((a, b) => {
    for (const by of compare) {
      const difference = by(a, b)
      if (difference !== 0) return difference
    }
    return a - b
  })
  const columns: ColumnMap = {}
  for (const name of columnNames(table)) columns[name] = permute(unsorted[name] as AnyColumn, order)
  return tableOf(table, columns, unsorted.length)
}

function comparison(column: AnyColumn, kind: ColumnKind): (a: number, b: number) => number {
  if (kind === 'text' || kind === 'code') {
    const { at } = column as { at(row: number): string }
    return (a, b) => {
      const [one, other] = [at(a), at(b)]
      return one < other ? -1 : one > other ? 1 : 0
    }
  }
  return (a, b) => (column as Float64Array)[a] - (column as Float64Array)[b]
}

function permute(column: AnyColumn, order: Uint32Array): AnyColumn {
  if ('bytes' in column) return permuteTexts(column.offsets, column.bytes, order)
  if ('codes' in column) return recode(column.values, column.codes, order)
  const sorted = new (column.constructor as Float64ArrayConstructor)(order.length)
  for (let i = 0; i < order.length; i++) sorted[i] = column[order[i]]
  return sorted
}

function permuteTexts(offsets: Int32Array, bytes: Uint8Array, order: Uint32Array): AnyColumn {
  const moved = new Uint8Array(bytes.length)
  const starts = new Int32Array(order.length + 1)
  for (let i = 0; i < order.length; i++) {
    moved.set(bytes.subarray(offsets[order[i]], offsets[order[i] + 1]), starts[i])
    starts[i + 1] = starts[i] + offsets[order[i] + 1] - offsets[order[i]]
  }
  return textColumn(starts, moved)
}

/** Codes count up in the order in which sorted rows first use them, whatever order the run met them in. */
function recode(values: readonly string[], codes: Int32Array, order: Uint32Array): AnyColumn {
  const fresh = new Int32Array(values.length).fill(-1)
  const used: string[] = []
  const sorted = new Int32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const code = codes[order[i]]
    if (fresh[code] === -1) fresh[code] = used.push(values[code]) - 1
    sorted[i] = fresh[code]
  }
  return codeColumn(used, sorted)
}
