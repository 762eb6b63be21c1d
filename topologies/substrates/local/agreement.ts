// Proves on the wire that gateways, mesh and policy agree: every cell of the matrix is asked in every region that may serve
// its service, and asked again for as long as a change may take to arrive. What proxies say of their configuration is not
// believed, only what they answer.

import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../gateway/runtime.ts'
import type { SnapshotRoute } from '../../../gateway/snapshot/snapshot.ts'
import { isProbe } from '../../meshes/access.ts'
import { disagreement, disagrees, matrixOf, type Answered, type Cell } from '../../meshes/agreement.ts'
import type { ConsulPlan, ConsulRegion } from '../../meshes/consul/plan.ts'
import { inTurns } from '../sockets/at-once.ts'
import { atOnce, openAsking, type AskingRequest } from './agreement-asking.ts'

export interface ProofRequest extends AskingRequest {
  /** By which gateways lead requests to services. */
  routes: readonly SnapshotRoute[]
}

/** What was changed a moment ago is heard of by proxies one after another. */
const settleMs = 5_000
const lookMs = 250

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
  const untilUs = systemClock.nowUs() + settleMs * 1000
  for (;;) {
    // All of them each time: a change that arrives late may open what was shut a moment ago.
    const answers = await inTurns(here, atOnce, ask)
    if (!answers.some((one) => apartIn(plan, one)) || systemClock.nowUs() > untilUs) return answers
    await sleep(lookMs, undefined, { signal })
  }
}
