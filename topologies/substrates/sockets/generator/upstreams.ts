// Connections to the ways in, one undici pool an address, kept alive and never pipelined. Every timeout of the
// library is set, because its defaults last minutes; the client's own patience is enforced by the caller.

import { Pool } from 'undici'
import type { EntryAddress } from './bootstrap.ts'

/** The library's timers are coarse (half a second), so they only catch what the caller's own timer missed. */
const safetyMs = 60_000
const connectMs = 3_000
/** Shorter than gateways keep idle connections, so that it is the client that closes them. */
const keepAliveMs = 10_000

export class Upstream {
  readonly address: EntryAddress
  /** Until then a list passes this address over; microseconds on the caller's clock. */
  downUntilUs = -Infinity
  #pool: Pool

  constructor(address: EntryAddress) {
    this.address = address
    this.#pool = openPool(address)
  }

  get pool(): Pool {
    return this.#pool
  }

  /**
   * Drops the connections of `pool` if it is still the current one: what a silent gateway left open would only
   * swallow the next requests. Those in flight on it end by themselves.
   */
  retire(pool: Pool): void {
    if (pool !== this.#pool) return
    this.#pool = openPool(this.address)
    pool.close().catch(() => {})
  }

  async destroy(): Promise<void> {
    await this.#pool.destroy()
  }
}

function openPool({ host, port }: EntryAddress): Pool {
  return new Pool(`http://${host}:${port}`, {
    connections: null,
    pipelining: 1,
    connectTimeout: connectMs,
    headersTimeout: safetyMs,
    bodyTimeout: safetyMs,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
  })
}

/** One `Upstream` an address, shared by every stream that dials it. */
export class Upstreams {
  readonly #byAddress = new Map<string, Upstream>()

  of(address: EntryAddress): Upstream {
    const key = `${address.host}:${address.port}`
    let upstream = this.#byAddress.get(key)
    if (upstream === undefined) this.#byAddress.set(key, (upstream = new Upstream(address)))
    return upstream
  }

  async destroy(): Promise<void> {
    await Promise.allSettled([...this.#byAddress.values()].map((upstream) => upstream.destroy()))
  }
}
