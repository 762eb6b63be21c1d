// The port between the simulated world and its control planes: real replication semantics (the plane's and the
// delivery's own cores) over the simulated network.

import type { GatewayEvent } from '../../../gateway/ports.ts'
import type { ConfigChange, ConfigDocument, Discovery, GatewayIdentity } from '../../../gateway/controlplane/protocol.ts'
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import type { HistoryEvent } from '../../history.ts'
import type { Engine } from './engine/engine.ts'

/** One way of a control connection, asked whenever a message is sent. */
export type Passage =
  | { kind: 'passes'; afterUs: number }
  /** Never arrives; the connection stays open and silent. */
  | { kind: 'swallowed' }
  /** The connection fails. */
  | { kind: 'broken' }

export interface ControlledGateway {
  identity: GatewayIdentity
  /** `gateway/eu-west`, `edge/frankfurt`. */
  source: string
  /** Regions whose planes it asks, in this order. */
  planes: string[]
  held(): Snapshot | null
  /** Serve it from now on; throws what a real gateway throws. */
  apply(snapshot: Snapshot): void
}

export interface ControlParts {
  engine: Engine
  seed: number
  discovery: Discovery
  regions: readonly string[]
  gateways: readonly ControlledGateway[]
  /** From gateway (index) to the plane of a region, and back. Says nothing of paused or stopped processes: `Control` knows those. */
  there(gateway: number, region: string): Passage
  back(gateway: number, region: string): Passage
  /** `source` is that of the process: `control-plane/eu-west`, `gateway/eu-west`. */
  tell(source: string, event: GatewayEvent): void
  /** config-published. */
  note(event: Extract<HistoryEvent, { kind: 'config-published' | 'tool' }>): void
}

export interface Control {
  /** To every plane, as revision by revision; throws RGT_UNSUPPORTED when a plane that lives refuses it (as on `local`). */
  publish(change: ConfigChange): void
  publishAll(documents: ConfigDocument[]): void
  /** A plane (by region), or a gateway's side of its delivery (by its source), is paused, killed, and back. */
  pause(process: string): void
  resume(process: string): void
  stop(process: string): void
  /** It runs again now: a plane from its journal, a gateway's delivery from what `held` says. */
  restart(process: string): void
  /** A link was cut in the refusing way: connections over it break. */
  breakConnections(gateway: number, region: string): void
  /** Revision that each plane holds, by region. */
  revisions(): Map<string, number>
}
