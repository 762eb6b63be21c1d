// Active health: asks a target when the core says so, over a connection kept for nothing else, so that a
// probe never waits behind a client's request and a request never finds a probe's connection.

import type { HealthCause } from '../ports.ts'
import type { ClientConnection, ConnectionOwner, ProtocolAdapter, UpstreamEnding, UpstreamExchange } from '../protocols/adapter.ts'
import type { ResponseHead } from '../protocols/message.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import { header, healthPath } from './bootstrap.ts'
import type { Plane } from './plane.ts'
import { upstreamLimits } from './pool.ts'

const endpointPath = '/healthz'

export class Prober {
  plane!: Plane
  readonly #protocol: ProtocolAdapter
  /** Idle probe connections by target key. */
  readonly #kept = new Map<string, ClientConnection>()
  readonly #live = new Set<Probe>()

  constructor(protocol: ProtocolAdapter) {
    this.#protocol = protocol
  }

  probe(target: number, timeoutMs: number): void {
    const { state } = this.plane
    if (state === null) return
    const { key, kind } = state.topology.targets[target]
    const probe = new Probe(this, state.pools[target], state.addresses[target], kind === 'link')
    this.#live.add(probe)
    const kept = this.#kept.get(key)
    this.#kept.delete(key)
    probe.start(kept?.usable === true ? kept : null, timeoutMs)
  }

  connect(address: SnapshotAddress, owner: ConnectionOwner): ClientConnection {
    return this.#protocol.connect({ ...upstreamLimits, ...address, clock: this.plane.coarse }, owner)
  }

  /** A probe ended: tells the core, under the number that its target has now. */
  ended(probe: Probe, ok: boolean, cause: HealthCause, elapsedUs: number, unavailable: readonly number[], keep: ClientConnection | null): void {
    this.#live.delete(probe)
    const { pool } = probe
    if (pool.index === -1) {
      keep?.abandon()
      return
    }
    if (keep?.usable === true) {
      this.#kept.get(pool.key)?.abandon()
      this.#kept.set(pool.key, keep)
    }
    this.plane.driver.probed(pool.index, ok, cause, elapsedUs, unavailable)
  }

  /** Services named by a far gateway, as indices of the present snapshot; unknown names are not ours to route. */
  serviceIndices(names: string | undefined): number[] {
    if (names === undefined || names === '') return []
    const { serviceIndex } = this.plane.state!
    return names.split(',').map((name) => serviceIndex.get(name.trim()) ?? -1).filter((index) => index >= 0)
  }

  sweep(): void {
    for (const [key, connection] of this.#kept) {
      if (connection.usable) connection.sweep()
      if (!connection.usable) this.#kept.delete(key)
    }
  }

  close(): void {
    for (const probe of this.#live) probe.abandon()
    for (const connection of this.#kept.values()) connection.abandon()
    this.#kept.clear()
  }
}

class Probe implements UpstreamExchange, ConnectionOwner {
  readonly pool: { readonly key: string; readonly index: number }
  readonly #prober: Prober
  readonly #address: SnapshotAddress
  readonly #isLink: boolean
  readonly #startUs: number
  #connection: ClientConnection | null = null
  #cancelTimer: () => void = () => {}
  #head: ResponseHead | null = null
  #reused = false

  constructor(prober: Prober, pool: { readonly key: string; readonly index: number }, address: SnapshotAddress, isLink: boolean) {
    this.#prober = prober
    this.pool = pool
    this.#address = address
    this.#isLink = isLink
    this.#startUs = prober.plane.clock.nowUs()
  }

  start(kept: ClientConnection | null, timeoutMs: number): void {
    const { scheduler } = this.#prober.plane
    this.#cancelTimer = scheduler.after(timeoutMs, () => {
      this.#cancelTimer = scheduler.afterReading(() => this.#timedOut())
    })
    this.#reused = kept !== null
    this.#ask(kept ?? this.#prober.connect(this.#address, this))
  }

  #ask(connection: ClientConnection): void {
    this.#connection = connection
    const own = this.#isLink ? [header.hop, this.#prober.plane.bootstrap.name] : []
    connection.request(this, 'GET', this.#isLink ? healthPath : endpointPath, null, 0, own, 0)
    connection.end(null)
  }

  abandon(): void {
    this.#cancelTimer()
    this.#connection?.abandon()
  }

  connected(): void {}
  heard(): void {}
  interim(): void {}
  bodyPiece(): void {}
  readEnd(): void {}
  upstreamDrained(): void {}
  released(): void {}
  closed(): void {}

  head(head: ResponseHead): void {
    this.#head = head
  }

  bodyEnd(): void {
    const head = this.#head!
    // An endpoint without /healthz answers 404 and so lives; a gateway must say that it serves.
    const ok = this.#isLink ? head.status === 200 : head.status < 500
    const unavailable = this.#isLink ? this.#prober.serviceIndices(head.fields.get(header.unavailable)) : []
    this.#end(ok, ok ? 'probe-succeeded' : 'probe-missed', unavailable, head.keepAlive ? this.#connection : null)
  }

  failed(ending: UpstreamEnding): void {
    if (!this.#reused) return this.#end(false, ending, [], null)
    // The connection had grown old, which says nothing of its target: a fresh one decides, in the time that is left.
    this.#reused = false
    this.#ask(this.#prober.connect(this.#address, this))
  }

  #timedOut(): void {
    this.#connection?.abandon()
    this.#end(false, 'probe-missed', [], null)
  }

  #end(ok: boolean, cause: HealthCause, unavailable: readonly number[], keep: ClientConnection | null): void {
    this.#cancelTimer()
    this.#connection = null
    this.#prober.ended(this, ok, cause, this.#prober.plane.clock.nowUs() - this.#startUs, unavailable, keep)
  }
}
