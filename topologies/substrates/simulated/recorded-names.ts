// Names in recorded rows. Ids are the bytes `label-000123`, written straight into a block because a string a row would
// cost more than all else together.

import { requestId } from '../../arrivals.ts'
import { topologyError } from '../../errors.ts'
import type { BlockColumn } from '../../history.ts'
import { rowsPerChunk } from './recorded-rows.ts'
import type { RecordedStream } from './recorder.ts'

const mostDigits = 10
/** `000` to `999`. */
const threeDigits = new Uint8Array(Buffer.from(Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0')).join('')))

function writeLong(index: number, bytes: Uint8Array, at: number): number {
  const text = String(index)
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + text.length
}

export type IdColumn = Extract<BlockColumn, { kind: 'text' }>

/** Room for the ids of a chunk. */
export function idColumn({ longest }: RequestIds): IdColumn {
  return { kind: 'text', offsets: new Int32Array(rowsPerChunk + 1), bytes: new Uint8Array(rowsPerChunk * longest) }
}

/** Writes and compares the ids of a run. */
export class RequestIds {
  readonly #labels: string[]
  readonly #prefixes: Uint8Array[]
  /** Bytes of the longest id. */
  readonly longest: number

  constructor(streams: readonly RecordedStream[]) {
    this.#labels = streams.map(({ label }) => label)
    this.#prefixes = this.#labels.map((label) => new Uint8Array(Buffer.from(`${label}-`, 'utf8')))
    this.longest = Math.max(0, ...this.#prefixes.map((prefix) => prefix.length)) + mostDigits
  }

  /** Writes the ids of a column's first rows. */
  fill({ offsets, bytes }: IdColumn, streams: Uint16Array, indices: Uint32Array, length: number): void {
    let end = 0
    for (let row = 0; row < length; row++) {
      end = this.#write(streams[row], indices[row], bytes, end)
      offsets[row + 1] = end
    }
  }

  #write(stream: number, index: number, bytes: Uint8Array, at: number): number {
    const prefix = this.#prefixes[stream]
    let end = at
    for (let i = 0; i < prefix.length; i++) bytes[end++] = prefix[i]
    if (index >= 1_000_000) return writeLong(index, bytes, end)
    const thousands = (index / 1000) | 0
    const high = thousands * 3
    const low = (index - thousands * 1000) * 3
    bytes[end] = threeDigits[high]
    bytes[end + 1] = threeDigits[high + 1]
    bytes[end + 2] = threeDigits[high + 2]
    bytes[end + 3] = threeDigits[low]
    bytes[end + 4] = threeDigits[low + 1]
    bytes[end + 5] = threeDigits[low + 2]
    return end + 6
  }

  /** As the table compares ids: by their text. */
  compare(stream: number, index: number, otherStream: number, otherIndex: number): number {
    if (stream === otherStream && index < 1_000_000 && otherIndex < 1_000_000) return index - otherIndex
    return compareTexts(requestId(this.#labels[stream], index), requestId(this.#labels[otherStream], otherIndex))
  }
}

const most16Bits = 65_535

/** Names of rows are counted in 16 bits. Throws RGT_UNSUPPORTED. */
export function checkCount(count: number, what: string): void {
  if (count <= most16Bits) return
  throw topologyError('RGT_UNSUPPORTED', `the recorder counts ${what} in 16 bits`, { expected: `at most ${most16Bits}`, found: String(count), hint: 'split the run' })
}

export function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
