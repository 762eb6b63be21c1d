// A client's connection. One exchange at a time, in order: bytes of later requests wait, and when too many
// wait the socket is paused. Every state has a time limit, kept by `sweep` on a coarse clock.

import type { Socket } from 'node:net'
import type { ServerConnection, ServerExchange, ServerHandler, ServerSettings, ServerStream } from '../adapter.ts'
import type { Fields } from '../fields.ts'
import { BodyLength, type RequestHead } from '../message.ts'
import { Problem, syntaxProblem } from '../problem.ts'
import { BodyReader, type BodySink } from './body.ts'
import { fieldText, framingText } from './head-text.ts'
import { readRequestHead } from './request.ts'
import { hasNoBody } from './response.ts'
import { HeadScanner } from './scan.ts'
import { MessageWriter } from './writer.ts'

/** Discard: the answer is out and the rest of the request's body is read to reach the next request. */
const State = { Head: 0, Body: 1, Wait: 2, Discard: 3, Closed: 4 } as const

/** Bytes of pipelined requests that may wait for their turn. */
const maxWaiting = 65_536
/** An unwanted body up to this size is read to keep the connection; beyond it the connection closes. */
const maxDiscarded = 262_144
/** After our last byte the client may still be sending; closing at once would reset what it has not read yet. */
const lingerMs = 1000

const none: Buffer = Buffer.alloc(0)
/** Takes a body that nobody wants any more. */
const discard: BodySink = { bodyPiece() {} }

export class Http1ServerConnection implements ServerConnection, ServerStream {
  readonly #socket: Socket
  readonly #handler: ServerHandler
  readonly #settings: ServerSettings
  readonly #scanner = new HeadScanner()
  readonly #body = new BodyReader()
  readonly #writer: MessageWriter
  readonly remoteAddress: string
  #state: number = State.Head
  #exchange: ServerExchange | null = null
  #head: RequestHead | null = null
  /** Bytes that could not be used yet, from the start of a head. */
  #waiting = none
  #scanned = 0
  #blankLines = 0
  #bodyBytes = 0
  #consuming = false
  #waitPaused = false
  #halfClosed = false
  #close = false
  #responseBody = true
  #continueOwed = false
  #gone = false
  /** Coarse time of the last progress; what counts as progress depends on the state. */
  #since: number

  constructor(socket: Socket, handler: ServerHandler, settings: ServerSettings) {
    this.#socket = socket
    this.#handler = handler
    this.#settings = settings
    this.#since = settings.clock.ms
    this.#writer = new MessageWriter(socket)
    this.remoteAddress = socket.remoteAddress ?? ''
    socket.on('data', (bytes: Buffer) => this.#received(bytes))
    socket.on('end', () => this.#ended())
    socket.on('drain', () => this.#drained())
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  get busy(): boolean {
    return this.#head !== null || this.#waiting.length > 0
  }

  #received(bytes: Buffer): void {
    if (this.#state === State.Closed) return
    if (this.#waiting.length === 0) {
      this.#consume(bytes)
    } else {
      const joined = Buffer.concat([this.#waiting, bytes])
      this.#waiting = none
      this.#consume(joined)
    }
    if (this.#waiting.length > maxWaiting && this.#state === State.Wait && !this.#waitPaused) {
      this.#waitPaused = true
      this.#socket.pause()
    }
  }

  #consume(bytes: Buffer): void {
    this.#consuming = true
    const to = bytes.length
    let index = 0
    while (index < to) {
      if (this.#state === State.Head) {
        index = this.#readHead(bytes, index, to)
      } else if (this.#state === State.Body) {
        index = this.#readBody(bytes, index, to)
      } else if (this.#state === State.Discard) {
        index = this.#discardBody(bytes, index, to)
      } else {
        if (this.#state === State.Wait) this.#waiting = index === 0 ? bytes : bytes.subarray(index)
        break
      }
    }
    this.#consuming = false
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    if (this.#scanned === 0) this.#since = this.#settings.clock.ms
    const end = this.#scanner.scan(bytes, from + this.#scanned, to)
    if (end === -2) return this.#refuse(this.#scanner.problem!, to)
    const size = (end === -1 ? to : end) - from
    if (size > this.#settings.maxHeaderBytes) return this.#refuse(this.#tooLarge(), to)
    if (end === -1) {
      this.#scanned = size
      this.#waiting = from === 0 ? bytes : bytes.subarray(from)
      return to
    }
    this.#scanned = 0
    if (size === 2) {
      // One empty line before a request is forgiven (RFC 9112, section 2.2).
      return ++this.#blankLines > 1 ? this.#refuse(syntaxProblem('empty lines stand where a request should'), to) : end
    }
    this.#blankLines = 0
    const head = readRequestHead(bytes.latin1Slice(from, end))
    if (head instanceof Problem) return this.#refuse(head, to)
    this.#begin(head)
    if (end === to && this.#state === State.Body) this.#exchange?.readEnd()
    return end
  }

  #begin(head: RequestHead): void {
    if (head.bodyLength > this.#settings.maxBodyBytes) {
      this.#refuse(this.#bodyTooLarge(), 0)
      return
    }
    this.#head = head
    this.#close = !head.keepAlive
    this.#continueOwed = head.expectsContinue
    this.#bodyBytes = 0
    this.#body.start(head.bodyLength)
    this.#state = this.#body.done ? State.Wait : State.Body
    const exchange = this.#handler.begin(this, head)
    if (this.#head === head) this.#exchange = exchange
  }

  #readBody(bytes: Buffer, from: number, to: number): number {
    const exchange = this.#exchange
    if (exchange === null) return to
    this.#since = this.#settings.clock.ms
    this.#continueOwed = false
    const body = this.#body
    const next = body.read(bytes, from, to, this)
    if (this.#exchange !== exchange) return to
    if (body.problem !== null) {
      this.#close = true
      exchange.bodyFailed(body.problem)
      return to
    }
    if (body.done) {
      this.#state = State.Wait
      exchange.bodyEnd(body.trailers)
    } else {
      exchange.readEnd()
    }
    return next
  }

  #discardBody(bytes: Buffer, from: number, to: number): number {
    const next = this.#body.read(bytes, from, to, discard)
    this.#bodyBytes += to - from
    if (this.#body.problem !== null || this.#bodyBytes > maxDiscarded) this.#finish()
    else if (this.#body.done) this.#state = State.Head
    return next
  }

  /** Called by the body reader. */
  bodyPiece(bytes: Buffer, from: number, to: number): void {
    const exchange = this.#exchange
    if (exchange === null) return
    this.#bodyBytes += to - from
    if (this.#bodyBytes > this.#settings.maxBodyBytes) {
      this.#body.problem = this.#bodyTooLarge()
      return
    }
    exchange.bodyPiece(bytes, from, to)
  }

  #tooLarge(): Problem {
    return new Problem(431, 'RGT_HTTP_HEADER_LIMIT', `the header section is larger than ${this.#settings.maxHeaderBytes} bytes`, 'send less')
  }

  #bodyTooLarge(): Problem {
    return new Problem(413, 'RGT_HTTP_BODY_LIMIT', `the body is larger than ${this.#settings.maxBodyBytes} bytes`, 'send less, or raise the limit')
  }

  #refuse(problem: Problem, to: number): number {
    this.#head = null
    this.#close = true
    this.#handler.refuse(this, problem)
    return to
  }

  #ended(): void {
    this.#halfClosed = true
    if (this.#state === State.Wait) {
      // The client may have closed only its own direction; its answer still goes out.
      this.#close = true
    } else if (this.#state === State.Body) {
      this.#socket.destroy()
      this.#closed()
    } else {
      this.#socket.end()
    }
  }

  #closed(): void {
    if (this.#gone) return
    this.#gone = true
    this.#state = State.Closed
    const exchange = this.#exchange
    this.#exchange = null
    this.#head = null
    this.#handler.closed(this)
    exchange?.clientGone()
  }

  #drained(): void {
    this.#since = this.#settings.clock.ms
    this.#exchange?.clientDrained()
  }

  sendContinue(): void {
    if (!this.#continueOwed) return
    this.#continueOwed = false
    this.#writer.interim('HTTP/1.1 100 Continue\r\n\r\n')
  }

  pauseBody(): void {
    if (this.#state === State.Body) this.#socket.pause()
  }

  resumeBody(): void {
    this.#since = this.#settings.clock.ms
    this.#socket.resume()
  }

  interim(status: number, reason: string, fields: Fields): void {
    if (this.#head?.minor === 1) this.#writer.interim(`HTTP/1.1 ${status} ${reason}\r\n${fieldText(fields, 3, [])}\r\n`)
  }

  respond(status: number, reason: string, fields: Fields | null, drop: number, own: readonly string[], bodyLength: number): void {
    const head = this.#head
    this.#responseBody = head === null || !hasNoBody(head.method, status)
    let length = bodyLength
    if (length === BodyLength.Unknown && head?.minor === 0) length = BodyLength.UntilClose
    else if (length === BodyLength.UntilClose && head?.minor === 1) length = BodyLength.Unknown
    if (this.#handler.draining || this.#continueOwed || (length === BodyLength.UntilClose && this.#responseBody)) this.#close = true
    let text = `HTTP/1.1 ${status} ${reason}\r\n` + fieldText(fields, drop, own)
    if (status !== 204 && (this.#responseBody || bodyLength >= 0)) text += framingText(length)
    if (this.#close) text += 'connection: close\r\n'
    else if (head?.minor === 0) text += 'connection: keep-alive\r\n'
    this.#writer.start(text + '\r\n', this.#responseBody ? length : 0)
  }

  piece(bytes: Buffer, from: number, to: number): boolean {
    return !this.#responseBody || this.#writer.piece(bytes, from, to) || this.#blocked()
  }

  flush(): boolean {
    return this.#writer.flush() || this.#blocked()
  }

  #blocked(): false {
    this.#since = this.#settings.clock.ms
    return false
  }

  end(trailers: Fields | null): void {
    if (this.#gone) return
    this.#writer.end(trailers)
    this.#exchange = null
    this.#head = null
    this.#since = this.#settings.clock.ms
    if (this.#close) {
      this.#finish()
      return
    }
    if (this.#state === State.Body) {
      this.#state = State.Discard
      this.#bodyBytes = 0
      this.#socket.resume()
      return
    }
    this.#state = State.Head
    this.#waitPaused = false
    // Whoever paused it (too much waiting, or a body that had nowhere to go yet), the next request is welcome.
    if (this.#socket.isPaused()) this.#socket.resume()
    if (this.#waiting.length > 0 && !this.#consuming) {
      const bytes = this.#waiting
      this.#waiting = none
      this.#consume(bytes)
    }
  }

  abort(): void {
    this.#exchange = null
    this.#socket.destroy()
    this.#closed()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  closeWhenIdle(idleMs: number): void {
    if (this.#state === State.Head && this.#scanned === 0 && this.#settings.clock.ms - this.#since >= idleMs) this.#finish()
  }

  #finish(): void {
    this.#state = State.Closed
    this.#waiting = none
    this.#since = this.#settings.clock.ms
    this.#socket.end()
    if (!this.#halfClosed) this.#socket.resume()
  }

  sweep(): void {
    const quiet = this.#settings.clock.ms - this.#since
    if (this.#state === State.Closed) {
      if (quiet > lingerMs && !this.#socket.writableNeedDrain || quiet > this.#settings.idleTimeoutMs) this.#socket.destroy()
    } else if (this.#state === State.Head) {
      if (this.#scanned === 0 ? quiet > this.#settings.idleTimeoutMs : quiet > this.#settings.headerTimeoutMs) this.#headTimedOut()
    } else if (this.#socket.writableNeedDrain) {
      if (quiet > this.#settings.idleTimeoutMs) this.#socket.destroy()
    } else if (this.#state === State.Discard) {
      if (quiet > this.#settings.headerTimeoutMs) this.#finish()
    } else if (this.#state === State.Body && quiet > this.#settings.idleTimeoutMs && !this.#socket.isPaused()) {
      this.#close = true
      this.#exchange?.bodyFailed(new Problem(408, 'RGT_HTTP_TIMEOUT', 'the body stopped before its end', 'send the whole body'))
    }
  }

  #headTimedOut(): void {
    if (this.#scanned === 0) this.#finish()
    else this.#refuse(new Problem(408, 'RGT_HTTP_TIMEOUT', 'the header section did not arrive in time', 'send it at once'), 0)
  }
}
