// Hot swap of snapshots. The next state is built off to the side; then core and state change in one turn of
// the event loop. A request in flight keeps what it began with; pools and health follow targets by key.

import type { SnapshotAddress, Snapshot } from '../snapshot/snapshot.ts'
import type { ProtocolAdapter } from '../protocols/adapter.ts'
import type { Plane } from './plane.ts'
import { TargetPool } from './pool.ts'
import { buildState, type PlaneState } from './state.ts'

export class Pools {
  readonly #protocol: ProtocolAdapter
  readonly #plane: Plane
  readonly #byKey = new Map<string, TargetPool>()

  constructor(plane: Plane, protocol: ProtocolAdapter) {
    this.#plane = plane
    this.#protocol = protocol
  }

  readonly of = (key: string, address: SnapshotAddress): TargetPool => {
    let pool = this.#byKey.get(key)
    if (pool === undefined) {
      pool = new TargetPool(key, address, this.#protocol, this.#plane.coarse)
      this.#byKey.set(key, pool)
    }
    return pool
  }

  /** Renumbers what the state uses; what it does not use closes when idle and is forgotten when empty. */
  adopt(state: PlaneState): void {
    for (const pool of this.#byKey.values()) pool.index = -1
    state.pools.forEach((pool, index) => { pool.index = index })
    for (const pool of this.#byKey.values()) if (pool.index === -1) pool.drain()
    this.#forget()
  }

  sweep(): void {
    for (const pool of this.#byKey.values()) pool.sweep()
    this.#forget()
  }

  destroy(): void {
    for (const pool of this.#byKey.values()) pool.destroy()
  }

  #forget(): void {
    for (const [key, pool] of this.#byKey) if (pool.index === -1 && pool.size === 0) this.#byKey.delete(key)
  }
}

/** Throws what building the table or the layout throws; then nothing has changed. */
export function swapSnapshot(plane: Plane, pools: Pools, snapshot: Snapshot): void {
  const { clock, metrics, driver, evidence, telemetry } = plane
  const startUs = clock.nowUs()
  const next = buildState(snapshot, plane.state, pools.of, metrics, telemetry)
  pools.adopt(next)
  plane.state = next
  driver.core.swap(next.topology, snapshot.health, clock.nowUs())
  driver.applyEffects()
  telemetry?.tracing.keep(next.routes.flatMap(({ traced }) => (traced === null ? [] : [traced])))
  metrics.forgetRoutes((id) => next.routeById.has(id))
  const nowUs = clock.nowUs()
  evidence.event({
    atUs: nowUs, kind: 'snapshot-applied', revision: snapshot.revision, version: snapshot.version, routes: snapshot.routes.length,
    buildUs: Math.round(nowUs - startUs),
  })
}
