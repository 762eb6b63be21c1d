// Heads of messages as every protocol adapter hands them over, so that filters, routing and exchanges are
// the same whatever was on the wire.

import type { Fields } from './fields.ts'

/** How long a body is, besides its number of bytes. */
export const BodyLength = {
  /** Framed by chunks, or by frames: its length is known at its end. */
  Unknown: -1,
  /** Ends when the connection closes (responses of HTTP/1.0). */
  UntilClose: -2,
} as const

export interface RequestHead {
  method: string
  /** Normalised; starts with '/', or is '*'. */
  path: string
  /** Without '?'. */
  query: string
  hasQuery: boolean
  /** Host with its port, as the client wrote it. */
  authority: string
  /** Lower case, without port. */
  host: string
  fields: Fields
  /** Number of bytes, or a `BodyLength`. */
  bodyLength: number
  /** The client waits for 100 before it sends the body. */
  expectsContinue: boolean
  /** The client keeps the connection after this exchange. */
  keepAlive: boolean
  /** Minor version of HTTP/1; 1 for later protocols. */
  minor: number
}

export interface ResponseHead {
  status: number
  reason: string
  fields: Fields
  /** Number of bytes, or a `BodyLength`. What the fields say; a HEAD's response still has no body. */
  bodyLength: number
  keepAlive: boolean
  /** Seconds that the peer keeps an idle connection, or 0 when it does not say. */
  keepAliveSeconds: number
}
