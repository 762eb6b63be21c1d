// Record batches from plain columns. The only file that builds Arrow's data structures.

import { makeData, RecordBatch, Struct, Utf8, Vector, type Data, type Dictionary, type Schema } from 'apache-arrow'

/** What a column of a batch is made of; `dictionary` chunks are shared from batch to batch. */
export type BatchColumn =
  | { kind: 'text'; values: readonly string[] }
  | { kind: 'bytes'; offsets: Int32Array; bytes: Uint8Array }
  | { kind: 'code'; codes: Int16Array | Int32Array; dictionary: Vector<Utf8> }
  | { kind: 'number'; values: Float64Array | Int32Array | Uint16Array }
  | { kind: 'flag'; values: Uint8Array }

/** Columns in the order of the schema, `length` rows each. */
export function recordBatch(schema: Schema, columns: readonly BatchColumn[], length: number): RecordBatch {
  const children = schema.fields.map((field, index) => columnData(field.type, columns[index], length))
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }))
}

/** Strings of a dictionary; a chunk more is written as a delta. */
export function textData(values: readonly string[]): Data<Utf8> {
  const { offsets, bytes } = encodeTexts(values)
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, valueOffsets: offsets, data: bytes })
}

function columnData(type: Schema['fields'][number]['type'], column: BatchColumn, length: number): Data {
  switch (column.kind) {
    case 'text': return textData(column.values)
    case 'bytes': return makeData({ type: new Utf8(), length, nullCount: 0, valueOffsets: column.offsets, data: column.bytes })
    case 'code': return makeData({ type: type as Dictionary, length, nullCount: 0, data: column.codes, dictionary: column.dictionary })
    case 'number': return makeData({ type, length, nullCount: 0, data: column.values } as never)
    case 'flag': return makeData({ type, length, nullCount: 0, data: packBits(column.values) } as never)
  }
}

/** UTF-8 of many strings at once. Each apart when one is not ASCII, because halves of a surrogate pair must not join. */
export function encodeTexts(values: readonly string[]): { offsets: Int32Array; bytes: Uint8Array } {
  const offsets = new Int32Array(values.length + 1)
  const joined = values.join('')
  const ascii = Buffer.from(joined, 'utf8')
  if (ascii.length === joined.length) {
    for (let i = 0; i < values.length; i++) offsets[i + 1] = offsets[i] + values[i].length
    return { offsets, bytes: new Uint8Array(ascii) }
  }
  const parts = values.map((value) => Buffer.from(value, 'utf8'))
  parts.forEach((part, i) => { offsets[i + 1] = offsets[i] + part.length })
  return { offsets, bytes: new Uint8Array(Buffer.concat(parts)) }
}

/** Least significant bit first, padded to whole 8 bytes, as Arrow's columnar format says. */
function packBits(flags: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 64) * 8)
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) bits[i >> 3] |= 1 << (i & 7)
  return bits
}

export function unpackBits(bits: Uint8Array, offset: number, length: number, into: Uint8Array, at: number): void {
  for (let i = 0; i < length; i++) into[at + i] = (bits[(offset + i) >> 3] >> ((offset + i) & 7)) & 1
}
