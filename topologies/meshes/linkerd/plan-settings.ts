// Sets of settings for Linkerd's failover, which is an extension's: linkerd-failover moves weights of an SMI TrafficSplit to
// mirrored services when the own one has no ready endpoint. (Deprecated for federated services, which need clusters whose
// pods reach each other; ours are joined by gateways only.)

import { defaultHealth, type HealthSettings } from '../../../gateway/snapshot/snapshot.ts'

/** What a topology may write under `meshSettings`. */
export const linkerdSettings = {
  tuned: 'the nearest that Linkerd has to our FailoverPolicy: retries within a budget, 300 ms to answer, probes of peers every second',
  stock: 'the extension as its guide has it: failover by readiness only, no timeouts, no retries; peers probed every 3 s',
} as const

export interface LinkerdSettings {
  name: keyof typeof linkerdSettings
  /** Of a peer's gateway, seconds and results in a row. */
  probe: { periodS: number; timeoutMs: number; failures: number }
  /** Of a ServiceProfile; null = none. */
  requests: { timeoutMs: number; retryRatio: number; minRetriesPerSecond: number; ttlMs: number } | null
  /**
   * Linkerd's consecutive-failures accrual, in place of a profile where a service fails over nowhere: a proxy takes either
   * (linkerd.io, Circuit breaking, Limitations). null = off, Linkerd's default.
   */
  accrual: { maxFailures: number; minPenaltyMs: number; maxPenaltyMs: number } | null
}

const hangMs = 300

const stock: LinkerdSettings = { name: 'stock', probe: { periodS: 3, timeoutMs: 30_000, failures: 3 }, requests: null, accrual: null }

/** What Linkerd lacks: an order of peers, failover by answers instead of readiness, hedging, a count of tries (a budget holds them), a timeout a try. */
export function tunedSettings({ outlier, probe, retry, recovery }: HealthSettings = defaultHealth): LinkerdSettings {
  return {
    // Whole seconds are the least that its chart takes.
    name: 'tuned', probe: { periodS: 1, timeoutMs: Math.max(hangMs, probe.minTimeoutMs), failures: probe.misses },
    requests: { timeoutMs: hangMs, retryRatio: retry.budgetShare, minRetriesPerSecond: retry.minPerSecond, ttlMs: retry.budgetWindowMs },
    accrual: { maxFailures: Math.min(outlier.connectionFailures, outlier.consecutive5xx), minPenaltyMs: recovery.minMs, maxPenaltyMs: recovery.minMs + recovery.rampMs },
  }
}

/** Throws nothing: the name was checked against `linkerdSettings`. */
export function linkerdSettingsNamed(name: string | undefined): LinkerdSettings {
  return name === 'stock' ? stock : tunedSettings()
}
