// The immutable, versioned result of compiling a FederationConfig for one gateway: plain data, so that it
// travels as JSON, is stored as the last good one, and is what every driver renders to native configuration.
// Order inside carries meaning only where said; everything else is sorted by name, so that the order of
// files never shows.

import type { SnapshotAccess } from '../security/access.ts'
import type { CustomMetric } from '../telemetry/red/red.ts'
import type { PromotionReason } from '../telemetry/spans/span.ts'

export const snapshotFormat = 1

export interface Snapshot {
  format: typeof snapshotFormat
  /** Counts up with each accepted change of configuration; deltas apply to exactly one base revision. */
  revision: number
  /** Hash over the content without `revision` and `version`: equal content, equal version, whatever the way there. */
  version: string
  gateway: { name: string; role: 'edge' | 'region'; /** null for an edge */ region: string | null }
  /** Sorted by name. The index of a region in this array is its bit in every region mask. */
  regions: SnapshotRegion[]
  routes: SnapshotRoute[]
  services: SnapshotService[]
  health: HealthSettings
}

export interface SnapshotRegion {
  name: string
  jurisdiction: string
  /** Prior for the round-trip time from this gateway, milliseconds; measured latency replaces it. 0 for its own. */
  rttMs: number
  /** The east-west listeners of that region's gateways as reachable from here; empty for the own region. */
  links: SnapshotAddress[]
}

export interface SnapshotAddress { host: string; port: number }

/** One HTTPRoute rule with its hostnames: the unit that matches. */
export interface SnapshotRoute {
  /** `namespace/route/rule-index`, stable across revisions. */
  id: string
  /** Lower case; `*.example.com` for wildcards; empty = every host. */
  hostnames: string[]
  /** Any of these matches; an empty array matches every path. */
  matches: SnapshotMatch[]
  filters: SnapshotFilter[]
  /** Weighted; the sum is above nought unless `filters` ends in a redirect. */
  backends: SnapshotBackend[]
  timeouts: { requestMs: number; backendRequestMs: number }
  /** Creation order for the tie-break of Gateway API precedence: older first, then by id. */
  createdAt: string
  failover: RouteFailover
  /** Names of regions that may serve; null = all. An empty array is legal and refuses every request. */
  residency: { allowed: string[] | null; reason: string }
  /** What its SamplingPolicy says; absent = none is attached: it is not traced, and trace context passes through as it came. */
  sampling?: RouteSampling
  /** Of protocols for which another SamplingPolicy is in force; `samplingOver` reads both. */
  samplingByProtocol?: Record<string, RouteSampling>
  /** Labels that MetricsPolicies take from its messages; absent = none. */
  metrics?: CustomMetric[]
}

/** How requests of a route over one protocol are sampled; undefined: they are not traced. */
export function samplingOver({ sampling, samplingByProtocol }: SnapshotRoute, protocol: string): RouteSampling | undefined {
  return samplingByProtocol?.[protocol] ?? sampling
}

/** How traces of one route are sampled. */
export interface RouteSampling {
  /** `namespace/name` of the policy; its budget is shared by all routes that it reaches. */
  policy: string
  /** Namespace of the route. */
  tenant: string
  sampler:
    | { kind: 'always-on' }
    | { kind: 'always-off' }
    | { kind: 'probability'; /** 0 to 1 */ probability: number }
    /** Held to so many spans a second in each gateway, by averages over `windowMs`; at `burst` times what was expected it acts at once. */
    | { kind: 'adaptive'; spansPerSecond: number; windowMs: number; burst: number }
  /** Spans of requests that are not sampled wait in a ring, and are kept when one of these shows; null = they are not recorded. */
  retroactive: { keep: PromotionReason[]; /** A request that takes longer is slow. */ slowMs: number } | null
  /** The rate is multiplied by `factor` while errors, latency or traffic are out of the ordinary, and halves back every `halfLifeMs`. */
  anomaly: { factor: number; halfLifeMs: number } | null
  /** The sampled flag of clients is obeyed; otherwise only that of gateways is. */
  honourClients: boolean
}

/** Gateway API HTTPRouteMatch. All parts must hold. */
export interface SnapshotMatch {
  path: { type: 'Exact' | 'PathPrefix' | 'RegularExpression'; value: string }
  method: string | null
  headers: SnapshotValueMatch[]
  query: SnapshotValueMatch[]
}

export interface SnapshotValueMatch { type: 'Exact' | 'RegularExpression'; /** header names in lower case */ name: string; value: string }

export type SnapshotFilter =
  | { type: 'RequestHeaderModifier'; set: [string, string][]; add: [string, string][]; remove: string[] }
  | { type: 'ResponseHeaderModifier'; set: [string, string][]; add: [string, string][]; remove: string[] }
  | { type: 'RequestRedirect'; scheme: string | null; hostname: string | null; port: number | null; path: SnapshotPathModifier | null; statusCode: number }
  | { type: 'URLRewrite'; hostname: string | null; path: SnapshotPathModifier | null }
  | { type: 'RequestMirror'; service: string; /** 0 to 1 */ fraction: number }

export type SnapshotPathModifier =
  | { type: 'ReplaceFullPath'; value: string }
  | { type: 'ReplacePrefixMatch'; value: string }

export interface SnapshotBackend { service: string; weight: number; filters: SnapshotFilter[] }

/** A service (`namespace/name:port`) and where it can be had from this gateway. */
export interface SnapshotService {
  name: string
  /** Endpoints in the gateway's own region; always empty for an edge. */
  endpoints: SnapshotAddress[]
  /** Names of the other regions that export it, reached over their links. */
  remoteRegions: string[]
  /** Who may call it; absent = everybody. */
  access?: SnapshotAccess
}

/** What a FailoverPolicy says about one route. Health itself is never per route: see `HealthSettings`. */
export interface RouteFailover {
  /** false: the request goes to the nearest allowed region whatever its health, once. */
  enabled: boolean
  /** Preferred order of regions; empty = by measured latency. */
  prefer: string[]
  /** Upstream attempts in all, the first included. */
  maxAttempts: number
  /** Bodies up to this size are buffered and so may be sent again. */
  maxBodyBytes: number
}

/** Detection, retry budget and recovery, one set a gateway, because health is keyed by target and shared by all routes. */
export interface HealthSettings {
  outlier: {
    connectionFailures: number
    consecutive5xx: number
    /** Nought = counters are never reset by time; above nought they reset each interval (a known trap, kept to show it). */
    counterResetMs: number
    /** Highest share (0 to 1) of a service's allowed targets that may be ejected; 1 = a whole region may go. */
    maxEjectedShare: number
    /** Below this healthy share inside the allowed set, health is ignored there (panic). Nought = never. */
    panicShare: number
  }
  /** At least `minOutstanding` requests out and no byte back for clamp(p99Multiple x recent p99, minMs, maxMs) = suspect. */
  silence: { minOutstanding: number; p99Multiple: number; minMs: number; maxMs: number }
  /** Timeout = max(minTimeoutMs, path p99 + p99MarginMs); `misses` in a row eject. */
  probe: { intervalMs: number; minTimeoutMs: number; p99MarginMs: number; misses: number; maxPerSecond: number }
  retry: { budgetShare: number; budgetWindowMs: number; minPerSecond: number }
  /** `successes` over at least `minMs`, then a ramp from `rampStart` to 1 over `rampMs`. */
  recovery: { successes: number; minMs: number; rampMs: number; rampStart: number }
  /** Locality spill: share kept by a locality = min(1, overprovisioning x healthy share). */
  overprovisioning: number
  /** A verdict reached while the event loop was later than this is discarded. */
  maxLoopLagMs: number
  /**
   * Who moves a request away from a service that fails. `mesh`: services are never judged, and what they answer, or do not, is
   * handed on; links to other regions are still kept by their connections and probes.
   */
  failoverOwner: 'gateway' | 'mesh'
}

/** What changed between two revisions for one gateway. Routes and services replace or go whole. */
export interface SnapshotDelta {
  format: typeof snapshotFormat
  base: number
  revision: number
  /** Version of the result, checked after applying. */
  version: string
  routes: { put: SnapshotRoute[]; remove: string[] }
  services: { put: SnapshotService[]; remove: string[] }
  /** null = unchanged. */
  regions: SnapshotRegion[] | null
  health: HealthSettings | null
}

export const defaultRouteFailover: RouteFailover = { enabled: true, prefer: [], maxAttempts: 3, maxBodyBytes: 65_536 }

export const defaultHealth: HealthSettings = {
  outlier: { connectionFailures: 2, consecutive5xx: 5, counterResetMs: 0, maxEjectedShare: 1, panicShare: 0 },
  silence: { minOutstanding: 3, p99Multiple: 2, minMs: 150, maxMs: 1000 },
  probe: { intervalMs: 250, minTimeoutMs: 200, p99MarginMs: 100, misses: 2, maxPerSecond: 200 },
  retry: { budgetShare: 0.2, budgetWindowMs: 10_000, minPerSecond: 10 },
  recovery: { successes: 5, minMs: 3000, rampMs: 10_000, rampStart: 0.1 },
  overprovisioning: 1.4,
  maxLoopLagMs: 100,
  failoverOwner: 'gateway',
}
