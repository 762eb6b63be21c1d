// Proves on the wire that gateways, mesh and policy agree: every cell of the matrix is asked in every region that may serve
// its service, and asked again for as long as a change may take to arrive. What proxies say of their configuration is not
// believed, only what they answer.

import type { SnapshotRoute } from '../../../gateway/snapshot/snapshot.ts'
import { isProbe } from '../../meshes/access.ts'
import { disagreement, disagrees, matrixOf, type Answered, type Cell } from '../../meshes/agreement.ts'
import type { ConsulPlan, ConsulRegion } from '../../meshes/consul/plan.ts'
import { askUntilAgreed } from '../sockets/ask-until-agreed.ts'
import { inTurns } from '../sockets/at-once.ts'
import { atOnce, openAsking, type AskingRequest } from './agreement-asking.ts'

export interface ProofRequest extends AskingRequest {
  /** By which gateways lead requests to services. */
  routes: readonly SnapshotRoute[]
}

/** Five seconds in all. */
const rounds = 20
const waitMs = 250

/**
 * Gives how many cells were asked about, each in every region that may serve its service. Throws RGT_MESH_POLICY when
 * policy, gateway and mesh disagree for longer than changes take to arrive; RGT_MESH for a proxy that says neither yes nor no.
 */
export async function proveAgreement(request: ProofRequest): Promise<number> {
  const { plan, routes } = request
  const cells = matrixOf({ access: plan.access, services: [...plan.names.keys()], routes })
  const answered = await Promise.all(plan.regions.map((region) => askRegion(region, cells, request)))
  const asked = answered.flat()
  const apart = asked.filter((one) => apartIn(plan, one))
  if (apart.length > 0) throw disagreement(apart, asked.length)
  return asked.length
}

function apartIn({ access }: ConsulPlan, answered: Answered): boolean {
  const { service, principal, method, path } = answered.cell
  return disagrees(answered, isProbe(access.get(service)!, principal, method, path))
}

async function askRegion(region: ConsulRegion, cells: readonly Cell[], request: ProofRequest): Promise<Answered[]> {
  const { plan, signal } = request
  const here = cells.filter(({ service }) => Object.hasOwn(region.upstreams, service) && !region.forbidden.includes(service))
  if (here.length === 0) return []
  await using asking = await openAsking(region, here, request)
  const ask = async (cell: Cell): Promise<Answered> => ({ cell, region: region.region, mesh: await asking.mesh(cell), gateway: await asking.gateway(cell) })
  return askUntilAgreed(here, { ask: (some) => inTurns(some, atOnce, ask), isApart: (one) => apartIn(plan, one), rounds, waitMs, signal })
}
