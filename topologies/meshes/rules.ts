// What a mesh is told of the gateways' configuration: where requests may go by law, who may call whom, and by which routes
// gateways lead there. The same whichever gateway of the federation is asked.

import { federate, fromObjects } from '../../gateway/config/federate.ts'
import type { Discovery } from '../../gateway/controlplane/protocol.ts'
import { compileSnapshot } from '../../gateway/snapshot/compile.ts'
import type { Snapshot, SnapshotRoute } from '../../gateway/snapshot/snapshot.ts'
import type { ConfigDocument } from '../substrate.ts'
import { accessOf, type GuardedServices } from './access.ts'
import { residencyOf, type Residency } from './reach.ts'

export interface MeshRules { routes: readonly SnapshotRoute[]; residency: Residency; access: GuardedServices }

/** `gateway` is any one of the federation. */
export function rulesOf(config: readonly ConfigDocument[], { name, role, region }: Snapshot['gateway'], discovery: Discovery): MeshRules {
  const { routes, services } = compileSnapshot(federate(fromObjects(config, 'config')), { gateway: { name, role, region }, discovery }, 1)
  return { routes, residency: residencyOf(routes), access: accessOf(services) }
}
