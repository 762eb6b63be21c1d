// Blocks of rows back into rows, for those who take them one by one: listeners, tests, small sinks.

import type { AttemptRow, BlockColumn, RequestRow, RowBlock, SpanRow } from '../history.ts'
import { attemptTable, columnNames, requestTable, spanTable } from './columns.ts'

export interface RowTaker {
  request(row: RequestRow): void
  attempt(row: AttemptRow): void
  span?(row: SpanRow): void
}

const namesOf: Record<RowBlock['table'], string[]> = {
  requests: columnNames(requestTable), attempts: columnNames(attemptTable), spans: columnNames(spanTable),
}

/** Gives each row of the block, in order. The row object is used again for the next. */
export function expandBlock(block: RowBlock, taker: RowTaker): void {
  const names = namesOf[block.table]
  const readers = names.map((name) => reader(block.columns[name]))
  const row: Record<string, unknown> = {}
  for (let i = 0; i < block.length; i++) {
    for (let column = 0; column < names.length; column++) row[names[column]] = readers[column](i)
    if (block.table === 'requests') taker.request(row as unknown as RequestRow)
    else if (block.table === 'attempts') taker.attempt(row as unknown as AttemptRow)
    else taker.span?.(row as unknown as SpanRow)
  }
}

function reader(column: BlockColumn): (row: number) => unknown {
  switch (column.kind) {
    case 'text': {
      const text = Buffer.from(column.bytes.buffer, column.bytes.byteOffset, column.bytes.byteLength)
      return (row) => text.toString('utf8', column.offsets[row], column.offsets[row + 1])
    }
    case 'code': return (row) => column.values[column.codes[row]]
    case 'flag': return (row) => column.values[row] === 1
    default: return (row) => column.values[row]
  }
}
