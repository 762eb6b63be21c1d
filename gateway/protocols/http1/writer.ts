// Writes one message to a socket. Small messages leave in one write: the head waits as text until the body
// or the end of what was read joins it. Large pieces are copied, because the bytes read are only lent.

import type { Socket } from 'node:net'
import type { Fields } from '../fields.ts'
import { BodyLength } from '../message.ts'

/** Text up to this many bytes is gathered; beyond it a buffer of its own costs less than the conversion. */
const maxGathered = 16_384

export class MessageWriter {
  readonly #socket: Socket
  #text = ''
  #chunked = false
  /** False once a message is ended or was never started. */
  open = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** `length` tells how the body is framed: bytes, `Unknown` for chunks, `UntilClose` for the end of the connection. */
  start(head: string, length: number): void {
    this.#text += head
    this.#chunked = length === BodyLength.Unknown
    this.open = true
  }

  /** A head without a body that precedes the message (1xx). */
  interim(head: string): void {
    this.#text += head
    this.flush()
  }

  /** False when the peer takes bytes more slowly than they come: wait for the socket's `drain`. */
  piece(bytes: Buffer, from: number, to: number): boolean {
    const length = to - from
    if (length === 0) return true
    if (this.#text.length + length <= maxGathered) {
      this.#text += this.#chunked ? `${length.toString(16)}\r\n${bytes.latin1Slice(from, to)}\r\n` : bytes.latin1Slice(from, to)
      return true
    }
    const socket = this.#socket
    const copy = Buffer.allocUnsafeSlow(length)
    bytes.copy(copy, 0, from, to)
    socket.cork()
    if (this.#chunked) this.#text += `${length.toString(16)}\r\n`
    if (this.#text !== '') socket.write(this.#text, 'latin1')
    this.#text = this.#chunked ? '\r\n' : ''
    const more = socket.write(copy)
    socket.uncork()
    return more
  }

  end(trailers: Fields | null): void {
    if (this.#chunked) {
      this.#text += '0\r\n'
      if (trailers !== null) this.#text += fieldLines(trailers)
      this.#text += '\r\n'
    }
    this.open = false
    this.flush()
  }

  /** Sends what was gathered. False when the peer is slow. */
  flush(): boolean {
    if (this.#text === '') return !this.#socket.writableNeedDrain
    const text = this.#text
    this.#text = ''
    return this.#socket.write(text, 'latin1')
  }
}

function fieldLines(fields: Fields): string {
  let text = ''
  for (let index = 0; index < fields.names.length; index++) text += `${fields.names[index]}: ${fields.values[index]}\r\n`
  return text
}
