// The port of a toxic: one file a kind, 20 to 60 lines, as Toxiproxy keeps its own. A kind makes one pipe for
// each direction of each connection; pipes form a chain from the reading socket to the writing one.

import type { Random } from '../../../../../../gateway/ports.ts'
import type { Alarms } from '../alarms.ts'

/** What a pipe may do to its stream. */
export interface Stub {
  alarms: Alarms
  random: Random
  /** Hand on to the next pipe, in the end to the socket. */
  emit(chunk: Buffer): void
  /** Nothing more comes: hand the end of the stream on. */
  finish(): void
  /** Close the connection after what the next pipes still hold; `reset` sends RST to both sides at once. */
  close(how: 'after-held' | 'reset'): void
}

export interface Pipe<Attributes> {
  /** Bytes that wait here; above `limit` the reading socket is paused. */
  readonly held: number
  readonly limit: number
  push(chunk: Buffer): void
  end(): void
  update(attributes: Attributes): void
  /** The toxic was removed. Nothing held may be lost, except by a toxic whose purpose is to lose it. */
  release(): void
  /** The connection is gone: cancel alarms, drop what is held. */
  discard(): void
}

export interface ToxicKind<Attributes extends Record<string, number> = Record<string, number>> {
  /** Wire names in the order in which Toxiproxy prints them, with its defaults. All are integers. */
  defaults: Attributes
  pipe(stub: Stub, attributes: Attributes): Pipe<Attributes>
}

export const nothingHeld = { held: 0, limit: 0 } as const
