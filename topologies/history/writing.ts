// One table while the run is on. Rows that come one by one are put in order at the end; blocks come in order and are
// written where they will stay, so that millions of rows need neither memory nor a second pass. A table that got both
// is put in order as a whole.

import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RowBlock } from '../history.ts'
import { blocksOf, columnNames, fileOf, streamOf, type TableSpec } from './columns.ts'
import { readTables } from './read-table.ts'
import { sortTable } from './sort.ts'
import { openTableStream, type TableStream } from './stream.ts'
import { openTableFile, type TableFile } from './table-file.ts'
import type { AnyColumn, ColumnMap, TableView } from './table.ts'

export interface TableWriter<Row> {
  add(row: Row): void
  block(block: RowBlock): void
  flush(): void
  /** The sorted file appears whole under its name before what it was made of goes. */
  finalise(): void
}

/** Nothing of an earlier run's table stays. */
export function removeTable<Row>({ name }: TableSpec<Row>, runDir: string): void {
  for (const old of [fileOf(name), streamOf(name), blocksOf(name)]) rmSync(join(runDir, old), { force: true })
}

export function openTable<Row>(table: TableSpec<Row>, runDir: string): TableWriter<Row> {
  const path = { file: join(runDir, fileOf(table.name)), stream: join(runDir, streamOf(table.name)), blocks: join(runDir, blocksOf(table.name)) }
  for (const old of [path.file, path.blocks]) rmSync(old, { force: true })
  // From the first moment, so that a run that is killed early reads as one without rows.
  let stream: TableStream<Row> | null = openTableStream(table, path.stream)
  let rows = 0
  let blocks: TableFile | null = null
  const discardStream = (): void => {
    stream?.close()
    stream = null
    rmSync(path.stream)
  }
  return {
    add(row) {
      rows++
      stream ??= openTableStream(table, path.stream)
      stream.add(row)
    },
    block(block) {
      if (blocks === null && rows === 0) discardStream()
      blocks ??= openTableFile(table, path.blocks)
      blocks.block(block)
    },
    flush: () => stream?.flush(),
    finalise() {
      stream?.close()
      blocks?.finish()
      if (stream !== null) finaliseSorted(table, [path.blocks, path.stream].filter((part) => existsSync(part)), path.file)
      else renameSync(path.blocks, path.file)
    },
  }
}

function finaliseSorted<Row>(table: TableSpec<Row>, parts: readonly string[], file: string): void {
  const rows = sortTable(table, readTables(table, parts, []))
  const sorted = openTableFile(table, `${file}.part`, rows.length)
  sorted.block(blockOf(table, rows))
  sorted.finish()
  renameSync(`${file}.part`, file)
  for (const part of parts) rmSync(part)
}

/** A whole table as one block. */
function blockOf<Row>(table: TableSpec<Row>, rows: ColumnMap & TableView<Row>): RowBlock {
  const columns: RowBlock['columns'] = {}
  for (const name of columnNames(table)) {
    const kind = table.columns[name]
    const column = rows[name] as AnyColumn
    columns[name] = (kind === 'text' || kind === 'code' ? { kind, ...column } : { kind, values: column }) as RowBlock['columns'][string]
  }
  return { table: table.name, length: rows.length, columns }
}
