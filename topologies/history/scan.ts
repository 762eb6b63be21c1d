// Where everything lies in an Arrow file or stream: only its metadata and dictionaries are read here, so that columns
// can be fetched one by one, straight into their place, and a file larger than memory is no matter.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Dictionary, Message, type Schema } from 'apache-arrow'
import { Footer } from 'apache-arrow/ipc/metadata/file'
import { topologyError } from '../errors.ts'

/** Buffers of the columns of some rows. */
export interface ScannedBatch {
  file: ScannedFile
  rows: number
  /** All buffers in the order of the schema; offsets from the start of the file. */
  buffers: readonly { offset: number; length: number }[]
  /** By id; a list may grow after this batch, which uses its beginning only. */
  dictionaries: ReadonlyMap<number, readonly string[]>
}

/** Where a column is among the buffers of a batch. */
export interface ScannedField {
  /** Index of its validity; its values follow (of texts: offsets, then bytes). */
  buffer: number
  /** Id of its dictionary, and width of a code in bytes; null when it has none. */
  dictionary: { id: number; codeBytes: number } | null
}

export interface ScannedFile {
  path: string
  metadata: Map<string, string>
  fields: Map<string, ScannedField>
  batches: ScannedBatch[]
  /** Null when the file ends as it should. */
  problem: 'empty' | 'no end mark' | { torn: string } | null
  size: number
  modifiedMs: number
}

/** Runs `read` on the open file; throws RGT_HISTORY_FORMAT when it is not the file that was scanned any more. */
export function withScanned<Result>(file: ScannedFile, read: (descriptor: number) => Result): Result {
  return withFile(file.path, (descriptor, size, modifiedMs) => {
    if (size === file.size && modifiedMs === file.modifiedMs) return read(descriptor)
    throw topologyError('RGT_HISTORY_FORMAT', 'the file was replaced while it was being read', { place: { file: file.path }, hint: 'read the history again' })
  })
}

function withFile<Result>(path: string, read: (descriptor: number, size: number, modifiedMs: number) => Result): Result {
  const descriptor = openSync(path, 'r')
  try {
    const { size, mtimeMs } = fstatSync(descriptor)
    return read(descriptor, size, mtimeMs)
  } finally {
    closeSync(descriptor)
  }
}

/** Fills `into` from a place of the file. */
export function readInto(descriptor: number, into: Uint8Array, offset: number): void {
  for (let done = 0; done < into.length;) {
    const count = readSync(descriptor, into, done, into.length - done, offset + done)
    if (count === 0) throw new Error('the file ends before what its metadata names')
    done += count
  }
}

export function scan(path: string): ScannedFile {
  return withFile(path, (descriptor, size, modifiedMs) => {
    const file: ScannedFile = { path, metadata: new Map(), fields: new Map(), batches: [], problem: null, size, modifiedMs }
    if (size === 0) return { ...file, problem: 'empty' }
    try {
      new Scanner(descriptor, file).scan()
    } catch (error) {
      file.problem = { torn: (error as Error).message }
    }
    return file
  })
}

/** `ARROW1`, at both ends of a file. https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format */
const magic = Buffer.from('ARROW1')
const paddedMagic = 8
const mostMetadata = 1 << 28

class Scanner {
  readonly #descriptor: number
  readonly #file: ScannedFile
  #dictionaries = new Map<number, string[]>()

  constructor(descriptor: number, file: ScannedFile) {
    this.#descriptor = descriptor
    this.#file = file
  }

  scan(): void {
    const { size } = this.#file
    const isFile = size >= paddedMagic && magic.equals(this.#read(0, magic.length))
    if (isFile && size > 2 * paddedMagic + 10 && magic.equals(this.#read(size - magic.length, magic.length))) this.#scanFooter()
    else this.#scanMessages(isFile ? paddedMagic : 0)
  }

  #read(offset: number, length: number): Uint8Array {
    if (!(length >= 0 && offset >= 0 && offset + length <= this.#file.size)) throw new Error('it ends within a message')
    const bytes = new Uint8Array(length)
    readInto(this.#descriptor, bytes, offset)
    return bytes
  }

  #scanFooter(): void {
    const tail = this.#file.size - magic.length - 4
    const length = view(this.#read(tail, 4)).getInt32(0, true)
    const footer = Footer.decode(this.#read(tail - length, length))
    this.#setSchema(footer.schema)
    for (const blocks of [footer.dictionaryBatches(), footer.recordBatches()]) {
      for (const { offset } of blocks) this.#scanMessage(offset)
    }
  }

  /** From the front to the end mark, as far as messages are whole. */
  #scanMessages(from: number): void {
    for (let at: number | null = from; at !== null;) {
      if (at === this.#file.size) {
        this.#file.problem = 'no end mark'
        return
      }
      at = this.#scanMessage(at)
    }
  }

  /** Where the next message begins; null at the end mark. */
  #scanMessage(at: number): number | null {
    const prefix = view(this.#read(at, 8))
    const length = prefix.getInt32(4, true)
    if (prefix.getInt32(0, true) !== -1 || length < 0 || length > mostMetadata) throw new Error('no message begins where one should')
    if (length === 0) return null
    const message = Message.decode(this.#read(at + 8, length))
    const body = at + 8 + length
    if (body + message.bodyLength > this.#file.size) throw new Error('it ends within a message')
    if (message.isSchema()) this.#setSchema(message.header() as unknown as Schema)
    else if (message.isDictionaryBatch()) this.#addDictionary(message, body)
    else if (message.isRecordBatch()) this.#addBatch(message, body)
    return body + message.bodyLength
  }

  #setSchema({ metadata, fields }: Schema): void {
    let buffer = 0
    this.#file.metadata = metadata
    for (const { name, type } of fields) {
      const dictionary = type instanceof Dictionary ? { id: type.id, codeBytes: type.indices.bitWidth / 8 } : null
      this.#file.fields.set(name, { buffer, dictionary })
      // Validity and values; texts have their offsets between them.
      buffer += dictionary === null && type.toString() === 'Utf8' ? 3 : 2
    }
  }

  #addDictionary(message: Message, body: number): void {
    const { id, isDelta, length, buffers } = message.header() as { id: number; isDelta: boolean; length: number; buffers: { offset: number; length: number }[] }
    const offsets = new Int32Array(length + 1)
    if (length > 0) offsets.set(new Int32Array(this.#read(body + buffers[1].offset, 4 * (length + 1)).buffer))
    const bytes = Buffer.from(this.#read(body + buffers[2].offset, offsets[length]))
    const texts = Array.from({ length }, (_, index) => bytes.toString('utf8', offsets[index], offsets[index + 1]))
    const known = this.#dictionaries.get(id)
    if (isDelta && known !== undefined) for (const text of texts) known.push(text)
    // Batches that were scanned keep the lists that they were written with.
    else this.#dictionaries = new Map(this.#dictionaries).set(id, texts)
  }

  #addBatch(message: Message, body: number): void {
    const { length, buffers } = message.header() as { length: number; buffers: { offset: number; length: number }[] }
    this.#file.batches.push({
      file: this.#file, rows: length, dictionaries: this.#dictionaries,
      buffers: buffers.map(({ offset, length: bytes }) => ({ offset: body + offset, length: bytes })),
    })
  }
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
