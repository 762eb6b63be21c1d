// Keep-alive connections to one target. The one used last is used next, so that those not needed grow old
// and close; how many may lie idle is bounded. A connection whose response was abandoned never comes back.

import type { ClientConnection, ClientSettings, ConnectionOwner, CoarseClock, ProtocolAdapter } from '../protocols/adapter.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'

const maxIdle = 256

/** Every limit of an upstream connection, milliseconds. Node's and undici's own are seconds to minutes longer. */
export const upstreamLimits = { connectTimeoutMs: 2000, responseIdleMs: 60_000, keepIdleMs: 4000, maxHeaderBytes: 65_536 }

export class TargetPool implements ConnectionOwner {
  readonly key: string
  /** Index of the target in the topology now served, or -1 when it is gone from there. */
  index = -1
  readonly #protocol: ProtocolAdapter
  readonly #settings: ClientSettings
  readonly #idle: ClientConnection[] = []
  readonly #all = new Set<ClientConnection>()

  constructor(key: string, address: SnapshotAddress, protocol: ProtocolAdapter, clock: CoarseClock) {
    this.key = key
    this.#protocol = protocol
    this.#settings = { host: address.host, port: address.port, clock, ...upstreamLimits }
  }

  acquire(): ClientConnection {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle
    }
    const connection = this.#protocol.connect(this.#settings, this)
    this.#all.add(connection)
    return connection
  }

  released(connection: ClientConnection): void {
    if (this.index === -1 || this.#idle.length >= maxIdle) connection.abandon()
    else this.#idle.push(connection)
  }

  closed(connection: ClientConnection): void {
    this.#all.delete(connection)
    const index = this.#idle.lastIndexOf(connection)
    if (index !== -1) this.#idle.splice(index, 1)
  }

  get size(): number {
    return this.#all.size
  }

  get idle(): number {
    return this.#idle.length
  }

  /** Closes what is idle; returns how many that were. */
  drain(): number {
    const idle = this.#idle.splice(0)
    for (const connection of idle) connection.abandon()
    return idle.length
  }

  sweep(): void {
    for (const connection of this.#all) connection.sweep()
  }

  destroy(): void {
    for (const connection of this.#all) connection.abandon()
  }
}
