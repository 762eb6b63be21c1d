// HealthSettings in the core's own unit (microseconds), and the constants that are not configuration.

import type { HealthSettings } from '../snapshot/snapshot.ts'

/** How often `tick` is wanted while requests are out: the grain of every verdict by time. */
export const tickUs = 10_000
/** A tick later than this decides nothing by silence: answers may be waiting unread; the next tick decides. */
export const deafUs = 25_000
/** Samples below which a histogram says nothing yet. */
export const measuredCount = 10
/** Limit of a request whose plan states none (undici's 300 s and the like would break the failover budget). */
export const defaultRequestTimeoutUs = 15_000_000
/**
 * A lone request is hedged after clamp(2 x p99, 225 ms, 2 s): so that what it waits stays within the design's
 * bound for slow requests, max(250 ms, 2 x p99 + 100 ms), a tick's delay included.
 */
export const patienceMultiple = 2
export const patienceMinUs = 225_000
export const patienceMaxUs = 2_000_000
/** Ejected again within this time after recovery = flapping: the time to recover doubles, up to the limit. */
export const flapUs = 60_000_000
export const longestRecoveryUs = 30_000_000
/** A busy link is still probed this often, because its probes carry the list of services it cannot serve. */
export const busyLinkProbeUs = 1_000_000
/** A cell carries traffic when it was sent some within this time. */
export const trafficUs = 10_000_000
/** A region moves ahead of another in rank only when it is this much nearer, by share and by time. */
export const nearerShare = 0.8
export const nearerUs = 5_000
/** Sends of one request in all, those that never left included. */
export const mostSends = 16

export interface Settings {
  connectionFailures: number
  consecutive5xx: number
  counterResetUs: number
  maxEjectedShare: number
  panicShare: number
  silenceMinOutstanding: number
  silenceMultiple: number
  silenceMinUs: number
  silenceMaxUs: number
  /** No silence is shorter. */
  leastSilenceUs: number
  probeIntervalUs: number
  probeMinTimeoutUs: number
  probeMarginUs: number
  probeMisses: number
  probesPerSecond: number
  budgetShare: number
  budgetWindowUs: number
  budgetMinPerSecond: number
  recoverySuccesses: number
  recoveryMinUs: number
  rampUs: number
  rampStart: number
  overprovisioning: number
  maxLagUs: number
  /** A mesh owns the failover of services: only links are judged, by their connections and probes. */
  meshOwnsServices: boolean
}

export function settingsOf(health: HealthSettings): Settings {
  const { outlier, silence, probe, retry, recovery } = health
  return Object.freeze({
    connectionFailures: outlier.connectionFailures,
    consecutive5xx: outlier.consecutive5xx,
    counterResetUs: outlier.counterResetMs * 1000,
    maxEjectedShare: outlier.maxEjectedShare,
    panicShare: outlier.panicShare,
    silenceMinOutstanding: silence.minOutstanding,
    silenceMultiple: silence.p99Multiple,
    silenceMinUs: silence.minMs * 1000,
    silenceMaxUs: silence.maxMs * 1000,
    leastSilenceUs: Math.min(silence.minMs, silence.maxMs) * 1000,
    probeIntervalUs: probe.intervalMs * 1000,
    probeMinTimeoutUs: probe.minTimeoutMs * 1000,
    probeMarginUs: probe.p99MarginMs * 1000,
    probeMisses: probe.misses,
    probesPerSecond: probe.maxPerSecond,
    budgetShare: retry.budgetShare,
    budgetWindowUs: retry.budgetWindowMs * 1000,
    budgetMinPerSecond: retry.minPerSecond,
    recoverySuccesses: recovery.successes,
    recoveryMinUs: recovery.minMs * 1000,
    rampUs: recovery.rampMs * 1000,
    rampStart: recovery.rampStart,
    overprovisioning: health.overprovisioning,
    maxLagUs: health.maxLoopLagMs * 1000,
    meshOwnsServices: health.failoverOwner === 'mesh',
  })
}
