// The library's writer of record batches, made to write an Arrow IPC file straight to disk: the schema in front, which
// its own writer of files leaves out, and nothing of the file kept in memory.
/* oxlint-disable no-underscore-dangle -- the library names so what its subclasses may use */

import { closeSync, openSync, writevSync } from 'node:fs'
import { AsyncByteQueue, RecordBatchWriter, type Data, type RecordBatch, type Schema, type Utf8, type Vector } from 'apache-arrow'
import { Footer } from 'apache-arrow/ipc/metadata/file'
import { textData } from './batch.ts'

/** Keeps the chunks of one write together, for one call of the kernel. */
class Descriptor extends AsyncByteQueue {
  readonly #descriptor: number
  #chunks: Uint8Array[] = []

  constructor(descriptor: number) {
    super()
    this.#descriptor = descriptor
  }

  override write(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
  }

  flush(): void {
    let chunks = this.#chunks
    this.#chunks = []
    while (chunks.length > 0) {
      let written = writevSync(this.#descriptor, chunks.slice(0, mostChunks))
      let next = 0
      while (next < chunks.length && written >= chunks[next].byteLength) written -= chunks[next++].byteLength
      chunks = next === chunks.length ? [] : [chunks[next].subarray(written), ...chunks.slice(next + 1)]
    }
  }

  override close(): void {
    this.flush()
    closeSync(this.#descriptor)
  }
}

/** Linux takes 1,024 at once. */
const mostChunks = 1_000

export class FileWriter extends RecordBatchWriter {
  readonly #descriptor: Descriptor

  constructor(path: string, schema: Schema) {
    super({ autoDestroy: true })
    this.#descriptor = new Descriptor(openSync(path, 'w'))
    this.reset(this.#descriptor, schema)
    this.#descriptor.flush()
  }

  get hasBatches(): boolean {
    return this._recordBatchBlocks.length > 0
  }

  override write(batch: RecordBatch): void {
    super.write(batch)
    this.#descriptor.flush()
  }

  protected override _writeSchema(schema: Schema): this {
    return this._writeMagic()._writePadding(2)._writeSchemaMessage(schema)
  }

  private _writeSchemaMessage(schema: Schema): this {
    return super._writeSchema(schema)
  }

  /**
   * A dictionary that grew is written once more, whole, for the footer to name: a file may keep it anywhere, and not
   * every reader of files takes dictionaries in pieces.
   */
  protected override _writeFooter(schema: Schema): this {
    const grown = [...this._seenDictionaries].filter(([, { data }]) => data.length > 1)
    if (grown.length > 0) {
      this._dictionaryBlocks = []
      for (const [id, dictionary] of this._seenDictionaries) this._writeDictionaryBatch(wholeText(dictionary as Vector<Utf8>), id)
    }
    super._writeFooter(schema)
    const footer = Footer.encode(new Footer(schema, schema.metadataVersion, this._recordBatchBlocks, this._dictionaryBlocks))
    return this._write(footer)._write(Int32Array.of(footer.byteLength))._writeMagic()
  }
}

function wholeText(dictionary: Vector<Utf8>): Data<Utf8> {
  return textData([...dictionary].map(String))
}
