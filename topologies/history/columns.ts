// The columns of the three tables: one line a field of a row. Everything else in this folder (writing, sorting,
// reading, the Arrow schema) follows from these lines, so a new column is one line here and one in the row type.

import { Bool, Dictionary, Field, Float64, Int32, Schema, Uint16, Utf8, type DataType } from 'apache-arrow'
import type { AttemptRow, RequestRow, SpanRow } from '../history.ts'
import { historyVersion } from '../history.ts'

/**
 * text: a string of its own in each row. code: one of few strings, kept once (dictionary). us: a time in
 * microseconds, or another number with fractions, float64. int32 and uint16: rounded and held within their width. flag: true or false.
 */
export type ColumnKind = 'text' | 'code' | 'us' | 'int32' | 'uint16' | 'flag'

type KindOf<Value> = Value extends boolean ? 'flag' : Value extends string ? 'text' | 'code' : 'us' | 'int32' | 'uint16'
export type Columns<Row> = { readonly [Name in keyof Row]: KindOf<Row[Name]> }

/** Order of the columns; rows are sorted by `scheduledUs`, then `id`, then the rest in this order. */
export const requestColumns = {
  id: 'text', source: 'code', scheduledUs: 'us', startUs: 'us', durationUs: 'int32', group: 'code', entry: 'code', route: 'code',
  protocol: 'code', method: 'code', gateway: 'code', region: 'code', pinned: 'code', status: 'uint16', outcome: 'code',
  attempts: 'uint16', decisionNs: 'int32', eligible: 'flag', sampled: 'flag', bytes: 'int32',
} as const satisfies Columns<RequestRow>

/** Rows are sorted by `startUs`, then `requestId`, then the rest in this order. */
export const attemptColumns = {
  requestId: 'text', attempt: 'uint16', reason: 'code', service: 'code', target: 'code', region: 'code', startUs: 'us',
  durationUs: 'int32', status: 'uint16', outcome: 'code', gateway: 'code',
} as const satisfies Columns<AttemptRow>

/** Rows are sorted by `startUs`, then `traceId`, then `spanId`, then the rest in this order. */
export const spanColumns = {
  traceId: 'text', spanId: 'text', parentSpanId: 'text', process: 'code', kind: 'code', name: 'code', startUs: 'us', durationUs: 'int32',
  requestId: 'text', route: 'code', service: 'code', region: 'code', target: 'code', status: 'uint16', attempt: 'uint16', outcome: 'code',
  kept: 'code', adjustedCount: 'us',
} as const satisfies Columns<SpanRow>

/** A table of the history: its name, its columns, and what its rows are sorted by. */
export interface TableSpec<Row> {
  name: 'requests' | 'attempts' | 'spans'
  columns: Columns<Row>
  sortBy: readonly (keyof Row & string)[]
}

export const requestTable: TableSpec<RequestRow> = { name: 'requests', columns: requestColumns, sortBy: ['scheduledUs', 'id'] }
export const attemptTable: TableSpec<AttemptRow> = { name: 'attempts', columns: attemptColumns, sortBy: ['startUs', 'requestId'] }
export const spanTable: TableSpec<SpanRow> = { name: 'spans', columns: spanColumns, sortBy: ['startUs', 'traceId', 'spanId'] }

export function columnNames<Row>(table: TableSpec<Row>): (keyof Row & string)[] {
  return Object.keys(table.columns) as (keyof Row & string)[]
}

/**
 * The Arrow schema. Dictionary ids are the column's number: the library's own counter would make two files of
 * equal rows differ. Codes take 32 bits: how many values there will be is known at the end only.
 */
export function arrowSchema<Row>(table: TableSpec<Row>): Schema {
  const fields = columnNames(table).map((name, index) => new Field(name, arrowType(table.columns[name], index), false))
  return new Schema(fields, new Map([['regatta.history', String(historyVersion)], ['regatta.table', table.name]]))
}

function arrowType(kind: ColumnKind, id: number): DataType {
  switch (kind) {
    case 'text': return new Utf8()
    case 'code': return new Dictionary(new Utf8(), new Int32(), id, false)
    case 'us': return new Float64()
    case 'int32': return new Int32()
    case 'uint16': return new Uint16()
    case 'flag': return new Bool()
  }
}

/**
 * File names in a run's folder. While the run is on there is a stream of the rows that came one by one, a file in the
 * making of those that came in blocks, or both; the sorted file replaces them at the end.
 */
export const fileOf = (table: TableSpec<never>['name']): string => `${table}.arrow`
export const streamOf = (table: TableSpec<never>['name']): string => `${table}.arrows`
export const blocksOf = (table: TableSpec<never>['name']): string => `${table}.blocks.arrow`
export const eventsFile = 'events.ndjson'
