// Reads a body by its framing, piece by piece, without copying: the sink gets a range of the bytes just
// read. Chunk framing is parsed strictly (RFC 9112, section 7.1); trailers are read like header fields.

import { Fields, FieldFlag } from '../fields.ts'
import { BodyLength } from '../message.ts'
import { Problem, smugglingProblem } from '../problem.ts'
import { readFieldLines } from './field-lines.ts'
import { HeadScanner } from './scan.ts'

/** Gets the bytes of a body. The buffer is only valid during the call. */
export interface BodySink {
  bodyPiece(bytes: Buffer, from: number, to: number): void
}

const maxChunkLine = 256
const maxTrailerBytes = 8192

/** Where a chunked body stands. */
const Stage = { Size: 0, Extension: 1, SizeLf: 2, Data: 3, DataCr: 4, DataLf: 5, Trailer: 6 } as const

/** Fields that would change framing or routing after the fact (RFC 9110, section 6.5.1). */
const notInTrailers = FieldFlag.Framing | FieldFlag.Host | FieldFlag.HopByHop | FieldFlag.Regatta | FieldFlag.Forwarded

const hexDigit = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

export class BodyReader {
  done = true
  /** Set when the body is malformed; nothing after it is read. */
  problem: Problem | null = null
  trailers: Fields | null = null
  #left = 0
  #chunked = false
  #untilClose = false
  #stage: number = Stage.Size
  #lineBytes = 0
  #digits = 0
  readonly #scanner = new HeadScanner()
  #trailerText = ''

  /** `length` in bytes, or a `BodyLength`. */
  start(length: number): void {
    this.problem = null
    this.trailers = null
    this.#chunked = length === BodyLength.Unknown
    this.#untilClose = length === BodyLength.UntilClose
    this.#left = this.#chunked ? 0 : length
    this.done = length === 0
    if (!this.#chunked) return
    this.#stage = Stage.Size
    this.#lineBytes = this.#digits = 0
    this.#scanner.reset()
    this.#trailerText = ''
  }

  /** The connection closed. True when that is how this body ends. */
  closed(): boolean {
    if (this.#untilClose) this.done = true
    return this.done
  }

  /** Index after the last byte that belongs to this body. */
  read(bytes: Buffer, from: number, to: number, sink: BodySink): number {
    if (this.#chunked) return this.#readChunks(bytes, from, to, sink)
    if (this.#untilClose) {
      sink.bodyPiece(bytes, from, to)
      return to
    }
    const end = Math.min(to, from + this.#left)
    this.#left -= end - from
    this.done = this.#left === 0
    sink.bodyPiece(bytes, from, end)
    return end
  }

  #readChunks(bytes: Buffer, from: number, to: number, sink: BodySink): number {
    let index = from
    while (index < to && !this.done && this.problem === null) {
      if (this.#stage === Stage.Data) {
        const end = Math.min(to, index + this.#left)
        this.#left -= end - index
        if (this.#left === 0) this.#stage = Stage.DataCr
        sink.bodyPiece(bytes, index, end)
        index = end
      } else if (this.#stage === Stage.Trailer) {
        index = this.#readTrailers(bytes, index, to)
      } else {
        this.#readFraming(bytes[index++])
      }
    }
    return index
  }

  #readFraming(code: number): void {
    switch (this.#stage) {
      case Stage.Size: {
        const digit = hexDigit(code)
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit
          if (++this.#digits > 12) this.problem = smugglingProblem('a chunk size has more than 12 digits')
        } else if (this.#digits === 0) {
          this.problem = smugglingProblem('a chunk size is not hexadecimal')
        } else if (code === 0x0d) {
          this.#stage = Stage.SizeLf
        } else if (code === 0x3b) {
          this.#stage = Stage.Extension
        } else {
          this.problem = smugglingProblem('a chunk size is followed by something that is not an extension')
        }
        return
      }
      case Stage.Extension:
        if (code === 0x0d) this.#stage = Stage.SizeLf
        else if ((code < 0x20 && code !== 0x09) || code === 0x7f) this.problem = smugglingProblem('a chunk extension holds a control character')
        else if (++this.#lineBytes > maxChunkLine) this.problem = smugglingProblem(`a chunk extension is longer than ${maxChunkLine} bytes`)
        return
      case Stage.SizeLf:
        if (code !== 0x0a) this.problem = smugglingProblem('a chunk size line does not end with CR LF')
        else this.#stage = this.#left === 0 ? Stage.Trailer : Stage.Data
        this.#digits = this.#lineBytes = 0
        return
      case Stage.DataCr:
        if (code !== 0x0d) this.problem = smugglingProblem('a chunk is longer than its size')
        this.#stage = Stage.DataLf
        return
      default:
        if (code !== 0x0a) this.problem = smugglingProblem('a chunk does not end with CR LF')
        this.#stage = Stage.Size
    }
  }

  #readTrailers(bytes: Buffer, from: number, to: number): number {
    const end = this.#scanner.scan(bytes, from, to)
    if (end === -2) {
      this.problem = this.#scanner.problem
      return to
    }
    const upTo = end === -1 ? to : end
    if (this.#trailerText.length + upTo - from > maxTrailerBytes) {
      this.problem = new Problem(431, 'RGT_HTTP_HEADER_LIMIT', `trailers are larger than ${maxTrailerBytes} bytes`, 'send fewer trailers')
      return to
    }
    this.#trailerText += bytes.latin1Slice(from, upTo)
    if (end === -1) return to
    if (this.#trailerText.length > 2) this.#finishTrailers()
    if (this.problem === null) this.done = true
    return end
  }

  #finishTrailers(): void {
    const fields = new Fields()
    this.problem = readFieldLines(this.#trailerText, 0, fields)
    if (this.problem !== null) return
    const kept = new Fields()
    for (let index = 0; index < fields.names.length; index++) {
      if ((fields.flags[index] & notInTrailers) === 0) kept.append(fields.names[index], fields.values[index])
    }
    if (kept.names.length > 0) this.trailers = kept
  }
}
