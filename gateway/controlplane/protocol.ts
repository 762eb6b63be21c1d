// Delivery of snapshots, regional control plane → gateway, as newline-delimited JSON over one long HTTP/1.1
// response, with acknowledgements posted back.
//
//   gateway                                   control plane
//   GET /v1/snapshots?gateway=&role=&region=&revision=   ──►
//   ◄── {"type":"snapshot",…}  full, when the revision held is unknown or none
//   ◄── {"type":"delta",…}     from exactly the revision acknowledged last
//   ◄── {"type":"heartbeat"}   every second; two missed = control plane lost
//   POST /v1/acknowledgements  ──►  {gateway, revision, version, accepted, code?, message?}
//
// Publisher → control plane (token needed):
//   PATCH /v1/config  ConfigChange → 200 {revision} | 409 RGT_SNAPSHOT_GAP | 422 {errors:[…]}
//   PUT   /v1/config  {revision, documents} → the same, whole configuration
//   GET   /v1/status  → {region, revision, gateways:[{name, revision, version, accepted}]}

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
  /** Documents of revision 1. */
  documents: unknown[]
  discovery: Discovery
}
