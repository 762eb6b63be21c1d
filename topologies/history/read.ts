// Reads a run's history, finished or killed in the middle: the sorted files when they are there, the streams as
// far as they are whole otherwise. What could not be read is said in `notes`; nothing is dropped silently.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RecordBatchReader, type Data, type RecordBatch, type Vector } from 'apache-arrow'
import { historyVersion, type HistoryEvent } from '../history.ts'
import { topologyError } from '../errors.ts'
import { unpackBits } from './batch.ts'
import { attemptTable, columnNames, eventsFile, fileOf, requestTable, streamOf, type ColumnKind, type TableSpec } from './columns.ts'
import { sortTable } from './sort.ts'
import { codeColumn, tableOf, textColumn, type AnyColumn, type Attempts, type ColumnMap, type Requests, type TableView, type TextColumn } from './table.ts'

export interface History {
  /** Sorted by time; equal times in the order of the file. */
  events: HistoryEvent[]
  requests: Requests
  attempts: Attempts
  /** What is missing, torn or unreadable, one sentence each; empty for a run that ended well. */
  notes: string[]
}

/**
 * Reads the history of a run's folder. Rows are sorted whether the run ended or not. Throws RGT_HISTORY_FORMAT when a
 * file is of a later version or not ours at all; damage at the end of a file only makes a note.
 */
export function readHistory(runDir: string): History {
  const notes: string[] = []
  const requests = readTable(requestTable, runDir, notes) as unknown as Requests
  const attempts = readTable(attemptTable, runDir, notes) as unknown as Attempts
  return { events: readEvents(join(runDir, eventsFile), notes), requests, attempts, notes }
}

/** Events of `events.ndjson`, sorted by time. */
function readEvents(path: string, notes: string[]): HistoryEvent[] {
  if (!existsSync(path)) {
    notes.push(`${eventsFile} is missing`)
    return []
  }
  const lines = readFileSync(path, 'utf8').split('\n')
  const torn = lines.pop() !== ''
  if (torn) notes.push(`${eventsFile} ends in a torn line, which is left out`)
  const events: HistoryEvent[] = []
  lines.forEach((line, index) => {
    const event = parseEvent(line)
    if (event === null) notes.push(`${eventsFile}:${index + 1} is not an event and is left out`)
    else events.push(event)
  })
  return events.sort((a, b) => a.atUs - b.atUs)
}

function parseEvent(line: string): HistoryEvent | null {
  try {
    const event = JSON.parse(line) as HistoryEvent
    return Number.isFinite(event?.atUs) && typeof event.kind === 'string' && typeof event.source === 'string' ? event : null
  } catch {
    return null
  }
}

function readTable<Row>(table: TableSpec<Row>, runDir: string, notes: string[]): ColumnMap & TableView<Row> {
  const file = join(runDir, fileOf(table.name))
  if (existsSync(file)) return readColumns(table, file, notes)
  const stream = join(runDir, streamOf(table.name))
  if (existsSync(stream)) return sortTable(table, readColumns(table, stream, notes))
  notes.push(`${fileOf(table.name)} is missing`)
  return gatherBatches(table, [])
}

/** Every whole batch of a file or stream, in its order. */
export function readColumns<Row>(table: TableSpec<Row>, path: string, notes: string[]): ColumnMap & TableView<Row> {
  const bytes = readFileSync(path)
  const name = path.slice(path.lastIndexOf('/') + 1)
  const batches: RecordBatch[] = []
  if (bytes.length === 0) notes.push(`${name} is empty: the run ended before its first row`)
  else {
    try {
      const reader = RecordBatchReader.from(bytes).open()
      checkSchema(table, reader.schema.metadata, reader.schema.fields.map((field) => field.name), path)
      for (let next = reader.next(); next.done !== true; next = reader.next()) batches.push(next.value as RecordBatch)
      if (!endsWell(bytes)) notes.push(`${name} has no end mark: the run did not end by itself`)
    } catch (error) {
      if (error instanceof Error && error.name === 'CodedError') throw error
      notes.push(`${name} is torn: ${batches.length} whole batches were read, what follows is left out (${(error as Error).message})`)
    }
  }
  return gatherBatches(table, batches)
}

function checkSchema<Row>(table: TableSpec<Row>, metadata: Map<string, string>, fields: readonly string[], path: string): void {
  const version = Number(metadata.get('regatta.history'))
  const missing = columnNames(table).filter((name) => !fields.includes(name))
  if (version >= 1 && version <= historyVersion && metadata.get('regatta.table') === table.name && missing.length === 0) return
  throw topologyError('RGT_HISTORY_FORMAT', `this is no table of ${table.name} that can be read`, {
    place: { file: path },
    expected: `regatta.history 1 to ${historyVersion} with columns ${columnNames(table).join(', ')}`,
    found: missing.length === 0 ? `regatta.history ${metadata.get('regatta.history') ?? 'none'}` : `no column ${missing.join(', ')}`,
    hint: version > historyVersion ? 'read it with the version of Regatta that wrote it, or a later one' : 'is it the folder of a run?',
  })
}

/** Stream: continuation and nought. File: the magic word. https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format */
function endsWell(bytes: Uint8Array): boolean {
  const end = Buffer.from(bytes.subarray(Math.max(0, bytes.length - 8)))
  return end.equals(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])) || end.toString('latin1').endsWith('ARROW1')
}

function gatherBatches<Row>(table: TableSpec<Row>, batches: readonly RecordBatch[]): ColumnMap & TableView<Row> {
  const length = batches.reduce((sum, batch) => sum + batch.numRows, 0)
  const columns: ColumnMap = {}
  for (const name of columnNames(table)) {
    const chunks = batches.map((batch) => (batch.getChild(name) as Vector).data[0])
    columns[name] = gatherColumn(table.columns[name], chunks, length)
  }
  return tableOf(table, columns, length)
}

function gatherColumn(kind: ColumnKind, chunks: readonly Data[], length: number): AnyColumn {
  switch (kind) {
    case 'text': return gatherTexts(chunks, length)
    case 'code': return gatherCodes(chunks, length)
    case 'us': return gatherNumbers(chunks, new Float64Array(length))
    case 'int32': return gatherNumbers(chunks, new Int32Array(length))
    case 'uint16': return gatherNumbers(chunks, new Uint16Array(length))
    case 'flag': {
      const values = new Uint8Array(length)
      let at = 0
      for (const chunk of chunks) {
        unpackBits(chunk.values as Uint8Array, chunk.offset, chunk.length, values, at)
        at += chunk.length
      }
      return values
    }
  }
}

function gatherNumbers<Numbers extends Float64Array | Int32Array | Uint16Array>(chunks: readonly Data[], values: Numbers): Numbers {
  let at = 0
  for (const chunk of chunks) {
    values.set((chunk.values as Numbers).subarray(0, chunk.length) as never, at)
    at += chunk.length
  }
  return values
}

function gatherTexts(chunks: readonly Data[], length: number): TextColumn {
  const size = chunks.reduce((sum, { valueOffsets, length: rows }) => sum + (valueOffsets as Int32Array)[rows] - (valueOffsets as Int32Array)[0], 0)
  const offsets = new Int32Array(length + 1)
  const bytes = new Uint8Array(size)
  let row = 0
  let at = 0
  for (const chunk of chunks) {
    const starts = chunk.valueOffsets as Int32Array
    bytes.set((chunk.values as Uint8Array).subarray(starts[0], starts[chunk.length]), at)
    for (let i = 0; i < chunk.length; i++) offsets[++row] = at + starts[i + 1] - starts[0]
    at = offsets[row]
  }
  return textColumn(offsets, bytes)
}

/** Codes of different batches may mean different strings: each chunk's are translated. */
function gatherCodes(chunks: readonly Data[], length: number): AnyColumn {
  const codes = new Int32Array(length)
  const known = new Map<string, number>()
  let at = 0
  for (const chunk of chunks) {
    const { data, length: count } = chunk.dictionary as Vector
    const texts = gatherTexts(data, count)
    const meaning = Int32Array.from({ length: count }, (_, index) => {
      const value = texts.at(index)
      if (!known.has(value)) known.set(value, known.size)
      return known.get(value) as number
    })
    const values = chunk.values as Int32Array
    for (let i = 0; i < chunk.length; i++) codes[at++] = meaning[values[i]]
  }
  return codeColumn([...known.keys()], codes)
}
