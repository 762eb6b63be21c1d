// The Arrow IPC file of a table, written batch by batch as sorted rows come. Its messages are a stream behind the
// file's magic word, dictionaries before their first use, so that what a killed run leaves still reads from the front;
// the end adds the footer that other readers of files want.

import type { RowBlock } from '../history.ts'
import { recordBatch } from './batch.ts'
import { arrowSchema, columnNames, type TableSpec } from './columns.ts'
import { FileWriter } from './file-writer.ts'
import { gatherer } from './gather.ts'

const rowsPerFileBatch = 65_536

export interface TableFile {
  /** Rows in the table's order, after all that were given before; copied. */
  block(block: RowBlock): void
  /** Writes what has gathered and the footer, and closes. */
  finish(): void
}

/** Equal rows give equal bytes, however they were cut into blocks. `expected` rows or fewer will come, if it is known. */
export function openTableFile<Row>(table: TableSpec<Row>, path: string, expected = rowsPerFileBatch): TableFile {
  const schema = arrowSchema(table)
  const names = columnNames(table)
  const columns = names.map((name) => gatherer(table.columns[name], Math.min(expected, rowsPerFileBatch)))
  const writer = new FileWriter(path, schema)
  let rows = 0
  const flush = (): void => {
    writer.write(recordBatch(schema, columns.map((column) => column.take(rows)), rows))
    rows = 0
  }
  return {
    block(block) {
      for (let from = 0; from < block.length;) {
        const to = Math.min(block.length, from + rowsPerFileBatch - rows)
        names.forEach((name, at) => columns[at].put(block.columns[name], from, to, rows))
        rows += to - from
        from = to
        if (rows === rowsPerFileBatch) flush()
      }
    },
    finish() {
      // An empty table is one empty batch: readers find every dictionary that the schema names.
      if (rows > 0 || !writer.hasBatches) flush()
      writer.finish()
    },
  }
}
