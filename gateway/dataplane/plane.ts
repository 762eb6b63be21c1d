// What the parts of one gateway share. Made once by gateway.ts; only `state`, `draining` and the counters change.

import type { Clock, Evidence, Random, Scheduler } from '../ports.ts'
import type { CoarseClock } from '../protocols/adapter.ts'
import type { GatewayMetrics } from '../telemetry/metrics.ts'
import type { GatewayBootstrap } from './bootstrap.ts'
import type { CoreDriver } from './effects.ts'
import type { Mirrors } from './mirror.ts'
import type { PlaneState } from './state.ts'
import type { Telemetry } from './telemetry.ts'

export interface Plane {
  readonly bootstrap: GatewayBootstrap
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  readonly evidence: Evidence
  readonly metrics: GatewayMetrics
  readonly coarse: CoarseClock
  readonly attemptLog: boolean
  readonly driver: CoreDriver
  readonly mirrors: Mirrors
  /** null: the bootstrap does not ask for it. */
  readonly telemetry: Telemetry | null
  /** The run's token, for comparison in constant time. */
  readonly token: Buffer
  /** null until the first snapshot. */
  state: PlaneState | null
  draining: boolean
  nextRequestId(): string
}
