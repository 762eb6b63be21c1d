// The contract of the failover core: what a data plane (real or simulated) tells it, and what it answers.
// It is a state machine, not a service: every call is one event with its time, every answer is a run of
// effects in a reusable buffer. It holds no clock, timer, random source, socket or promise.
//
//   request ─┐                      ┌─ Send(attempt → target)
//   head     │   events with nowUs  │  Accept(attempt) / Cancel(attempt) / Fail(ticket, reason)
//   finished ├──────► core ─────────┤  Probe(target) / Drain(target)
//   probed   │                      │  TargetState / RegionState / Redirect   (for evidence)
//   tick ────┘                      └─
//
// Vocabulary. *Target*: something to connect to whose health is kept once for all routes: an endpoint in
// this region, or a link to another region's east-west gateway. *Cell*: a (service, target) pair; for an
// endpoint it is the endpoint, for a link it keeps one service's trouble from ejecting the shared hop.
// *Ticket*: one client request in flight. *Attempt*: one try of it at one target.

import type { HealthCause, HealthState } from '../ports.ts'
import type { HealthSettings } from '../snapshot/snapshot.ts'

/** Why the core answers a request itself. Index = code in effects. */
export const failReasons = ['residency', 'no-healthy-target', 'upstream-timeout', 'upstream-failed', 'capacity'] as const
export type FailReason = (typeof failReasons)[number]

/** How an attempt ended without a usable response, as the transport saw it. */
export const attemptEndings = ['complete', 'refused', 'reset', 'closed', 'timeout', 'cancelled'] as const
export type AttemptEnding = (typeof attemptEndings)[number]

export const attemptReasons = ['first', 'retry', 'hedge', 'pinned'] as const
export type AttemptReason = (typeof attemptReasons)[number]

export const healthStates: readonly HealthState[] = ['healthy', 'suspect', 'ejected', 'recovering']

/** Effect kinds; each effect is (kind, a, b, c, d) in `EffectBuffer`. */
export const Effect = {
  /** a = ticket, b = attempt slot, c = target index, d = index into attemptReasons. Open the upstream request. */
  Send: 1,
  /** a = ticket, b = attempt slot. Forward this attempt's response to the client. */
  Accept: 2,
  /** a = ticket, b = attempt slot. Abandon it: the connection is closed unless it is still reusable; no further event is owed. */
  Cancel: 3,
  /** a = ticket, b = index into failReasons. Answer the client with 503/504 and the reason; the ticket is gone. */
  Fail: 4,
  /** a = target index, b = timeout in milliseconds. Probe it now; report with `probed`. */
  Probe: 5,
  /** a = target index. Close idle pooled connections; in-flight eligible requests follow as Send/Cancel. */
  Drain: 6,
  /** a = target index, b = service index or -1, c = state (index into healthStates) + 16 x previous state, d = index into healthCauses. */
  TargetState: 7,
  /** a = region index, b = 0 serving, 1 draining, 2 recovering, d = index into healthCauses. */
  RegionState: 8,
  /** a = region index left, b = region index taken, d = cause. First request of a service sent elsewhere since the region last served. */
  Redirect: 9,
  /** a = target index, b = lag in microseconds. A verdict was reached while the event loop was late and is discarded. */
  Discarded: 10,
} as const

export const healthCauses: readonly HealthCause[] = [
  'silence', 'refused', 'reset', 'closed', 'timeout', 'consecutive-5xx', 'probe-missed', 'probe-succeeded',
  'response-received', 'ramp-complete', 'region-lost', 'region-recovered', 'reported-by-peer', 'removed', 'start',
]

/**
 * Effects of the last call, in order: five numbers each, `data[5 * i .. 5 * i + 4]`. The caller applies them
 * and sets `length` back to nought before the next call. Grows when needed; never shrinks.
 */
export interface EffectBuffer {
  data: Float64Array
  /** Number of effects (not of numbers). */
  length: number
}

/** Request flags. Eligible = idempotent method and a body that is buffered whole: it may be sent again. */
export const RequestFlag = {
  Eligible: 1,
  /** Came over an east-west link: only endpoints of this region may serve it; the entry gateway owns failover. */
  LocalOnly: 2,
  /** Ask one region only, without hedge, retry or regard to health (witness and path probes). */
  Pinned: 4,
} as const

/** One route as the core needs it; made once per snapshot (see plan.ts). */
export interface RoutePlan {
  /** Indices into the core's services, with cumulative weights scaled to 2^32. Usually one. */
  services: Int32Array
  cumulativeWeights: Float64Array
  /** The one service when there is one, so that the common case looks no further; -1 otherwise. */
  only?: number
  /** Allowed regions as a bit mask (bit = region index; at most 32 regions). */
  regionMask: number
  failover: boolean
  /** Region indices in preferred order; empty = by measured latency. */
  prefer: Int32Array
  maxAttempts: number
  /** Whole request and one attempt, microseconds; 0 = no limit of its own. */
  requestTimeoutUs: number
  attemptTimeoutUs: number
}

/** What the core routes over; rebuilt with each snapshot, while health follows targets by their key. */
export interface CoreTopology {
  /** Index of the gateway's own region, or -1 for an edge. */
  ownRegion: number
  regions: readonly { name: string; priorRttUs: number }[]
  /** Key survives snapshots: `endpoint:host:port` or `link:region:host:port`. */
  targets: readonly { key: string; region: number; kind: 'endpoint' | 'link' }[]
  services: readonly { name: string; /** target indices */ targets: readonly number[] }[]
}

/**
 * The failover core. All times are monotonic microseconds. Calls return through `effects`. Tickets and attempt
 * slots are positive 31-bit integers: a row in the low `slotBits` (slots.ts; for tables of the caller), above it a
 * generation, so that a late event about something that is over is recognised and ignored.
 */
export interface RoutingCore {
  readonly effects: EffectBuffer
  /** The time at which `tick` is next needed, microseconds; Infinity when nothing is pending. */
  readonly nextTickUs: number

  /**
   * A request arrived and its head (and body, when eligible) is known. Effects: Send, or Fail.
   * `random` is uniform in [0, 1) (weights and power of two choices). `pin` is a region index or -1.
   * Returns the ticket, or -1 when the effects hold a Fail (whose ticket is -1 too).
   */
  request(plan: RoutePlan, flags: number, random: number, pin: number, nowUs: number): number

  /**
   * The response head of an attempt arrived. `fromGateway`: the far gateway made it itself (503 with a reason), the
   * service did not. Effects: Accept (and Cancel of siblings), or Send of a retry while the response is discarded.
   */
  head(attempt: number, status: number, fromGateway: boolean, nowUs: number): void

  /**
   * Bytes came back on this target although no head is complete yet (silence is broken).
   */
  heard(target: number, nowUs: number): void

  /**
   * An attempt ended. `complete` after an accepted response is read whole. `sent`: some byte of the request may have
   * reached the upstream (an attempt that never left may always be sent again). The slot is free afterwards.
   */
  finished(attempt: number, ending: AttemptEnding, sent: boolean, nowUs: number): void

  /** The client went away: Cancel for each of its attempts; the ticket is gone. */
  abandoned(ticket: number, nowUs: number): void

  /**
   * A probe ended; `target` is its index in the present topology. `cause` 'timeout' says that nothing came back, any
   * other failure is an answer of a kind. Before it reports silence, the caller lets its sockets be read once more
   * (setImmediate after the timer), because a timer may fire while the answer lies unread. `unavailable`: indices of services that the far region's gateway says it cannot serve at home
   * (link targets only).
   */
  probed(target: number, ok: boolean, cause: HealthCause, elapsedUs: number, unavailable: readonly number[], nowUs: number): void

  /** Time passed. `lagUs` is how late the event loop ran this tick. */
  tick(lagUs: number, nowUs: number): void

  /**
   * Swap to a new snapshot's topology. Health of targets whose key stays is kept; tickets in flight go on, also those
   * at targets that vanished. From here on effects carry the new indices; the caller drains what vanished by key.
   */
  swap(topology: CoreTopology, health: HealthSettings, nowUs: number): void

  /** For metrics and tests. */
  targetState(target: number): HealthState
  cellState(service: number, target: number): HealthState
  /** Recent latency of a target to the response head, microseconds: {p50, p99, count}; NaN when never measured. */
  latency(target: number): { p50Us: number; p99Us: number; count: number }
  outstanding(target: number): number
  /** Services whose endpoints in the own region are all ejected now (what probes over links report). */
  unavailableServices(): readonly number[]
}
