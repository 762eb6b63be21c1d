// A run's history on its way to disk: events line by line, rows in small batches, and at the end one sorted file
// a table. Everything given so far survives the death of the runner, up to half a second of rows.

import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { RecordBatchFileWriter, Vector } from 'apache-arrow'
import type { Scheduler } from '../../gateway/ports.ts'
import { systemScheduler } from '../../gateway/runtime.ts'
import { topologyError } from '../errors.ts'
import type { HistorySink } from '../history.ts'
import { recordBatch, textData, type BatchColumn } from './batch.ts'
import { arrowSchema, attemptTable, columnNames, eventsFile, fileOf, requestTable, streamOf, type TableSpec } from './columns.ts'
import { readColumns } from './read.ts'
import { sortTable } from './sort.ts'
import { openTableStream } from './stream.ts'
import type { AnyColumn, CodeColumn, ColumnMap, TableView, TextColumn } from './table.ts'

export interface HistoryWriter extends HistorySink {
  /** Sorts what was written into the final files and closes. Idempotent; a row given later throws. */
  finalise(): Promise<void>
}

const flushMs = 500
const rowsPerFileBatch = 65_536
const mostNarrowCodes = 32_767

/** Opens the history of a run's folder (made when missing; an earlier history there is replaced). */
export function openHistory(runDir: string, scheduler: Scheduler = systemScheduler): HistoryWriter {
  mkdirSync(runDir, { recursive: true })
  for (const table of [requestTable, attemptTable]) rmSync(join(runDir, fileOf(table.name)), { force: true })
  const events = openSync(join(runDir, eventsFile), 'w')
  const requests = openTableStream(requestTable, join(runDir, streamOf('requests')))
  const attempts = openTableStream(attemptTable, join(runDir, streamOf('attempts')))
  const stopFlushing = scheduler.every(flushMs, () => {
    requests.flush()
    attempts.flush()
  })
  let open = true
  const whileOpen = <Given>(take: (given: Given) => void) => (given: Given): void => {
    if (!open) throw topologyError('RGT_HISTORY_CLOSED', 'a row or event came after the history was finalised', { hint: 'dispose of the deployment first' })
    take(given)
  }
  return {
    event: whileOpen((event) => { writeSync(events, `${JSON.stringify(event)}\n`) }),
    request: whileOpen(requests.add),
    attempt: whileOpen(attempts.add),
    async finalise() {
      if (!open) return
      open = false
      stopFlushing()
      closeSync(events)
      requests.close()
      attempts.close()
      finaliseTable(requestTable, runDir)
      finaliseTable(attemptTable, runDir)
    },
  }
}

/** Stream → sorted file. The file appears whole under its name before the stream goes. */
function finaliseTable<Row>(table: TableSpec<Row>, runDir: string): void {
  const stream = join(runDir, streamOf(table.name))
  const file = join(runDir, fileOf(table.name))
  writeFileSync(`${file}.part`, tableFile(table, sortTable(table, readColumns(table, stream, []))))
  renameSync(`${file}.part`, file)
  rmSync(stream)
}

/** Bytes of the Arrow IPC file: equal rows, equal bytes. */
function tableFile<Row>(table: TableSpec<Row>, rows: ColumnMap & TableView<Row>): Uint8Array {
  const names = columnNames(table)
  const wide = new Set(names.filter((name) => table.columns[name] === 'code' && (rows[name] as CodeColumn).values.length > mostNarrowCodes))
  const schema = arrowSchema(table, wide)
  const slices = names.map((name) => slicer(rows[name] as AnyColumn, table.columns[name] === 'flag', wide.has(name)))
  const writer = new RecordBatchFileWriter()
  // An empty table is one empty batch: readers find every dictionary that the schema names.
  for (let from = 0; from === 0 || from < rows.length; from += rowsPerFileBatch) {
    const to = Math.min(rows.length, from + rowsPerFileBatch)
    writer.write(recordBatch(schema, slices.map((slice) => slice(from, to)), to - from))
  }
  return writer.finish().toUint8Array(true)
}

/** The rows from..to of a column, as a batch wants them. A dictionary is made once for all batches. */
function slicer(column: AnyColumn, flag: boolean, wide: boolean): (from: number, to: number) => BatchColumn {
  if ('bytes' in column) return (from, to) => textSlice(column, from, to)
  if ('codes' in column) {
    const dictionary = new Vector([textData(column.values)])
    return (from, to) => {
      const codes = column.codes.slice(from, to)
      return { kind: 'code', codes: wide ? codes : Int16Array.from(codes), dictionary }
    }
  }
  if (flag) return (from, to) => ({ kind: 'flag', values: (column as Uint8Array).subarray(from, to) })
  return (from, to) => ({ kind: 'number', values: (column as Float64Array).slice(from, to) })
}

function textSlice({ offsets, bytes }: TextColumn, from: number, to: number): BatchColumn {
  const start = offsets[from]
  return {
    kind: 'bytes',
    offsets: offsets.slice(from, to + 1).map((offset) => offset - start),
    bytes: bytes.slice(start, offsets[to]),
  }
}
