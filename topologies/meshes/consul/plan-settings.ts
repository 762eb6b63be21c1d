// Two sets of health settings: what Consul does when nobody tells it anything, and what comes nearest to our own
// FailoverPolicy. The second is worked out from the first health settings of a gateway, so that both can be compared.

import { defaultHealth, defaultRouteFailover, type HealthSettings } from '../../../gateway/snapshot/snapshot.ts'

/** What a topology may write under `meshSettings`. */
export const consulSettings = {
  tuned: 'the nearest that Consul has to our FailoverPolicy: checks every second, passive checks that may eject all, 300 ms to answer',
  stock: 'what Consul does when nobody says anything: checks every 10 s, no passive checks, no retries',
} as const

/** Throws nothing: the name was checked against `consulSettings`. */
export function settingsNamed(name: string | undefined): ConsulSettings {
  return name === 'stock' ? stockSettings : tunedSettings()
}

/** Milliseconds, unless said otherwise. A value of null is left out, so that Consul's own default holds. */
export interface ConsulSettings {
  name: 'stock' | 'tuned'
  check: {
    intervalMs: number
    timeoutMs: number
    /** Results in a row; null = Consul's one. */
    failuresBeforeCritical: number | null
    successBeforePassing: number | null
  }
  /** Envoy's outlier detection. Consul passes no ejection of a lone host on unless MaxEjectionPercent is 100: Envoy's default is 10. */
  passive: { intervalMs: number; maxFailures: number; ejectionMs: number; maxEjectionPercent: number } | null
  /** What a sidecar grants its own service at least; null = Envoy's 15 s. */
  requestTimeoutMs: number | null
  /** To connect, TLS included, where no link is crossed; null = Consul's 5 s. */
  connectTimeoutMs: number | null
  /** Attempts of a request in all, when the mesh owns failover; null = no retries, Consul's default. */
  maxAttempts: number | null
  /** Envoy's circuit breaker of retries under way at once, for which Consul has no field; null = Envoy's 3. */
  maxRetries: number | null
}

/**
 * Consul's defaults. A check has no default interval: 10 s is that of the checks which Consul gives a sidecar by itself
 * (agent/sidecar_service.go) and of its guides; 10 s is also the default timeout (agent/checks/check.go).
 */
export const stockSettings: ConsulSettings = {
  name: 'stock',
  check: { intervalMs: 10_000, timeoutMs: 10_000, failuresBeforeCritical: null, successBeforePassing: null },
  passive: null, requestTimeoutMs: null, connectTimeoutMs: null, maxAttempts: null, maxRetries: null,
}

/** Those that lost least when a region froze, measured on loopback: a shorter timeout refuses healthy requests of a busy machine. */
const hangMs = 300

/** Consul raises a check's interval to this with no more than a line in its log (agent/checks/check.go, MinInterval). */
const shortestCheckMs = 1000

/**
 * The nearest that Consul has to a FailoverPolicy. What it lacks: checks more often than once a second, a ramp
 * back, evidence by silence, a timeout a try, and an own count of failed connections (Envoy counts each as a 5xx, so the
 * lower of both counts stands for both).
 */
export function tunedSettings(health: HealthSettings = defaultHealth, maxAttempts: number = defaultRouteFailover.maxAttempts): ConsulSettings {
  const { outlier, probe, recovery } = health
  const intervalMs = Math.max(shortestCheckMs, probe.intervalMs)
  return {
    name: 'tuned',
    check: {
      intervalMs, timeoutMs: probe.minTimeoutMs, failuresBeforeCritical: probe.misses,
      successBeforePassing: Math.max(recovery.successes, Math.ceil(recovery.minMs / intervalMs)),
    },
    passive: {
      intervalMs: probe.intervalMs, maxFailures: Math.min(outlier.connectionFailures, outlier.consecutive5xx),
      // A host comes back whole, and each return costs requests when it is not well: as late as ours has its full share.
      ejectionMs: recovery.minMs + recovery.rampMs, maxEjectionPercent: Math.round(outlier.maxEjectedShare * 100),
    },
    requestTimeoutMs: hangMs, connectTimeoutMs: hangMs, maxAttempts, maxRetries: 1024,
  }
}

/** Go's form of a duration, which Consul reads. */
export function goDuration(ms: number): string {
  return `${ms}ms`
}
