// Delivery of snapshots, regional control plane → gateway, as newline-delimited JSON over one long HTTP/1.1
// response, with acknowledgements posted back.
//
//   gateway                                   control plane
//   GET /v1/snapshots?gateway=&role=&region=&revision=&version=   ──►   (held: revision 0 = none)
//   ◄── {"type":"snapshot",…}  full, when the revision held is unknown or none
//   ◄── {"type":"delta",…}     from exactly the revision acknowledged last
//   ◄── {"type":"heartbeat"}   every second; two missed = control plane lost
//   POST /v1/acknowledgements  ──►  {gateway, revision, version, accepted, code?, message?}
//
// The newest revision wins: a control plane that is behind what a gateway holds (it was restarted, say) sends
// heartbeats only until it has been brought up to date, and a gateway refuses a revision older than its own.
//
// Publisher → control plane (token needed):
//   PATCH /v1/config  ConfigChange → 200 {revision} | 409 {revision, errors:[RGT_SNAPSHOT_GAP]} | 422 {revision, errors:[…]}
//                     (`revision` of an answer is the one in force; after 409 send the whole configuration)
//   PUT   /v1/config  {revision, documents} → the same, whole configuration
//   GET   /v1/status  → {region, revision, gateways:[{name, revision, version, accepted}]}
//
// Gateway → control plane, each second where telemetry is on:
//   POST /v1/telemetry  TelemetryReport → 204 (also when it had been taken before) | 400 {errors:[RGT_TELEMETRY_REPORT]}
//   GET  /v1/telemetry  → TelemetryView: merged metrics of the last minutes and the alerts that fire (token needed)
//                         ?format=prometheus: merged metrics since the start, as text
// A control plane that reads its configuration from an API server answers PATCH and PUT with 405 RGT_CONFIG_SOURCE.
//
// Without a token: GET /healthz; GET /readyz → 503 until it knows what there is to serve; GET /clock → {"nowUs"}, its
// monotonic clock, so that a runner on another machine can measure how far the two are apart.

import type { Snapshot, SnapshotAddress, SnapshotDelta } from '../snapshot/snapshot.ts'

export type DeliveryMessage =
  | { type: 'snapshot'; snapshot: Snapshot }
  | { type: 'delta'; delta: SnapshotDelta }
  | { type: 'heartbeat' }

export interface Acknowledgement {
  gateway: string
  revision: number
  version: string
  accepted: boolean
  code?: string
  message?: string
}

export const heartbeatMs = 1000

/** Header that carries the token of the run, on every request. */
export const tokenHeader = 'x-regatta-token'

/** One Kubernetes-style document as published. */
export interface ConfigDocument {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; [key: string]: unknown }
  spec?: unknown
  [key: string]: unknown
}

/** What names a document: kind, namespace (`default` when it has none) and name. */
export interface DocumentRef { kind: string; namespace: string; name: string }

/** A change of configuration: follows exactly the revision before it. */
export interface ConfigChange {
  revision: number
  put: ConfigDocument[]
  remove: DocumentRef[]
}

/** The whole configuration: may skip revisions. */
export interface WholeConfig { revision: number; documents: ConfigDocument[] }

/** Who asks for snapshots. `region` is null for an edge. */
export interface GatewayIdentity { name: string; role: 'edge' | 'region'; region: string | null }

export interface PlaneStatus {
  region: string
  revision: number
  /** `revision` and `version` are what the gateway is known to hold; `accepted` is false after a refusal of the newest. */
  gateways: { name: string; connected: boolean; revision: number; version: string; accepted: boolean }[]
}

/** What a control plane knows of the world besides configuration: its stand-in for service discovery. */
export interface Discovery {
  regions: { name: string; jurisdiction: string }[]
  /** service name → region → endpoints as dialled by gateways of that region. */
  endpoints: Record<string, Record<string, SnapshotAddress[]>>
  /** gateway name → region → east-west address and round-trip prior, as dialled by that gateway. */
  links: Record<string, Record<string, { addresses: SnapshotAddress[]; rttMs: number }>>
}

/** Bootstrap file of a regional control plane process. */
export interface ControlPlaneBootstrap {
  name: string
  region: string
  listen: SnapshotAddress
  token: string
  /** Documents of revision 1, unless `stateDir` holds newer ones. */
  documents: unknown[]
  discovery: Discovery
  /** Accepted changes are kept here and read again after a restart; none are kept without it. */
  stateDir?: string
  /** Names besides localhost that it may be called by, lower case; its addresses need no mention. */
  hosts?: string[]
  /** In a cluster: configuration and the endpoints of its own region come from the API server, by watch. */
  kubernetes?: KubernetesSource
}

/** What a control plane reads of the cluster that it runs in, as its service account. */
export interface KubernetesSource {
  /** Where its ConfigRevision stands. */
  systemNamespace: string
  /** Namespace of the configuration → the cluster's namespace that stands for it (equal in clusters of our own). */
  namespaces: Record<string, string>
  /**
   * Endpoints are the pods of a Service (absent), or the Service's own address, behind which a mesh chooses: `while-ready` as
   * long as any pod is ready, `always` where the mesh may serve from another region.
   */
  clusterIps?: ClusterIps
}

export type ClusterIps = 'while-ready' | 'always'
