// Sets of settings for Istio's failover, a ladder on which each step mends one trap of the step before: what nobody set, what
// Istio's own guide says, the same mended once and twice, and what comes nearest to our FailoverPolicy.

import { defaultHealth, defaultRouteFailover, type HealthSettings } from '../../../gateway/snapshot/snapshot.ts'

/** What a topology may write under `meshSettings`. */
export const istioSettings = {
  tuned: 'the nearest that Istio has to our FailoverPolicy: all may be ejected, short timeouts to connect and a try, retries to other regions',
  stock: 'what Istio does when nobody says anything; no outlier detection, so no failover and no preference for the own region',
  guide: "as in istio.io's locality failover task; trap: 10 % may be ejected at most, so none of two",
  'guide-all-ejectable': 'the guide with maxEjectionPercent 100; trap: 10 s to connect, so a region that hangs is waited for',
  'guide-fast-connect': 'that with connectTimeout 1s; trap: what hangs on an open connection waits for the client',
} as const

export type IstioSettingsName = keyof typeof istioSettings

/** Milliseconds, unless said otherwise. A value of null is left out, so that Istio's own default holds. */
export interface IstioSettings {
  name: IstioSettingsName
  /** null = no DestinationRule's outlierDetection, without which Istio fails nothing over. */
  outlier: { consecutive5xxErrors: number; intervalMs: number; ejectionMs: number; /** null = Envoy's 10 */ maxEjectionPercent: number | null } | null
  /** To connect, TLS included: as it stands where `perRoundTrip` is nought, otherwise that many times the round trip on top, `mostMs` at most. null = Istio's 10 s. */
  connect: { ms: number; perRoundTrip: number; mostMs: number } | null
  /** Requests on one connection; null = any number. */
  requestsPerConnection: number | null
  /** null = Istio's own: twice, on connect-failure, refused-stream, unavailable and cancelled, to the same priority. */
  retries: { attempts: number; perTryMs: number } | null
}

/** Those that lost least when a service froze; the same as Consul is given. */
const hangMs = 300
/** Handshakes across the world may take longer than this and fail; waiting longer would cost more than it saves. */
const longestConnectMs = 1000

/** istio.io, Tasks, Traffic Management, Locality Load Balancing, Locality failover. */
const guide: IstioSettings = {
  name: 'guide', outlier: { consecutive5xxErrors: 1, intervalMs: 1000, ejectionMs: 60_000, maxEjectionPercent: null },
  connect: null, requestsPerConnection: 1, retries: null,
}
const guideAllEjectable: IstioSettings = { ...guide, name: 'guide-all-ejectable', outlier: { ...guide.outlier!, maxEjectionPercent: 100 } }
const guideFastConnect: IstioSettings = { ...guideAllEjectable, name: 'guide-fast-connect', connect: { ms: 1000, perRoundTrip: 0, mostMs: 1000 } }
const stock: IstioSettings = { name: 'stock', outlier: null, connect: null, requestsPerConnection: null, retries: null }

/**
 * The nearest that Istio has to a FailoverPolicy. What it lacks: active checks, a ramp back, evidence by silence, a retry
 * budget of its own, and an order of more than two regions. Retries are tried on hosts that were not tried yet, so one
 * error is enough to eject.
 */
export function tunedSettings(health: HealthSettings = defaultHealth, maxAttempts: number = defaultRouteFailover.maxAttempts): IstioSettings {
  const { outlier, probe, recovery } = health
  return {
    name: 'tuned',
    outlier: {
      consecutive5xxErrors: 1, intervalMs: probe.intervalMs, maxEjectionPercent: Math.round(outlier.maxEjectedShare * 100),
      // A host comes back whole, and each return costs requests when it is not well: as late as ours has its full share.
      ejectionMs: recovery.minMs + recovery.rampMs,
    },
    // TCP, then TLS 1.3 end to end behind an east-west gateway that reads the server's name only (RFC 8446, 2).
    connect: { ms: hangMs, perRoundTrip: 2, mostMs: longestConnectMs },
    requestsPerConnection: null,
    retries: { attempts: maxAttempts - 1, perTryMs: hangMs },
  }
}

/** Throws nothing: the name was checked against `istioSettings`. */
export function istioSettingsNamed(name: string | undefined): IstioSettings {
  const sets: Record<string, IstioSettings> = { stock, guide, 'guide-all-ejectable': guideAllEjectable, 'guide-fast-connect': guideFastConnect }
  return sets[name ?? ''] ?? tunedSettings()
}
