// The port between the simulated world and the history: rows are opened when something begins and closed when it
// ends, by number, without an object a row.

import type { AttemptOutcome, AttemptRecord } from '../../../gateway/ports.ts'
import type { RequestOutcome } from '../../history.ts'

/** What requests of one stream have in common. */
export interface RecordedStream {
  /** Ids are `label-000123`, the number being the arrival's. */
  label: string
  source: string
  group: string
  entry: 'edge' | 'direct' | 'list'
  pinned: string
  templates: { route: string; method: string; eligible: boolean }[]
}

export interface Recorder {
  /**
   * Names that rows refer to by index, fixed before the first row: streams, gateways, regions (index + 1 in
   * `closeRequest`, 0 = none), targets as the gateways write them, services.
   */
  readonly names: RecorderNames
  /**
   * Opens a request's row and returns its handle (counts up from 0). Rows are opened in order of `scheduledUs`; rows
   * of one time in any order.
   */
  openRequest(stream: number, index: number, template: number, scheduledUs: number): number
  /** The answer that an open request gets says that its trace was sampled at its head. */
  sampled(row: number): void
  closeRequest(row: number, endUs: number, gateway: number, region: number, status: number, outcome: number, attempts: number, bytes: number): void
  /**
   * Handles count up from 0, apart from those of requests. `startUs` never falls. `request` is the row that it serves;
   * gateway, service, target and region are plain indices into `names`.
   */
  openAttempt(request: number, gateway: number, attempt: number, reason: number, service: number, target: number, region: number, startUs: number): number
  closeAttempt(row: number, endUs: number, status: number, outcome: number): void
  /** Rows that are still open end as `lost` (requests) and `cancelled` (attempts) at `endUs`; everything goes to the sink. */
  finish(endUs: number): void
}

export interface RecorderNames {
  streams: readonly RecordedStream[]
  /** `gateway` column by index + 1; 0 = '' (no gateway answered). */
  gateways: readonly string[]
  regions: readonly string[]
  services: readonly string[]
  /** Grows: a snapshot may bring targets. */
  targets: string[]
}

/** Index = code in `closeRequest`; same order as `requestOutcomes` of history.ts. */
export type RequestOutcomeCode = RequestOutcome
/** Index = code in `closeAttempt`. */
export const attemptOutcomeCodes: readonly AttemptOutcome[] = ['ok', '5xx', 'refused', 'reset', 'closed', 'timeout', 'cancelled', 'gateway-unavailable', 'access-denied']
/** Index = code in `openAttempt`; the first four are the core's `attemptReasons`. */
export const attemptReasonCodes: readonly AttemptRecord['reason'][] = ['first', 'retry', 'hedge', 'pinned', 'mirror']
