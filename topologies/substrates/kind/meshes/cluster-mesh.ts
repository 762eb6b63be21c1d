// What a mesh on clusters must do for a start, whichever it is: say what pods ask for, come up in each region before the
// workloads, be joined when all regions stand, and show that it carries what it promised.

import type { ClusterIps } from '../../../../gateway/controlplane/protocol.ts'
import type { ConfigDocument } from '../../../substrate.ts'
import type { Ground } from '../grounds.ts'
import type { Sidecars } from '../manifests/region.ts'

/** What regions are laid out with, before anything of the mesh is worked out. */
export interface MeshPods {
  sidecars: Sidecars
  clusterIps: ClusterIps
  /** Each service in pods of its own, under its own account: a mesh knows callers by their accounts. */
  apart: boolean
}

export interface ClusterMesh {
  /** Who tells what was proven, for the record. */
  name: string
  /** Of this machine's Docker, to be loaded into the clusters. */
  images: string[]
  /** The configuration that gateways get beside it. */
  config(documents: readonly ConfigDocument[]): ConfigDocument[]
  /** Before a region's workloads, which its webhook changes. Throws RGT_MESH, RGT_WORKLOAD. */
  install(ground: Ground, signal: AbortSignal): Promise<void>
  /** Every region learns of every other, and every gateway's proxy sees all that it may. Throws RGT_MESH. */
  join(grounds: readonly Ground[], signal: AbortSignal): Promise<void>
  /** What was tried and seen, a line each, for the record. Throws RGT_MESH when a promise does not hold. */
  prove(grounds: readonly Ground[], signal: AbortSignal): Promise<string[]>
}
