// The body of a request on its way: held while it may be needed again or has nowhere to go yet, and handed
// on piece by piece once an upstream takes it. What is held is bounded by the route and by one read.

import type { ClientConnection, ServerStream } from '../protocols/adapter.ts'
import type { Fields } from '../protocols/fields.ts'
import { BodyLength } from '../protocols/message.ts'

export class RequestBody {
  /** Bytes held. */
  size = 0
  complete: boolean
  trailers: Fields | null = null
  /** Held whole before the first attempt; false = pieces are handed on as they come. */
  buffered: boolean
  /** A piece was handed on and forgotten: no other upstream can be given the whole. */
  lost = false
  /** Who takes pieces as they come. */
  taker: ClientConnection | null = null
  readonly #length: number
  readonly #maxHeld: number
  #held: Buffer[] = []

  /** `length` as in a request head; `maxHeld` in bytes. */
  constructor(length: number, buffered: boolean, maxHeld: number) {
    this.#length = length
    this.#maxHeld = maxHeld
    this.complete = length === 0
    this.buffered = buffered
  }

  get empty(): boolean {
    return this.#length === 0
  }

  /** How the body is framed towards an upstream. */
  get framing(): number {
    if (!this.complete || !this.buffered) return this.#length
    return this.trailers === null ? this.size : BodyLength.Unknown
  }

  piece(stream: ServerStream, bytes: Buffer, from: number, to: number): void {
    const { taker } = this
    if (taker !== null && !taker.piece(bytes, from, to)) stream.pauseBody()
    if (this.lost) return
    if (taker !== null && this.size + to - from > this.#maxHeld) {
      this.#forget()
      return
    }
    const copy = Buffer.allocUnsafeSlow(to - from)
    bytes.copy(copy, 0, from, to)
    this.#held.push(copy)
    this.size += copy.length
    if (taker === null && !this.buffered) stream.pauseBody()
  }

  readEnd(stream: ServerStream): void {
    if (this.taker !== null && !this.taker.flush()) stream.pauseBody()
  }

  end(trailers: Fields | null): void {
    this.complete = true
    this.trailers = trailers
    this.taker?.end(trailers)
  }

  /** What is held, as text; '' when it was handed on and forgotten. */
  heldText(): string {
    return Buffer.concat(this.#held).toString('utf8')
  }

  /** Sends the whole body that is held; it stays for the next attempt. */
  sendWhole(connection: ClientConnection): void {
    for (const piece of this.#held) connection.piece(piece, 0, piece.length)
    connection.end(this.trailers)
  }

  /** From now on pieces go here; what is held goes first. Without `flush` more of the same read follows. */
  streamTo(connection: ClientConnection, stream: ServerStream, flush: boolean): void {
    this.taker = connection
    let more = true
    for (const piece of this.#held) more = connection.piece(piece, 0, piece.length)
    if (this.size > this.#maxHeld) this.#forget()
    if (this.complete) {
      connection.end(this.trailers)
      return
    }
    if (!flush) return
    if (connection.flush() && more) stream.resumeBody()
    else stream.pauseBody()
  }

  #forget(): void {
    this.#held = []
    this.size = 0
    this.lost = true
  }
}
