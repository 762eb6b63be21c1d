// The port of samplers: pure cores, given time and randomness, the same on sockets and in virtual time. A head sampler only
// ever moves a threshold: a trace is kept when its 48 bits of randomness are not below it (consistent probability sampling,
// OpenTelemetry's `ot=th`), so all gateways agree on a trace, and raising a rate adds traces and never loses one.

import type { RouteSampling } from '../../snapshot/snapshot.ts'

/** Thresholds and randomness are integers below this: the upper 48 of OpenTelemetry's 56 bits. A threshold of it keeps none. */
export const thresholdRange = 2 ** 48

/** What a rate is kept for: one tenant's route over one protocol. */
export interface SamplingKey { tenant: string; route: string; protocol: string }

export interface SamplingCore {
  /** The number of a key; its settings may change with a snapshot, what was learned of it stays. */
  key(key: SamplingKey, settings: RouteSampling): number
  /** Forgets keys that no route has any more. */
  keep(keys: ReadonlySet<number>): void
  /** A request begins. The threshold that holds for it now; counts the arrival. */
  head(key: number, nowUs: number): number
  /** The threshold that would hold without an anomaly: what lies between the two is kept because of it. */
  calm(key: number): number
  /** It is over: what the budget and the detector learn from. `spans`: recorded for it here. */
  finished(key: number, spans: number, durationUs: number, failed: boolean, nowUs: number): void
  /** Moves rates; call at least four times a second. What changed is in `changes` until the next call. */
  tick(nowUs: number): void
  readonly changes: readonly RateChange[]
  /** Of each key, for reports. */
  rates(): readonly KeyRate[]
}

/** A rate that moved by more than a tenth, or whose cause changed. */
export interface RateChange {
  key: SamplingKey
  /** 0 to 1. */
  probability: number
  /** budget: held to the policy's spans a second; anomaly: raised; decay: on its way back; baseline: back where it was. */
  cause: 'budget' | 'anomaly' | 'decay' | 'baseline'
  /** What the detector saw: `errors`, `slow` or `rate`; '' unless the cause is an anomaly. */
  anomaly: string
}

export interface KeyRate { key: SamplingKey; policy: string; probability: number; spansPerSecond: number; budget: number | null; raised: boolean }
