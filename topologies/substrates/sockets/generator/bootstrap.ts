// What a generator process is told at birth. Addresses are given per group of clients, because each group
// reaches each gateway over its own link.

import type { SnapshotAddress } from '../../../../gateway/snapshot/snapshot.ts'
import type { LoadSpec } from '../../../substrate.ts'
import type { Entry } from '../../../topology.ts'

export interface GeneratorBootstrap {
  name: string
  /** `x-regatta-token`, sent with pinned requests only. */
  token: string
  /** The run's zero in monotonic microseconds; null = wait for a line `{"zeroUs":…}` on standard input. */
  zeroUs: number | null
  loads: LoadSpec[]
  entries: Record<string, GroupEntries>
  /** Above this many requests in flight an arrival is dropped; its row says 'lost'. */
  maxInFlight?: number
  /** Scheduling priority to ask for (-20 to 19); not granted without privilege, which the summary tells. */
  niceness?: number
}

export interface GroupEntries {
  /** How the group enters when a stream does not say otherwise. */
  own: Entry
  /** Addresses as this group dials them. */
  edges: Record<string, EntryAddress>
  regions: Record<string, EntryAddress>
}

export interface EntryAddress extends SnapshotAddress {
  /** Gateway behind it, for rows of gateways that do not name themselves. */
  gateway?: string
}

export const defaultMaxInFlight = 2000
