// Asks one region what it lets in: its gateway as any client would, over its ingress; the sidecars of a service straight, as
// each identity, with the certificate that the region's Consul gives it. Paths go out as they are: a library that cleans them
// up would hide what is asked about.

import { Agent as PlainAgent, request as plainRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { accessDeniedCode } from '../../../gateway/dataplane/answers.ts'
import { header, type GatewayBootstrap } from '../../../gateway/dataplane/bootstrap.ts'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../../errors.ts'
import { isProbe } from '../../meshes/access.ts'
import type { Cell, GatewayAnswer, MeshAnswer } from '../../meshes/agreement.ts'
import { openConsulApi } from '../../meshes/consul/api.ts'
import { identitiesOf } from '../../meshes/consul/plan-access.ts'
import type { ConsulPlan, ConsulRegion } from '../../meshes/consul/plan.ts'

export interface AskingRequest {
  plan: ConsulPlan
  gateways: readonly Pick<GatewayBootstrap, 'region' | 'role' | 'listen'>[]
  signal: AbortSignal
}

/** Both throw RGT_MESH for a proxy that says neither yes nor no, and the signal's reason. */
export interface Asking extends AsyncDisposable {
  /** Of all sidecars of the service; when they differ, the answer that is wrong. */
  mesh(cell: Cell): Promise<MeshAnswer>
  gateway(cell: Cell): Promise<GatewayAnswer>
}

/** Requests under way at once in a region: neighbours share the machine. */
export const atOnce = 8
const answerMs = 2_000
const lookMs = 100
/** A service that is slow once, or a connection that had grown old, says nothing of policy. */
const mostTries = 5

export async function openAsking(region: ConsulRegion, cells: readonly Cell[], { plan, gateways, signal }: AskingRequest): Promise<Asking> {
  const identities = await identitiesIn(region, cells, plan, signal)
  const plain = new PlainAgent({ keepAlive: true, maxSockets: atOnce })
  const { ingress } = gateways.find((one) => one.region === region.region && one.role === 'region')!.listen
  return {
    async mesh(cell) {
      const agents = namesOf(cell, plan).map((name) => identities.get(name)!)
      const sidecars = sidecarsOf(region, plan.names.get(cell.service)!)
      const answers = await Promise.all(agents.flatMap((agent) => sidecars.map((at) => untilPlain(`a sidecar of ${cell.service}`, region, cell,
        () => exchange(tlsRequest({ agent, ...at, path: cell.path, method: cell.method, signal: bounded(signal) })), meshAnswer, signal))))
      const right = cell.allowed || isProbe(plan.access.get(cell.service)!, cell.principal, cell.method, cell.path) ? 'open' : 'shut'
      return answers.find((answer) => answer !== right) ?? right
    },
    async gateway(cell) {
      const { way } = cell
      if (way === null) return 'elsewhere'
      return untilPlain('the gateway', region, cell,
        () => exchange(plainRequest({ agent: plain, ...ingress, path: cell.path, method: cell.method, headers: { host: way.host }, signal: bounded(signal) })), gatewayAnswer, signal)
    },
    async [Symbol.asyncDispose]() {
      for (const agent of [plain, ...identities.values()]) agent.destroy()
    },
  }
}

function bounded(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
}

/** A service of several ports has as many identities; who is of no service here takes a name that nobody has. */
function namesOf({ principal }: Cell, { names }: ConsulPlan): string[] {
  const known = identitiesOf(principal, names)
  return known.length > 0 ? known : ['regatta-stranger']
}

function sidecarsOf({ registrations }: ConsulRegion, name: string): SnapshotAddress[] {
  return registrations.flatMap(({ Name, Address, Connect }) => Name === name && Connect !== undefined ? [{ host: Address, port: Connect.SidecarService.Port }] : [])
}

/** Name in Consul → connections that present its certificate. Names of hosts mean nothing in a mesh; who the sidecars are was proven before. */
async function identitiesIn({ region, agent: { http } }: ConsulRegion, cells: readonly Cell[], plan: ConsulPlan, signal: AbortSignal): Promise<Map<string, TlsAgent>> {
  const api = openConsulApi({ region, http, signal })
  try {
    const ca = (await api.caRoots()).Roots.map(({ RootCert }) => RootCert)
    const names = new Set(cells.flatMap((cell) => namesOf(cell, plan)))
    return new Map(await Promise.all([...names].map(async (name) => {
      const { certificate, key } = await api.leaf(name)
      return [name, new TlsAgent({ keepAlive: true, maxSockets: atOnce, ca, cert: certificate, key, checkServerIdentity: () => undefined })] as const
    })))
  } finally {
    await api.close()
  }
}

interface Answer { status: number; headers: IncomingHttpHeaders; body: string }

function exchange(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.once('error', reject)
    request.once('response', (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('latin1').on('data', (piece: string) => { body += piece }).once('error', reject)
        .once('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    request.end()
  })
}

async function untilPlain<Plain>(who: string, { region }: ConsulRegion, { principal, method, path }: Cell, ask: () => Promise<Answer>, read: (answer: Answer) => Plain | null, signal: AbortSignal): Promise<Plain> {
  let found = ''
  for (let attempt = 0; attempt < mostTries; attempt++) {
    if (attempt > 0) await sleep(lookMs, undefined, { signal })
    const answer = await ask().catch((error: Error) => error.message)
    signal.throwIfAborted()
    const plain = typeof answer === 'string' ? null : read(answer)
    if (plain !== null) return plain
    found = typeof answer === 'string' ? answer : `${answer.status} ${answer.body.slice(0, 200)}`
  }
  throw topologyError('RGT_MESH', `${who} in ${region} says neither yes nor no to ${principal}, ${method} ${path}`, {
    expected: 'an answer of the service, or 403 by a policy', found, hint: 'policy can be compared only where services answer',
  })
}

/** As Envoy's filter has it (envoy.filters.http.rbac). HEAD brings their length alone. */
const refusal = 'RBAC: access denied'
const isRefusedByMesh = ({ status, headers, body }: Answer): boolean =>
  status === 403 && (body === refusal || (body === '' && headers['content-length'] === String(refusal.length)))

/** Envoy tells how long the service took, whenever one answered; what it takes for no HTTP it answers with 400 itself. */
function meshAnswer(answer: Answer): MeshAnswer | null {
  if (isRefusedByMesh(answer)) return 'shut'
  if (answer.headers['x-envoy-upstream-service-time'] !== undefined) return 'open'
  return answer.status === 400 ? 'shut' : null
}

function gatewayAnswer(answer: Answer): GatewayAnswer | null {
  const reason = answer.headers[header.reason]
  if (reason !== undefined) return reason === accessDeniedCode ? 'shut' : null
  return meshAnswer(answer) === 'shut' ? 'stopped' : meshAnswer(answer)
}
