// Every source of nondeterminism enters the gateway here: time, randomness, timers, and the sinks that
// carry evidence out. Cores never see these ports; adapters read them and hand plain numbers to the cores,
// which is why the same cores run on real sockets and in virtual time.

import type { AlertEvent } from './telemetry/alerts/alert.ts'
import type { ExportCounts } from './telemetry/export/exporter.ts'
import type { TelemetryReport } from './telemetry/red/report.ts'
import type { RateChange } from './telemetry/sampling/sampler.ts'
import type { TracingCounts } from './telemetry/spans/tracing.ts'

/** A monotonic clock. Microseconds since an arbitrary zero that stays fixed for the life of the machine's boot. */
export interface Clock {
  nowUs(): number
  /** Nanoseconds, for durations that microseconds cannot resolve (routing decisions). */
  nowNs(): bigint
}

/** A uniform stream of randomness in [0, 1). A seeded stream replays. */
export interface Random {
  next(): number
}

/** Timers. `every` and `after` return a function that cancels; a cancelled timer never fires. */
export interface Scheduler {
  after(delayMs: number, run: () => void): () => void
  every(intervalMs: number, run: () => void): () => void
  /** Once what has arrived by now is read: a timer may fire while the answer that it waits for lies unread. */
  afterReading(run: () => void): () => void
}

/** Where a gateway, control plane or service process reports what happened to it. */
export interface Evidence {
  event(event: GatewayEvent): void
  attempt(attempt: AttemptRecord): void
}

/**
 * Something that happened inside a process of the system under test. `atUs` is the process's monotonic
 * clock; the substrate translates it to the run's zero. The names are the vocabulary of `events.ndjson`.
 */
export type GatewayEvent = { atUs: number } & (
  | { kind: 'ready' }
  | { kind: 'target-state'; target: string; service: string | null; state: HealthState; from: HealthState; cause: HealthCause }
  | { kind: 'region-state'; region: string; state: 'serving' | 'draining' | 'recovering'; cause: HealthCause }
  | { kind: 'first-redirect'; from: string; to: string; cause: HealthCause }
  | { kind: 'pool-drained'; target: string; connections: number }
  | { kind: 'snapshot-offered'; gateway: string; revision: number }
  | { kind: 'snapshot-applied'; revision: number; version: string; routes: number; buildUs: number }
  | { kind: 'snapshot-acknowledged'; gateway: string; revision: number; elapsedUs: number }
  | { kind: 'snapshot-refused'; gateway: string; revision: number; code: string; message: string }
  | { kind: 'config-accepted'; revision: number; documents: number }
  | { kind: 'config-refused'; revision: number; code: string; message: string }
  /** The endpoints of the control plane's own region: how many services have others than before, and how many endpoints there are. */
  | { kind: 'endpoints-changed'; services: number; endpoints: number }
  /** Told by a control plane that reads from a cluster: its API server does not answer. */
  | { kind: 'api-server-lost'; address: string }
  | { kind: 'api-server-found'; address: string }
  | { kind: 'control-plane-lost'; address: string }
  | { kind: 'control-plane-found'; address: string }
  | { kind: 'loop-late'; lagUs: number }
  | { kind: 'verdict-discarded'; target: string; lagUs: number }
  | { kind: 'usage'; cpuUs: number; rssBytes: number; requests: number; loopLagP99Us: number }
  | { kind: 'log'; level: 'info' | 'warn' | 'error'; code: string; message: string }
  /** Each second of a gateway that traces: what became of spans since its start. */
  | { kind: 'tracing'; counts: TracingCounts; exported: ExportCounts }
  /** The rate of one key moved, and why. */
  | ({ kind: 'sampling-rate' } & RateChange)
  /** Each second of a gateway that traces: requests since the event before, folded before any span was dropped. */
  | { kind: 'red'; report: TelemetryReport }
  /** Told by a control plane that evaluates alerts. */
  | { kind: 'alert'; alert: AlertEvent }
  /** Each second of a collector: what it took since its start, by process that sent it. `bytes`: OTLP payload. */
  | { kind: 'collector'; senders: Record<string, { spans: number; bytes: number; requests: number }>; refused: number }
)

/** Life of a target (an endpoint in this region, or the link to another region's gateway). */
export type HealthState = 'healthy' | 'suspect' | 'ejected' | 'recovering'

/** Why a target changed state. */
export type HealthCause =
  | 'silence' | 'refused' | 'reset' | 'closed' | 'timeout' | 'consecutive-5xx' | 'probe-missed'
  | 'probe-succeeded' | 'response-received' | 'ramp-complete' | 'region-lost' | 'region-recovered'
  | 'reported-by-peer' | 'removed' | 'start'

/** One upstream attempt as the gateway that made it saw it. Times are the gateway's monotonic clock. */
export interface AttemptRecord {
  requestId: string
  /** 0 is the first; hedges and retries count up. */
  attempt: number
  reason: 'first' | 'retry' | 'hedge' | 'pinned' | 'mirror'
  service: string
  target: string
  region: string
  startUs: number
  durationUs: number
  /** HTTP status, or 0 when no response head arrived. */
  status: number
  outcome: AttemptOutcome
}

/** `access-denied`: the far gateway refused by its access policy; a decision, no sign of bad health. */
export type AttemptOutcome =
  | 'ok' | '5xx' | 'refused' | 'reset' | 'closed' | 'timeout' | 'cancelled' | 'gateway-unavailable' | 'access-denied'
