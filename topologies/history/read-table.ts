// A table of the history from its files, a column at a time and only when it is asked for: judging needs half of
// what is recorded, and millions of rows whole would need twice the memory.

import { topologyError } from '../errors.ts'
import { historyVersion } from '../history.ts'
import { unpackBits } from './batch.ts'
import { columnNames, type ColumnKind, type TableSpec } from './columns.ts'
import { readInto, scan, withScanned, type ScannedBatch, type ScannedField, type ScannedFile } from './scan.ts'
import { codeColumn, tableOf, textColumn, type AnyColumn, type ColumnMap, type TableView } from './table.ts'

/** Every whole batch of some files or streams, one after the other. What is missing is told in `notes`. */
export function readTables<Row>(table: TableSpec<Row>, paths: readonly string[], notes: string[]): ColumnMap & TableView<Row> {
  const files = paths.map(scan)
  for (const file of files) {
    if (file.metadata.size > 0 || file.fields.size > 0) checkSchema(table, file)
    notes.push(...problemOf(file))
  }
  const batches = files.flatMap((file) => file.batches)
  const length = batches.reduce((sum, { rows }) => sum + rows, 0)
  return tableOf(table, (name) => readColumn(table.columns[name], name, batches, length), length)
}

function problemOf({ path, problem, batches }: ScannedFile): string[] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (problem === null) return []
  if (problem === 'empty') return [`${name} is empty: the run ended before its first row`]
  if (problem === 'no end mark') return [`${name} has no end mark: the run did not end by itself`]
  return [`${name} is torn: ${batches.length} whole batches were read, what follows is left out (${problem.torn})`]
}

function checkSchema<Row>(table: TableSpec<Row>, { metadata, fields, path }: ScannedFile): void {
  const version = Number(metadata.get('regatta.history'))
  const missing = columnNames(table).filter((name) => !fields.has(name))
  if (version >= 1 && version <= historyVersion && metadata.get('regatta.table') === table.name && missing.length === 0) return
  throw topologyError('RGT_HISTORY_FORMAT', `this is no table of ${table.name} that can be read`, {
    place: { file: path },
    expected: `regatta.history 1 to ${historyVersion} with columns ${columnNames(table).join(', ')}`,
    found: missing.length === 0 ? `regatta.history ${metadata.get('regatta.history') ?? 'none'}` : `no column ${missing.join(', ')}`,
    hint: version > historyVersion ? 'read it with the version of Regatta that wrote it, or a later one' : 'is it the folder of a run?',
  })
}

function readColumn(kind: ColumnKind, name: string, batches: readonly ScannedBatch[], length: number): AnyColumn {
  switch (kind) {
    case 'text': return readTexts(name, batches, length)
    case 'code': return readCodes(name, batches, length)
    case 'us': return readNumbers(name, batches, new Float64Array(length))
    case 'int32': return readNumbers(name, batches, new Int32Array(length))
    case 'uint16': return readNumbers(name, batches, new Uint16Array(length))
    case 'flag': {
      const flags = new Uint8Array(length)
      eachBatch(name, batches, (batch, field, at, fill) => {
        unpackBits(fill(field.buffer + 1, new Uint8Array(Math.ceil(batch.rows / 8))), 0, batch.rows, flags, at)
      })
      return flags
    }
  }
}

/** Fills an array with the beginning of a buffer of the batch. */
type Fill = <Bytes extends Uint8Array | Uint16Array | Int8Array | Int16Array | Int32Array | Float64Array>(buffer: number, into: Bytes) => Bytes

function eachBatch(name: string, batches: readonly ScannedBatch[], visit: (batch: ScannedBatch, field: ScannedField, at: number, fill: Fill) => void): void {
  let at = 0
  for (const [file, own] of Map.groupBy(batches, (batch) => batch.file)) {
    const field = file.fields.get(name) as ScannedField
    withScanned(file, (descriptor) => {
      for (const batch of own) {
        visit(batch, field, at, (buffer, into) => {
          readInto(descriptor, new Uint8Array(into.buffer, into.byteOffset, into.byteLength), batch.buffers[buffer].offset)
          return into
        })
        at += batch.rows
      }
    })
  }
}

function readNumbers<Numbers extends Float64Array | Int32Array | Uint16Array>(name: string, batches: readonly ScannedBatch[], values: Numbers): Numbers {
  eachBatch(name, batches, (batch, { buffer }, at, fill) => { fill(buffer + 1, values.subarray(at, at + batch.rows)) })
  return values
}

function readTexts(name: string, batches: readonly ScannedBatch[], length: number): AnyColumn {
  const offsets = new Int32Array(length + 1)
  eachBatch(name, batches, ({ rows }, { buffer }, at, fill) => {
    if (rows === 0) return
    const starts = fill(buffer + 1, new Int32Array(rows + 1))
    for (let i = 0, base = offsets[at] - starts[0]; i < rows; i++) offsets[at + i + 1] = base + starts[i + 1]
  })
  const bytes = new Uint8Array(offsets[length])
  eachBatch(name, batches, ({ rows }, { buffer }, at, fill) => { fill(buffer + 2, bytes.subarray(offsets[at], offsets[at + rows])) })
  return textColumn(offsets, bytes)
}

/** Codes of different batches may mean different strings: where lists differ, each batch's are translated. */
function readCodes(name: string, batches: readonly ScannedBatch[], length: number): AnyColumn {
  const codes = new Int32Array(length)
  const known = new Map<string, number>()
  const meanings = new Map<readonly string[], Int32Array | null>()
  eachBatch(name, batches, ({ rows, dictionaries }, { buffer, dictionary }, at, fill) => {
    const { id, codeBytes } = dictionary as NonNullable<ScannedField['dictionary']>
    const values = dictionaries.get(id) ?? []
    if (!meanings.has(values)) meanings.set(values, meaningOf(values, known))
    const meaning = meanings.get(values) ?? null
    const own = codes.subarray(at, at + rows)
    if (codeBytes === 4) fill(buffer + 1, own)
    else own.set(fill(buffer + 1, codeBytes === 2 ? new Int16Array(rows) : new Int8Array(rows)))
    if (meaning !== null) for (let i = 0; i < rows; i++) own[i] = meaning[own[i]]
  })
  return codeColumn([...known.keys()], codes)
}

/** Null when a code means what it says. */
function meaningOf(values: readonly string[], known: Map<string, number>): Int32Array | null {
  const meaning = Int32Array.from(values, (value) => {
    if (!known.has(value)) known.set(value, known.size)
    return known.get(value) as number
  })
  return meaning.every((code, index) => code === index) ? null : meaning
}
