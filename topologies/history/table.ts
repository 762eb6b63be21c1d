// A table in memory, column by column: typed arrays, so that three million rows fit and a check is a loop over
// numbers. `row` gives one row as an object where convenience matters more.

import type { AttemptRow, RequestRow, SpanRow } from '../history.ts'
import { columnNames, type ColumnKind, type TableSpec } from './columns.ts'

/** One string a row, kept as UTF-8. */
export interface TextColumn {
  readonly offsets: Int32Array
  readonly bytes: Uint8Array
  at(row: number): string
}

/** One of few strings a row: `values[codes[row]]`. */
export interface CodeColumn {
  readonly values: readonly string[]
  readonly codes: Int32Array
  at(row: number): string
  /** The code of a value; -1 when no row has it. */
  codeOf(value: string): number
}

type ColumnOf<Kind extends ColumnKind> =
  Kind extends 'text' ? TextColumn : Kind extends 'code' ? CodeColumn : Kind extends 'us' ? Float64Array
    : Kind extends 'int32' ? Int32Array : Kind extends 'uint16' ? Uint16Array : Uint8Array

export type TableOf<Row, Kinds extends Record<keyof Row, ColumnKind>> =
  { readonly [Name in keyof Row]: ColumnOf<Kinds[Name]> } & TableView<Row>

export interface TableView<Row> {
  readonly length: number
  /** One row as an object of its own. */
  row(index: number): Row
  rows(): IterableIterator<Row>
}

export type Requests = TableOf<RequestRow, typeof import('./columns.ts').requestColumns>
export type Attempts = TableOf<AttemptRow, typeof import('./columns.ts').attemptColumns>
export type Spans = TableOf<SpanRow, typeof import('./columns.ts').spanColumns>

export type AnyColumn = TextColumn | CodeColumn | Float64Array | Int32Array | Uint16Array | Uint8Array
export type ColumnMap = Record<string, AnyColumn>

/** A byte order mark is a character like any other here. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function textColumn(offsets: Int32Array, bytes: Uint8Array): TextColumn {
  return { offsets, bytes, at: (row) => decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])) }
}

export function codeColumn(values: readonly string[], codes: Int32Array): CodeColumn {
  return { values, codes, at: (row) => values[codes[row]], codeOf: (value) => values.indexOf(value) }
}

/** Puts columns together: those of a map, or each made when it is first asked for. */
export function tableOf<Row>(
  table: TableSpec<Row>, columns: ColumnMap | ((name: keyof Row & string) => AnyColumn), length: number,
): ColumnMap & TableView<Row> {
  const names = columnNames(table)
  const view: TableView<Row> = {
    length,
    row: (index) => Object.fromEntries(names.map((name) => [name, valueAt(made[name], table.columns[name], index)])) as Row,
    * rows() {
      for (let index = 0; index < length; index++) yield view.row(index)
    },
  }
  const made = view as ColumnMap & TableView<Row>
  for (const name of names) {
    const value = (column: AnyColumn): AnyColumn => {
      Object.defineProperty(view, name, { value: column, enumerable: true })
      return column
    }
    if (typeof columns !== 'function') value(columns[name])
    else Object.defineProperty(view, name, { configurable: true, enumerable: true, get: () => value(columns(name)) })
  }
  return made
}

export function valueAt(column: AnyColumn, kind: ColumnKind, index: number): string | number | boolean {
  if ('at' in column && (kind === 'text' || kind === 'code')) return (column as TextColumn).at(index)
  const value = (column as Float64Array)[index]
  return kind === 'flag' ? value === 1 : value
}
