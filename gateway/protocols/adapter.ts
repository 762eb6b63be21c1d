// The port that a protocol fills in: heads, pieces of bodies and their ends in both directions, whatever
// the framing on the wire. Bytes are lent: a buffer is valid only during the call that hands it over.
//
//   client ──► ServerConnection ──ServerExchange──► data plane ──UpstreamExchange──► ClientConnection ──► upstream
//          ◄──                  ◄──ServerStream────            ◄──────────────────

import type { Socket } from 'node:net'
import type { Fields } from './fields.ts'
import type { RequestHead, ResponseHead } from './message.ts'
import type { Problem } from './problem.ts'

/** A clock that somebody else turns now and then, milliseconds: timeouts of seconds need no system call a request. */
export interface CoarseClock { ms: number }

export interface ServerSettings {
  maxHeaderBytes: number
  maxBodyBytes: number
  /** From the first byte of a head to its end. */
  headerTimeoutMs: number
  /** Without a byte: between requests, inside a body, or while the client takes no bytes. */
  idleTimeoutMs: number
  clock: CoarseClock
}

/** The data plane, as a server connection sees it. */
export interface ServerHandler {
  /** A request's head is complete. May answer before it returns. */
  begin(stream: ServerStream, head: RequestHead): ServerExchange
  /** A message that cannot be served: answer it; the connection closes afterwards. */
  refuse(stream: ServerStream, problem: Problem): void
  closed(connection: ServerConnection): void
  /** True when connections are to close after their current exchange. */
  readonly draining: boolean
}

/** One request of a client, told about its body and the client's life. */
export interface ServerExchange {
  bodyPiece(bytes: Buffer, from: number, to: number): void
  bodyEnd(trailers: Fields | null): void
  /** What was read at once has been handed over: send on what was gathered. */
  readEnd(): void
  bodyFailed(problem: Problem): void
  clientDrained(): void
  clientGone(): void
}

/** What a response may be made of: fields to copy except those whose flags hit `drop`, and own name/value pairs. */
export interface ServerStream {
  readonly remoteAddress: string
  sendContinue(): void
  pauseBody(): void
  resumeBody(): void
  interim(status: number, reason: string, fields: Fields): void
  respond(status: number, reason: string, fields: Fields | null, drop: number, own: readonly string[], bodyLength: number): void
  /** False when the client takes bytes more slowly than they come; `clientDrained` follows. */
  piece(bytes: Buffer, from: number, to: number): boolean
  flush(): boolean
  end(trailers: Fields | null): void
  /** The response cannot be finished: the client must see a broken connection. */
  abort(): void
}

export interface ServerConnection {
  /** Called now and then with the coarse clock turned. */
  sweep(): void
  /** Close when idle for at least this long; otherwise after the current exchange. */
  closeWhenIdle(idleMs: number): void
  destroy(): void
  readonly busy: boolean
}

/** Who asked an upstream, told what comes back. After `bodyEnd` or `failed` nothing follows. */
export interface UpstreamExchange {
  /** The connection stands and the head is on its way. */
  connected(): void
  /** Bytes came, but no head is complete yet. */
  heard(): void
  interim(head: ResponseHead): void
  head(head: ResponseHead): void
  bodyPiece(bytes: Buffer, from: number, to: number): void
  bodyEnd(trailers: Fields | null): void
  readEnd(): void
  upstreamDrained(): void
  /** `sent`: some byte of the request may have reached the upstream. */
  failed(ending: UpstreamEnding, sent: boolean): void
}

export type UpstreamEnding = 'refused' | 'reset' | 'closed' | 'timeout'

/** Keeps connections between requests. */
export interface ConnectionOwner {
  released(connection: ClientConnection): void
  closed(connection: ClientConnection): void
}

export interface ClientSettings {
  host: string
  port: number
  maxHeaderBytes: number
  connectTimeoutMs: number
  /** Without a byte from an upstream that owes a response. */
  responseIdleMs: number
  /** Unused connections close after this; shorter than what servers commonly allow, so that they are not the first to close. */
  keepIdleMs: number
  clock: CoarseClock
}

export interface ClientConnection {
  request(
    exchange: UpstreamExchange, method: string, target: string, fields: Fields | null, drop: number, own: readonly string[], bodyLength: number,
  ): void
  /** False when the upstream takes bytes more slowly than they come; `upstreamDrained` follows. */
  piece(bytes: Buffer, from: number, to: number): boolean
  flush(): boolean
  end(trailers: Fields | null): void
  pause(): void
  resume(): void
  /** The response is no longer wanted. No event follows. */
  abandon(): void
  sweep(): void
  readonly usable: boolean
}

export interface ProtocolAdapter {
  readonly name: string
  readonly description: string
  /** Names for TLS application-layer protocol negotiation. */
  readonly alpn: readonly string[]
  serve(socket: Socket, handler: ServerHandler, settings: ServerSettings): ServerConnection
  connect(settings: ClientSettings, owner: ConnectionOwner): ClientConnection
}
