// What the services process of one region is told at birth.

import type { SnapshotAddress } from '../../../../gateway/snapshot/snapshot.ts'
import type { OtlpTarget } from '../../../../gateway/telemetry/export/exporter.ts'
import type { EchoBehaviour } from '../../../service-behaviour.ts'

export interface ServicesBootstrap {
  region: string
  seed: number
  /** Names, besides localhost, under which the control listener may be called; addresses always may. */
  hosts?: string[]
  /** `x-regatta-token` of the control listener. */
  token: string
  /** POST /degrade, POST /restore, GET /status (token needed), GET /healthz. */
  control: SnapshotAddress
  endpoints: EchoEndpoint[]
  /** Where spans of answered requests go; absent = nowhere, and nothing of OpenTelemetry is loaded. */
  tracing?: OtlpTarget
}

export interface EchoEndpoint extends EchoBehaviour {
  /** `namespace/name:port`. */
  service: string
  /** Counts from 0 within service and region. */
  replica: number
  /** Loopback port; the host is the control listener's. */
  port: number
}
