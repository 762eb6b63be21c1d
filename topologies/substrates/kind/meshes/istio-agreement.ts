// Proves on the clusters that gateways, mesh and policy agree: every cell of the matrix is asked in every region, of the
// gateway as any client would, and of each service's sidecars from pods of each identity. What they answer is believed, not
// what proxies say of their configuration.

import { request as httpRequest } from 'node:http'
import { accessDeniedCode } from '../../../../gateway/dataplane/answers.ts'
import { header } from '../../../../gateway/dataplane/bootstrap.ts'
import { allows, type Principal, type SnapshotAccess } from '../../../../gateway/security/access.ts'
import type { SnapshotAddress, SnapshotRoute } from '../../../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../../../errors.ts'
import { parseServiceName } from '../../../service-name.ts'
import { isProbe } from '../../../meshes/access.ts'
import { disagreement, disagrees, matrixOf, type Answered, type Cell, type GatewayAnswer, type MeshAnswer } from '../../../meshes/agreement.ts'
import { fqdn } from '../../../meshes/istio/plan-routing.ts'
import { askUntilAgreed } from '../../sockets/ask-until-agreed.ts'
import { inTurns } from '../../sockets/at-once.ts'
import type { Ground } from '../grounds.ts'
import { partLabel, serviceLabel, type RegionPlan } from '../manifests/region.ts'
import { askInPod, type Ask, type Heard, type Pod } from './asked-in-pods.ts'

export interface AgreementProof {
  grounds: readonly Ground[]
  plans: readonly RegionPlan[]
  services: readonly string[]
  access: ReadonlyMap<string, SnapshotAccess>
  routes: readonly SnapshotRoute[]
  /** Services of a region that the law keeps shut there, whatever policies say. */
  forbiddenIn(region: string): readonly string[]
  /** Where clients find a region's own gateway. */
  ingressOf(region: string): SnapshotAddress
  signal: AbortSignal
}

/** What a cell was answered, and whether the mesh may let in what no rule allows. */
interface Judged { answered: Answered; excepted: boolean }

/** Five seconds in all, and what asking takes. */
const rounds = 10
const waitMs = 500
const answerMs = 3_000
const atOnce = 8

/** Gives how many cells were asked about, in all regions together. Throws RGT_MESH_POLICY, and RGT_MESH for a proxy that says neither yes nor no. */
export async function proveAgreement(proof: AgreementProof): Promise<number> {
  const cells = matrixOf(proof)
  const judged = (await Promise.all(proof.grounds.map((ground) => askRegion(ground, cells, proof)))).flat()
  const apart = judged.filter(isApart)
  if (apart.length > 0) throw disagreement(apart.map(({ answered }) => answered), judged.length)
  return judged.length
}

const isApart = ({ answered, excepted }: Judged): boolean => disagrees(answered, excepted)

async function askRegion(ground: Ground, all: readonly Cell[], proof: AgreementProof): Promise<Judged[]> {
  const plan = proof.plans.find(({ region }) => region === ground.region)!
  const forbidden = proof.forbiddenIn(ground.region)
  const here = new Set(plan.services.flatMap(({ bootstrap }) => bootstrap.endpoints.map(({ service }) => service)).filter((service) => !forbidden.includes(service)))
  const asking = await openAsking(ground, plan, proof)
  const ask = async (cells: readonly Cell[]): Promise<Judged[]> => {
    const judged = new Map((await asking(cells)).map((one) => [one.answered.cell, one]))
    return cells.map((cell) => judged.get(cell)!)
  }
  return askUntilAgreed(all.filter(({ service }) => here.has(service)), { ask, isApart, rounds, waitMs, signal: proof.signal })
}

async function openAsking(ground: Ground, plan: RegionPlan, { access, ingressOf, signal }: AgreementProof): Promise<(cells: readonly Cell[]) => Promise<Judged[]>> {
  const { region, api, nodes } = ground
  const addresses = new Map(await Promise.all([...access.keys()].map(async (service) => {
    const { namespace, name } = parseServiceName(service)
    const found = await api.read({ apiVersion: 'v1', kind: 'Service', namespace: plan.namespaces.ofConfig[namespace], name }) as { spec?: { clusterIP?: string } } | null
    return [service, found?.spec?.clusterIP ?? ''] as const
  })))
  const askOf = ({ service, method, path }: Cell): Ask => {
    const { namespace, name, port } = parseServiceName(service)
    return { address: addresses.get(service)!, port, host: fqdn(name, plan.namespaces.ofConfig[namespace]), method, path }
  }
  return async (cells) => {
    const judged: Judged[] = []
    for (const [principal, own] of Map.groupBy(cells, (cell) => cell.principal)) {
      signal.throwIfAborted()
      // Machines of a run's own clusters are the run's to touch; a mesh is installed on no others.
      const heard = await askInPod(nodes!, await podOf(ground, plan, principal), own.map(askOf))
      const gateway = await inTurns(own, atOnce, (cell) => gatewayAnswer(ingressOf(region), cell, signal))
      judged.push(...own.map((cell, at) => judge(cell, region, heard[at], gatherPath(own, heard, cell), gateway[at], access.get(cell.service)!)))
    }
    return judged
  }
}

function judge(cell: Cell, region: string, heard: Heard, gotPath: string, gateway: GatewayAnswer, access: SnapshotAccess): Judged {
  const { service, principal, method, path } = cell
  const mesh = meshAnswer(heard)
  if (mesh === null) {
    throw topologyError('RGT_MESH', `the sidecars of ${service} in ${region} say neither yes nor no to ${principal}, ${method} ${path}`, {
      expected: 'an answer of the service, or 403 by a policy', found: `${heard.status} ${heard.body}`,
    })
  }
  // Istio brings paths into a normal form before it reads its policies; what counts is what the service got.
  const rewritten = mesh === 'open' && gotPath !== '' && gotPath !== path && allows(access, principal, method, gotPath)
  return { answered: { cell, region, mesh, gateway }, excepted: rewritten || isProbe(access, principal, method, path) }
}

/** HEAD tells no path; the same request by another method does. */
function gatherPath(cells: readonly Cell[], heard: readonly Heard[], { service, path }: Cell): string {
  const at = cells.findIndex((other, index) => other.service === service && other.path === path && heard[index].path !== '')
  return at === -1 ? '' : heard[at].path.replace(/\?.*$/s, '')
}

function meshAnswer({ status, echoed }: Heard): MeshAnswer | null {
  if (echoed) return 'open'
  // 400 and 404: Envoy takes it for no HTTP, or for no path that it could bring into form.
  return status === 403 || status === 400 || status === 404 ? 'shut' : null
}

async function podOf({ api, region }: Ground, { namespaces }: RegionPlan, principal: Principal): Promise<Pod> {
  const [namespace, service] = principal === 'gateway' ? [namespaces.system, null] : principal.slice('service:'.length).split('/')
  const there = service === null ? namespace : namespaces.ofConfig[namespace]
  const part = service === null ? 'gateway' : 'services'
  const [pod] = await api.pods({ namespace: there, labels: { [partLabel]: part, ...(service === null ? {} : { [serviceLabel(service)]: 'true' }) } })
  if (pod === undefined) throw topologyError('RGT_WORKLOAD', `region ${region} has no pod of ${principal}`)
  return { container: part, namespace: there, name: pod.name }
}

function gatewayAnswer({ host: address, port }: SnapshotAddress, { way, method, path }: Cell, signal: AbortSignal): Promise<GatewayAnswer> {
  if (way === null) return Promise.resolve('elsewhere')
  return new Promise((resolve, reject) => {
    httpRequest({ host: address, port, method, path, headers: { host: way.host }, agent: false, signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]) })
      .once('error', reject)
      .once('response', ({ headers }) => {
        const reason = headers[header.reason]
        resolve(headers['x-echo-region'] !== undefined ? 'open' : reason === accessDeniedCode ? 'shut' : 'stopped')
      })
      .once('response', (response) => response.resume())
      .end()
  })
}
