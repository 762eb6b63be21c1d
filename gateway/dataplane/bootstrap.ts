// What a gateway process is told at birth; everything else it learns from its control plane. The file is
// JSON, because whoever starts the process writes it, not a person.

import type { Identities } from '../security/identity.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import type { OtlpTarget } from '../telemetry/export/exporter.ts'

export interface GatewayBootstrap {
  name: string
  role: 'edge' | 'region'
  /** null for an edge. */
  region: string | null
  listen: {
    /** Clients. */
    ingress: SnapshotAddress
    /** Gateways of other regions and edges; null for an edge. Only endpoints of this region are served here. */
    eastWest: SnapshotAddress | null
    /**
     * The gateway's own sidecar, which alone may reach it (loopback, or inside the pod); absent = no mesh calls in. Here, and
     * only here, `x-forwarded-client-cert` says who calls.
     */
    mesh?: SnapshotAddress
    /** /healthz, /readyz, /clock ({"nowUs": its monotonic clock}); with the token also /metrics, /status, POST /drain, POST /gc. */
    admin: SnapshotAddress
  }
  /** Who the identities that `listen.mesh` tells of are; one that is not here is allowed what is not guarded. */
  identities?: Identities
  /** Names, besides localhost, under which the admin port may be called; addresses always may. */
  hosts?: string[]
  /** `x-regatta-token` of control ports and of pinned requests. */
  token: string
  /** Asked in this order; the next when one is lost. */
  controlPlanes: SnapshotAddress[]
  /** Last good snapshot is kept here as `snapshot.json`; read at start when no control plane answers. */
  stateDir: string
  seed: number
  /** Absent = nothing is traced or reported, whatever policies say. */
  telemetry?: GatewayTelemetry
  /** One evidence record for each upstream attempt; true when left out. Benchmarks switch it off. */
  attemptLog?: boolean
  limits: {
    maxHeaderBytes: number
    maxBodyBytes: number
    headerTimeoutMs: number
    idleTimeoutMs: number
    maxConnections: number
    drainMs: number
  }
}

export interface GatewayTelemetry {
  /** Where spans go; null = nowhere, they are counted only. */
  otlp: OtlpTarget | null
  /** Octets that spans of requests which are not sampled may wait in; default 8 MiB. */
  ringBytes?: number
  /** How long spans that are kept are gathered at most before they go to the exporter; default 5000. */
  batchWaitMs?: number
  /** A report a second goes to the control plane; absent = true. */
  report?: boolean
}

export const defaultLimits: GatewayBootstrap['limits'] = {
  maxHeaderBytes: 32_768,
  maxBodyBytes: 16 * 1024 * 1024,
  headerTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  maxConnections: 20_000,
  drainMs: 5_000,
}

/**
 * Headers of the reference gateway, on both sides.
 *
 * Requests: `x-request-id` is passed on (made when missing). `x-regatta-pin: REGION` with `x-regatta-token`
 * asks one region only; without the right token both are stripped. `x-regatta-hop: NAME` marks gateway to
 * gateway traffic; `x-regatta-route` and `x-regatta-service` tell the far gateway what the entry gateway has
 * decided, so that filters act once and weights are drawn once. Without them the far gateway matches by itself.
 * Responses to clients: `server-timing: decision;dur=MS`, `x-regatta-gateway`, `x-regatta-region` (whose
 * service answered), `x-regatta-attempts`. Responses that the gateway makes itself carry `x-regatta-reason`
 * with a code of errors.ts and a JSON body `{code, message, hint, requestId}`.
 * `x-forwarded-client-cert` is taken off every request, and believed on `listen.mesh` only.
 * Over a link a gateway that keeps a trace after the fact says so: `x-regatta-keep: REASON` in its response, and
 * `POST /.regatta/traces` with a line `TRACE-ID REASON` for each to gateways that had a part in it.
 * Responses to clients of a traced route: `x-regatta-trace: TRACE-ID-FLAGS`, the flags of trace context in hex.
 * Probe over an east-west link: `GET /.regatta/health` answers 200 with `x-regatta-unavailable: SERVICE,…`.
 */
export const header = {
  requestId: 'x-request-id',
  pin: 'x-regatta-pin',
  token: 'x-regatta-token',
  hop: 'x-regatta-hop',
  route: 'x-regatta-route',
  service: 'x-regatta-service',
  gateway: 'x-regatta-gateway',
  region: 'x-regatta-region',
  attempts: 'x-regatta-attempts',
  reason: 'x-regatta-reason',
  unavailable: 'x-regatta-unavailable',
  serverTiming: 'server-timing',
  keep: 'x-regatta-keep',
  trace: 'x-regatta-trace',
} as const

export const healthPath = '/.regatta/health'
/** Where a gateway is told of traces to keep, on its east-west listener. */
export const tracesPath = '/.regatta/traces'
