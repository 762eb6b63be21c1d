// The HTTP API of one Consul agent, as far as a run needs it. Every call is bounded in time and stopped by the signal;
// what is no agent, or refuses, is RGT_MESH in Consul's own words. The waits are in `waits.ts`.

import { Pool } from 'undici'
import { z } from 'zod'
import type { CodedError } from '../../../gateway/errors.ts'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../../errors.ts'

/** Go writes an empty list as null. */
const list = <Item extends z.ZodType>(item: Item) => z.array(item).nullish().transform((items) => items ?? [])

const peeringShape = z.object({
  Name: z.string(),
  /** PENDING, ESTABLISHING, ACTIVE, FAILING, DELETING or TERMINATED. */
  State: z.string(),
  StreamStatus: z.object({ ImportedServices: list(z.string()), ExportedServices: list(z.string()) }),
})
const instanceShape = z.object({
  Service: z.object({ ID: z.string(), Service: z.string(), Address: z.string(), Port: z.number() }),
  Checks: list(z.object({ CheckID: z.string(), Status: z.string(), Output: z.string() })),
})
const rootsShape = z.object({
  /** Empty until the authority of the agent's datacenter is made. */
  ActiveRootID: z.string(), TrustDomain: z.string(),
  Roots: list(z.object({ ID: z.string(), RootCert: z.string(), Active: z.boolean() })),
})
const selfShape = z.object({
  Config: z.object({ Datacenter: z.string(), Version: z.string() }),
  xDS: z.object({ SupportedProxies: z.record(z.string(), list(z.string())) }).optional(),
})

const leafShape = z.object({ CertPEM: z.string().min(1), PrivateKeyPEM: z.string().min(1) })

export type Peering = z.infer<typeof peeringShape>
export type Instance = z.infer<typeof instanceShape>
export type CaRoots = z.infer<typeof rootsShape>

export interface ConsulAgent {
  /** Name of the region, which is its datacenter. */
  region: string
  http: SnapshotAddress
  signal: AbortSignal
  /** For one call; default 5 s, to establish a peering three times as long. */
  callMs?: number
}

/** Every method throws CodedError RGT_MESH, or the signal's reason. */
export interface ConsulApi {
  readonly region: string
  /** For places of errors. */
  readonly origin: string
  readonly signal: AbortSignal
  /** `host:port` of the leader; empty while there is none. */
  leader(): Promise<string>
  /** `envoys`: versions that this Consul says it is made for. */
  self(): Promise<{ datacenter: string; version: string; envoys: string[] }>
  /** As https://developer.hashicorp.com/consul/api-docs/agent/service#register-service has it; it passes unread. */
  registerService(service: object): Promise<void>
  /** As https://developer.hashicorp.com/consul/docs/connect/config-entries has it; it passes unread. */
  writeConfigEntry(entry: object): Promise<void>
  /** `externalAddresses`: `host:port`s at which the peer reaches this region's servers, in place of their own. */
  generatePeeringToken(peer: string, externalAddresses: readonly string[]): Promise<string>
  establishPeering(peer: string, token: string): Promise<void>
  /** null when there is no peering of that name. */
  peering(peer: string): Promise<Peering | null>
  /** `connect`: the proxies of the service. `peer`: its instances as that peer exported them. */
  health(service: string, options?: { connect?: boolean; peer?: string }): Promise<Instance[]>
  caRoots(): Promise<CaRoots>
  /** What a sidecar of that service would present, in PEM. */
  leaf(service: string): Promise<{ certificate: string; key: string }>
  close(): Promise<void>
}

interface Call { method: 'GET' | 'PUT' | 'POST'; path: string; body?: unknown; withinMs?: number }
interface Answer { status: number; body: string }

const longestText = 300
/** The peer's servers are asked before it answers, and asked again for a while. */
const establishTimes = 3

export function openConsulApi({ region, http, signal, callMs = 5_000 }: ConsulAgent): ConsulApi {
  const origin = `http://${http.host}:${http.port}`
  // Bounded by the signal of a call, so undici's own limits are out of the way.
  const pool = new Pool(origin, { connections: 4, headersTimeout: 0, bodyTimeout: 0 })
  const placed = (call: Call, message: string, details: CodedError['details']): CodedError =>
    topologyError('RGT_MESH', `the Consul agent of ${region} ${message}: ${call.method} ${call.path}`, { place: { file: origin, path: call.path }, ...details })

  const ask = async (call: Call): Promise<Answer> => {
    const withinMs = call.withinMs ?? callMs
    const body = call.body === undefined ? null : JSON.stringify(call.body)
    try {
      const answer = await pool.request({ method: call.method, path: call.path, body, signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]) })
      return { status: answer.statusCode, body: await answer.body.text() }
    } catch (cause) {
      signal.throwIfAborted()
      const { name, message } = cause as Error
      throw placed(call, 'did not answer', { expected: `an answer within ${withinMs / 1000} s`, found: name === 'TimeoutError' ? 'nothing' : message, hint: 'its log says whether it runs', cause })
    }
  }
  const accepted = (call: Call, answer: Answer): string => {
    if (answer.status === 200) return answer.body
    throw placed(call, 'refused', { found: `${answer.status}: ${wordsOf(answer.body)}`, ...(answer.status === 403 ? { hint: 'the agent has access control on; a run uses none' } : {}) })
  }
  const read = <Shape extends z.ZodType>(call: Call, answer: Answer, shape: Shape): z.output<Shape> => {
    const text = accepted(call, answer)
    const parsed = shape.safeParse(jsonOf(text))
    if (parsed.success) return parsed.data
    const [{ path, message }] = parsed.error.issues
    throw placed(call, 'answers as no agent does', {
      expected: path.length === 0 ? message : `${path.join('.')}: ${message}`, found: wordsOf(text), hint: 'another server may hold its port',
    })
  }
  const get = async <Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.output<Shape>> => {
    const call: Call = { method: 'GET', path }
    return read(call, await ask(call), shape)
  }
  const send = async <Shape extends z.ZodType>(call: Call, shape: Shape): Promise<z.output<Shape>> => read(call, await ask(call), shape)

  return {
    region, origin, signal,
    leader: () => get('/v1/status/leader', z.string()),
    async self() {
      const { Config, xDS } = await get('/v1/agent/self', selfShape)
      return { datacenter: Config.Datacenter, version: Config.Version, envoys: xDS?.SupportedProxies.envoy ?? [] }
    },
    async registerService(service) {
      const call: Call = { method: 'PUT', path: '/v1/agent/service/register', body: service }
      accepted(call, await ask(call))
    },
    async writeConfigEntry(entry) {
      await send({ method: 'PUT', path: '/v1/config', body: entry }, z.literal(true))
    },
    async generatePeeringToken(peer, externalAddresses) {
      const body = { PeerName: peer, ServerExternalAddresses: externalAddresses }
      return (await send({ method: 'POST', path: '/v1/peering/token', body }, z.object({ PeeringToken: z.string().min(1) }))).PeeringToken
    },
    async establishPeering(peer, token) {
      const call: Call = { method: 'POST', path: '/v1/peering/establish', body: { PeerName: peer, PeeringToken: token }, withinMs: callMs * establishTimes }
      accepted(call, await ask(call))
    },
    async peering(peer) {
      const call: Call = { method: 'GET', path: `/v1/peering/${encodeURIComponent(peer)}` }
      const answer = await ask(call)
      // Any other server answers 404 as well, in other words.
      return answer.status === 404 && answer.body.startsWith('Peering not found') ? null : read(call, answer, peeringShape)
    },
    health(service, { connect = false, peer } = {}) {
      const query = peer === undefined ? '' : `?peer=${encodeURIComponent(peer)}`
      return get(`/v1/health/${connect ? 'connect' : 'service'}/${encodeURIComponent(service)}${query}`, list(instanceShape))
    },
    async leaf(service) {
      const { CertPEM, PrivateKeyPEM } = await get(`/v1/agent/connect/ca/leaf/${encodeURIComponent(service)}`, leafShape)
      return { certificate: CertPEM, key: PrivateKeyPEM }
    },
    caRoots: () => get('/v1/connect/ca/roots', rootsShape),
    close: () => pool.destroy(),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const wordsOf = (text: string): string => (text.trim() === '' ? 'no words' : text.trim().replace(/\s+/g, ' ').slice(0, longestText))
