// A connection to an upstream: one request at a time, kept for the next when both messages ended cleanly.
// All such connections read into one shared buffer, since what is read is used or copied before the next read.

import { connect, type Socket } from 'node:net'
import type { ClientConnection, ClientSettings, ConnectionOwner, UpstreamEnding, UpstreamExchange } from '../adapter.ts'
import type { Fields } from '../fields.ts'
import { BodyLength, type ResponseHead } from '../message.ts'
import { Problem } from '../problem.ts'
import { BodyReader } from './body.ts'
import { fieldText, framingText } from './head-text.ts'
import { hasNoBody, readResponseHead } from './response.ts'
import { HeadScanner } from './scan.ts'
import { MessageWriter } from './writer.ts'

const shared = Buffer.allocUnsafeSlow(65_536)
const none: Buffer = Buffer.alloc(0)

export class Http1ClientConnection implements ClientConnection {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #settings: ClientSettings
  readonly #hostText: string
  readonly #scanner = new HeadScanner()
  readonly #body = new BodyReader()
  readonly #writer: MessageWriter
  #exchange: UpstreamExchange | null = null
  #method = ''
  #headDone = false
  #keep = false
  #waiting = none
  #scanned = 0
  #connected = false
  #closed = false
  #since: number
  #keepIdleMs: number

  constructor(settings: ClientSettings, owner: ConnectionOwner) {
    this.#settings = settings
    this.#owner = owner
    this.#since = settings.clock.ms
    this.#keepIdleMs = settings.keepIdleMs
    this.#hostText = settings.port === 80 ? settings.host : `${settings.host}:${settings.port}`
    const socket = connect({
      host: settings.host, port: settings.port, noDelay: true,
      onread: { buffer: shared, callback: (length) => this.#received(length) },
    })
    this.#socket = socket
    this.#writer = new MessageWriter(socket)
    socket.on('connect', () => this.#opened())
    socket.on('drain', () => this.#exchange?.upstreamDrained())
    socket.on('end', () => this.#ended())
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(this.#connected ? 'reset' : refusal(error)))
    socket.on('close', () => this.#broken('closed'))
  }

  get usable(): boolean {
    return !this.#closed
  }

  /** Writes the head. The Host sent is `host` in `own`, or this upstream's own address. */
  request(
    exchange: UpstreamExchange, method: string, target: string, fields: Fields | null, drop: number, own: readonly string[], bodyLength: number,
  ): void {
    this.#exchange = exchange
    this.#method = method
    this.#headDone = false
    this.#keep = true
    this.#since = this.#settings.clock.ms
    const host = own[0] === 'host' ? '' : `host: ${this.#hostText}\r\n`
    const framing = bodyLength === 0 && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'DELETE') ? '' : framingText(bodyLength)
    this.#writer.start(`${method} ${target} HTTP/1.1\r\n${host}${fieldText(fields, drop, own)}${framing}\r\n`, bodyLength)
    if (this.#connected) exchange.connected()
  }

  piece(bytes: Buffer, from: number, to: number): boolean {
    return this.#writer.piece(bytes, from, to)
  }

  flush(): boolean {
    return this.#writer.flush()
  }

  end(trailers: Fields | null): void {
    this.#writer.end(trailers)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#since = this.#settings.clock.ms
    this.#socket.resume()
  }

  abandon(): void {
    this.#exchange = null
    this.#close()
  }

  #opened(): void {
    this.#connected = true
    this.#since = this.#settings.clock.ms
    this.#exchange?.connected()
  }

  #received(length: number): boolean {
    const exchange = this.#exchange
    if (exchange === null) {
      // Nothing was asked: whatever this is, it must not answer the next request.
      this.#close()
      return true
    }
    this.#since = this.#settings.clock.ms
    let bytes: Buffer = shared
    let to = length
    if (this.#waiting.length > 0) {
      bytes = Buffer.concat([this.#waiting, shared.subarray(0, length)])
      to = bytes.length
      this.#waiting = none
    }
    this.#consume(exchange, bytes, to)
    return true
  }

  #consume(exchange: UpstreamExchange, bytes: Buffer, to: number): void {
    let index = 0
    while (index < to) {
      index = this.#headDone ? this.#readBody(exchange, bytes, index, to) : this.#readHead(exchange, bytes, index, to)
      if (this.#exchange !== exchange) return
    }
    if (this.#headDone) exchange.readEnd()
    else exchange.heard()
  }

  #readHead(exchange: UpstreamExchange, bytes: Buffer, from: number, to: number): number {
    const end = this.#scanner.scan(bytes, from + this.#scanned, to)
    const size = (end < 0 ? to : end) - from
    if (end === -2 || size > this.#settings.maxHeaderBytes) return this.#malformed(to)
    if (end === -1) {
      this.#scanned = size
      this.#waiting = Buffer.from(bytes.subarray(from, to))
      return to
    }
    this.#scanned = 0
    const head = readResponseHead(bytes.latin1Slice(from, end))
    if (head instanceof Problem || head.status === 101) return this.#malformed(to)
    if (head.status < 200) {
      exchange.interim(head)
      return end
    }
    this.#acceptHead(exchange, head, end < to)
    return end
  }

  #acceptHead(exchange: UpstreamExchange, head: ResponseHead, more: boolean): void {
    this.#headDone = true
    if (head.keepAliveSeconds > 0) this.#keepIdleMs = Math.min(this.#settings.keepIdleMs, head.keepAliveSeconds * 1000 - 500)
    const bodiless = hasNoBody(this.#method, head.status)
    this.#keep = head.keepAlive && (bodiless || head.bodyLength !== BodyLength.UntilClose)
    this.#body.start(bodiless ? 0 : head.bodyLength)
    exchange.head(head)
    if (this.#exchange === exchange && this.#body.done) this.#complete(exchange, more)
  }

  #readBody(exchange: UpstreamExchange, bytes: Buffer, from: number, to: number): number {
    const next = this.#body.read(bytes, from, to, exchange)
    if (this.#exchange !== exchange) return to
    if (this.#body.problem !== null) return this.#malformed(to)
    if (this.#body.done) this.#complete(exchange, next < to)
    return next
  }

  /** The response is whole. Kept only when the request is too, and nothing came that was not asked for. */
  #complete(exchange: UpstreamExchange, more: boolean): void {
    this.#exchange = null
    this.#since = this.#settings.clock.ms
    if (this.#keep && !more && !this.#writer.open && !this.#closed && this.#keepIdleMs > 0) this.#owner.released(this)
    else this.#close()
    exchange.bodyEnd(this.#body.trailers)
  }

  #malformed(to: number): number {
    this.#broken('reset')
    return to
  }

  #ended(): void {
    if (this.#headDone && this.#exchange !== null && this.#body.closed()) {
      this.#keep = false
      this.#complete(this.#exchange, false)
    } else {
      this.#broken('closed')
    }
  }

  #broken(ending: UpstreamEnding): void {
    const exchange = this.#exchange
    const sent = this.#connected
    this.#exchange = null
    this.#close()
    exchange?.failed(ending, sent)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.destroy()
    this.#owner.closed(this)
  }

  sweep(): void {
    const quiet = this.#settings.clock.ms - this.#since
    if (!this.#connected) {
      if (quiet > this.#settings.connectTimeoutMs) this.#broken('timeout')
    } else if (this.#exchange === null) {
      if (quiet > this.#keepIdleMs) this.#close()
    } else if (quiet > this.#settings.responseIdleMs && !this.#socket.isPaused()) {
      this.#broken('timeout')
    }
  }
}

/** What a failed attempt to connect amounts to. */
function refusal(error: NodeJS.ErrnoException): UpstreamEnding {
  if (error.code === 'ETIMEDOUT') return 'timeout'
  return error.code === 'ECONNRESET' ? 'reset' : 'refused'
}
