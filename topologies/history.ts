// The one record that every substrate writes. Judging and reporting read nothing else. Formats carry a
// version and are only ever extended. Times are microseconds from the run's zero unless a name says otherwise.

import type { AttemptOutcome, AttemptRecord, GatewayEvent } from '../gateway/ports.ts'
import type { Primitive } from './primitives.ts'

export const historyVersion = 1

export const phases = ['warmup', 'steady', 'fault', 'healing', 'recovered'] as const
export type Phase = (typeof phases)[number]

/** One line of `events.ndjson`. `source` is a process (`gateway/eu-west`, `edge/frankfurt`, `control-plane/eu-west`), or `run`. */
export type HistoryEvent =
  | { atUs: number; source: 'run'; kind: 'phase'; phase: Phase }
  | { atUs: number; source: 'run'; kind: 'fault-asked' | 'fault-in-force' | 'fault-heal-asked' | 'fault-healed'; fault: string; primitive: number; detail: Primitive }
  | { atUs: number; source: 'run'; kind: 'config-published'; revision: number; region: string; documents: number }
  /** By what stands before a control plane and checks documents too (an API server); the plane never saw the change. */
  | { atUs: number; source: 'run'; kind: 'config-refused'; region: string; revision: number; code: string; message: string }
  | { atUs: number; source: 'run'; kind: 'process'; process: string; state: 'started' | 'ready' | 'paused' | 'resumed' | 'killed' | 'exited'; pid: number }
  | { atUs: number; source: 'run'; kind: 'tool'; tool: string; text: string }
  /** `processes`: processor time of each process on this machine since its start, µs; those of which the system tells. */
  | { atUs: number; source: 'run'; kind: 'machine'; cpuShare: number; loopLagP99Ms: number; freeBytes: number; processes?: Record<string, number> }
  | { atUs: number; source: 'run'; kind: 'interrupted'; reason: string }
  /** A promise that holds whatever breaks was broken (simulated substrate: always checked). */
  | { atUs: number; source: 'run'; kind: 'invariant-violated'; invariant: string; text: string }
  | ({ source: string } & GatewayEvent)

export const requestSources = ['load', 'prober', 'path-probe', 'witness'] as const
/**
 * load: the offered load. prober: fine-grained, measures failover_time. path-probe: pinned over one path in the
 * steady phase, measures normal latency. witness: pinned and bypassing failover, shows that a fault bites.
 */
export type RequestSource = (typeof requestSources)[number]

export const requestOutcomes = [
  'ok', 'refused', 'reset', 'closed', 'timeout', '5xx', 'shed', 'residency', 'no-healthy-target', 'no-route', 'client-error', 'lost',
  'access-denied',
] as const
export type RequestOutcome = (typeof requestOutcomes)[number]

/** A row of `requests.arrow`: one client request. Writers may reuse the object: sinks copy. */
export interface RequestRow {
  id: string
  source: RequestSource
  /** When the open-loop schedule wanted it sent; latency counts from here. */
  scheduledUs: number
  startUs: number
  /** From `startUs` to the last byte of the response, or to the failure. */
  durationUs: number
  group: string
  entry: 'edge' | 'direct' | 'list'
  /** Name of the load's request template. */
  route: string
  protocol: string
  method: string
  /** Gateway that the client spoke to; '' when none answered. */
  gateway: string
  /** Region whose service answered; '' when none did. */
  region: string
  /** Region asked for by a pinned request; '' otherwise. */
  pinned: string
  status: number
  outcome: RequestOutcome
  /** Upstream attempts that the entry gateway reports; 0 when unknown. */
  attempts: number
  /** Routing decision of the entry gateway, nanoseconds; 0 when unknown. */
  decisionNs: number
  /** Idempotent, small body, entered by edge or list: see the verdict rules. */
  eligible: boolean
  /** Decided at the head, as the answer says it; false when it says nothing. */
  sampled: boolean
  bytes: number
}

/** A row of `attempts.arrow`: one upstream attempt, as the gateway that made it saw it. */
export interface AttemptRow extends AttemptRecord {
  gateway: string
  outcome: AttemptOutcome
}

/** A row of `spans.arrow`: one span as a collector took it. The table is there only when something was traced. */
export interface SpanRow {
  traceId: string
  spanId: string
  /** '' = the trace begins with it. */
  parentSpanId: string
  /** As sources of events are written: `edge/frankfurt`, `gateway/eu-west`, `services/eu-west`. */
  process: string
  kind: 'server' | 'client' | 'internal'
  name: string
  startUs: number
  durationUs: number
  requestId: string
  route: string
  /** `namespace/name:port`. */
  service: string
  /** Region that answered, or that was asked. */
  region: string
  /** Of a client span, as attempts are written: `link:REGION:address` or `endpoint:address`; '' of others. */
  target: string
  status: number
  /** Of a client span: its number within the request. */
  attempt: number
  /** As the gateway names it; 'ok' or '' of services. */
  outcome: string
  /** Why it was kept: a `KeepReason`, '' when the sender does not say. */
  kept: string
  /** Requests that it stands for, 1 / probability of its head; 0 when it was kept for another reason than chance. */
  adjustedCount: number
}

/** Where rows and events go while a run is on. */
export interface HistorySink {
  event(event: HistoryEvent): void
  request(row: RequestRow): void
  attempt(row: AttemptRow): void
  /** A sink without it has no use for spans. */
  span?(row: SpanRow): void
  /** For writers of millions of rows; a sink without it is given rows one by one. */
  block?(block: RowBlock): void
}

/**
 * Rows as columns, by the kinds of `history/columns.ts`. Sorted as the table is, and no row sorts before a row of an
 * earlier block of the table. The arrays may be longer than `length`; they are the receiver's to read until `block`
 * returns. A list of values may hold a string more than once.
 */
export interface RowBlock {
  table: 'requests' | 'attempts' | 'spans'
  length: number
  columns: Record<string, BlockColumn>
}

export type BlockColumn =
  /** Row i is bytes[offsets[i] .. offsets[i + 1]], UTF-8. */
  | { kind: 'text'; offsets: Int32Array; bytes: Uint8Array }
  /** `values` is the same list, which only grows, in every block of the table. */
  | { kind: 'code'; codes: Int32Array | Uint16Array | Uint8Array; values: readonly string[] }
  | { kind: 'us'; values: Float64Array }
  | { kind: 'int32'; values: Int32Array }
  | { kind: 'uint16'; values: Uint16Array }
  | { kind: 'flag'; values: Uint8Array }
