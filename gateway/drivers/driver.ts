// A gateway under test. A driver is pure: it renders a Snapshot to the native configuration of a product and says
// how to start it; substrates write the files, start the process or pod, and wait until it is ready.

import type { Snapshot, SnapshotAddress } from '../snapshot/snapshot.ts'

/** `default`: what the product does when it is told only where to send. `tuned`: the best known settings for failover. */
export const tunings = ['default', 'tuned'] as const
export type Tuning = (typeof tunings)[number]

export interface Driver {
  /** Same as the file's name and the key in the registry. */
  kind: string
  description: string
  /** The tool that runs it, as the tools registry calls it; null = this project's own gateway. */
  tool: string | null
  /** The first is taken when none is asked for. */
  tunings: readonly Tuning[]
  /** What of a snapshot it can express beside hosts, exact and prefix paths. */
  features: readonly Feature[]
  /** Throws RGT_DRIVER_UNSUPPORTED, naming every route that needs more than `features`. */
  render(snapshot: Snapshot, context: RenderContext): Rendering
}

/** Parts of a snapshot that not every product can be told. */
export const features = ['path-regex', 'method', 'header', 'query', 'weights', 'filters', 'east-west', 'mixed-targets', 'access'] as const
export type Feature = (typeof features)[number]

export interface RenderContext {
  listen: { ingress: SnapshotAddress; eastWest: SnapshotAddress | null; admin: SnapshotAddress }
  /** Absolute folder in which the files will be written, and where the process may keep its own. */
  stateDir: string
  tuning: Tuning
  /** Who brings this in `x-regatta-token` may pin a request to a region; null = nobody may. */
  token: string | null
  seed: number
}

export interface Rendering {
  /** Name below `stateDir` → text. */
  files: Record<string, string>
  /** Arguments after the program. */
  argv: string[]
  /** GET answers 200 when it serves. */
  readiness: Endpoint
  metrics: (Endpoint & { format: 'prometheus' | 'csv' }) | null
  /** What the product does otherwise than the reference gateway, in words for the record of the run. */
  limits: string[]
}

export interface Endpoint { address: SnapshotAddress; path: string; headers?: Record<string, string> }
