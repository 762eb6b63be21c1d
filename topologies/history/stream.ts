// One table while the run is on: rows gather in column buffers and go out as a record batch of the Arrow IPC
// stream, in one write, so that a runner that is killed leaves whole batches behind and at most one torn.

import { openSync, closeSync, writeSync } from 'node:fs'
import { AsyncByteQueue, RecordBatchStreamWriter, Vector, type Data, type Utf8 } from 'apache-arrow'
import { recordBatch, textData, type BatchColumn } from './batch.ts'
import { arrowSchema, columnNames, type ColumnKind, type TableSpec } from './columns.ts'

export const rowsPerBatch = 1_000

export interface TableStream<Row> {
  /** Copies the row. */
  add(row: Row): void
  /** Writes what has gathered; returns when the kernel has it. */
  flush(): void
  /** Writes the end mark. */
  close(): void
}

/** Arrow's writer wants a queue; this one keeps the chunks of one write together. */
class Chunks extends AsyncByteQueue {
  readonly chunks: Uint8Array[] = []
  override write(chunk: Uint8Array): void {
    this.chunks.push(chunk)
  }
}

export function openTableStream<Row>(table: TableSpec<Row>, path: string): TableStream<Row> {
  const schema = arrowSchema(table)
  const names = columnNames(table)
  const gathered = names.map((name) => gather(table.columns[name]))
  const sink = new Chunks()
  const writer = new RecordBatchStreamWriter()
  const descriptor = openSync(path, 'w')
  let rows = 0
  const writeOut = (): void => {
    const bytes = Buffer.concat(sink.chunks.splice(0))
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done)
  }
  writer.reset(sink, schema)
  writeOut()
  const flush = (): void => {
    if (rows === 0) return
    writer.write(recordBatch(schema, gathered.map((column) => column.take(rows)), rows))
    rows = 0
    writeOut()
  }
  return {
    add(row) {
      for (let i = 0; i < names.length; i++) gathered[i].put(rows, row[names[i]] as never)
      if (++rows === rowsPerBatch) flush()
    },
    flush,
    close() {
      flush()
      writer.finish()
      writeOut()
      closeSync(descriptor)
    },
  }
}

interface Gathered {
  put(index: number, value: never): void
  take(length: number): BatchColumn
}

function gather(kind: ColumnKind): Gathered {
  switch (kind) {
    case 'text': return gatherText()
    case 'code': return gatherCodes()
    case 'us': return gatherNumbers(new Float64Array(rowsPerBatch), (value) => value)
    case 'int32': return gatherNumbers(new Int32Array(rowsPerBatch), (value) => within(value, -2_147_483_648, 2_147_483_647))
    case 'uint16': return gatherNumbers(new Uint16Array(rowsPerBatch), (value) => within(value, 0, 65_535))
    case 'flag': {
      const values = new Uint8Array(rowsPerBatch)
      return {
        put: (index: number, value: boolean) => { values[index] = value ? 1 : 0 },
        take: (length) => ({ kind: 'flag', values: values.subarray(0, length) }),
      }
    }
  }
}

function gatherNumbers<Numbers extends Float64Array | Int32Array | Uint16Array>(values: Numbers, fit: (value: number) => number): Gathered {
  return {
    put: (index: number, value: number) => { values[index] = fit(value) },
    take: (length) => ({ kind: 'number', values: values.slice(0, length) }),
  }
}

function gatherText(): Gathered {
  let values: string[] = []
  return {
    put: (index: number, value: string) => { values[index] = value },
    take() {
      const taken = values
      values = []
      return { kind: 'text', values: taken }
    },
  }
}

function gatherCodes(): Gathered {
  const codes = new Int32Array(rowsPerBatch)
  const known = new Map<string, number>()
  const chunks: Data<Utf8>[] = []
  let fresh: string[] = []
  return {
    put(index: number, value: string) {
      let code = known.get(value)
      if (code === undefined) {
        code = known.size
        known.set(value, code)
        fresh.push(value)
      }
      codes[index] = code
    },
    take(length) {
      if (fresh.length > 0) chunks.push(textData(fresh))
      fresh = []
      return { kind: 'code', codes: codes.slice(0, length), dictionary: new Vector(chunks.slice()) }
    },
  }
}

/** Whole and within the column's width; what is not a number is nought. */
function within(value: number, low: number, high: number): number {
  return Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, Math.round(value)))
}
