// A real Consul mesh beside local gateways: a server a region, an Envoy beside every service instance and every gateway,
// mesh gateways whose ways to each other pass the fault proxy. Where gateways found services they now find their own
// sidecar, and everything behind that is the mesh's.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../gateway/runtime.ts'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../../errors.ts'
import { letsProbe, serviceHealthPath } from '../../meshes/access.ts'
import { openConsulApi, type CaRoots, type ConsulApi } from '../../meshes/consul/api.ts'
import { envoyArguments, patchBootstrap, retryRuntime, type EnvoyBootstrap, type EnvoyPlan } from '../../meshes/consul/envoy.ts'
import { envoyWords, untilLive } from '../../meshes/consul/health.ts'
import { agentArguments } from '../../meshes/consul/plan-agent.ts'
import { settingsNamed } from '../../meshes/consul/plan-settings.ts'
import { planConsul, type ConsulPlan, type ConsulRegion } from '../../meshes/consul/plan.ts'
import { startResolver } from '../../meshes/consul/resolver.ts'
import { proveTrust, type PublicPort } from '../../meshes/consul/trust.ts'
import { untilImported, untilReady, type Ended } from '../../meshes/consul/waits.ts'
import type { MeshRules } from '../../meshes/rules.ts'
import { settingsOf } from '../../meshes/use.ts'
import type { Inventory, StartRequest } from '../../substrate.ts'
import { CommandFailure, runCommand } from '../../tools/command.ts'
import type { Topology } from '../../topology.ts'
import type { PortBlock } from '../sockets/ports.ts'
import type { Supervisor } from '../sockets/processes.ts'
import { needTool } from '../sockets/run-tools.ts'
import type { Undo } from '../sockets/stages.ts'
import type { Layout } from './layout.ts'

/** Paths. */
export interface ConsulTools { consul: string; envoy: string; envoyVersion: string }

/** Nothing stands in for a mesh under test. Throws RGT_TOOL_MISSING and its kin. */
export async function findConsul(request: StartRequest, inventory: Inventory): Promise<ConsulTools> {
  const [consul, envoy] = await Promise.all([needTool('consul', request, inventory), needTool('envoy', request, inventory)])
  return { consul: consul.path, envoy: envoy.path, envoyVersion: envoy.version }
}

export function planMesh({ topology, ports, layout, rules: { residency, access }, stateDir }: { topology: Topology; ports: PortBlock; layout: Layout; rules: MeshRules; stateDir: string }): ConsulPlan {
  return planConsul({ topology, ports, services: layout.services, gateways: layout.gateways, residency, access, settings: settingsNamed(settingsOf(topology)), stateDir })
}

/** The layout with the mesh's own links, in which every service of a region is found at the sidecar of its gateway. */
export function throughMesh(layout: Layout, plan: ConsulPlan): Layout {
  const endpoints: Record<string, Record<string, SnapshotAddress[]>> = {}
  for (const { region, upstreams } of plan.regions) {
    for (const [service, address] of Object.entries(upstreams)) (endpoints[service] ??= {})[region] = [address]
  }
  return {
    ...layout, entries: [...layout.entries, ...plan.entries],
    controlPlanes: layout.controlPlanes.map((plane) => ({ ...plane, discovery: { ...plane.discovery, endpoints } })),
  }
}

const agentOf = (region: string): string => `consul/${region}`
const envoyOf = ({ region, id }: EnvoyPlan): string => `envoy/${region}/${id}`

/** What belongs to a region besides its parts, and is lost with all of it. */
export function meshProcesses({ regions }: ConsulPlan, region: string): string[] {
  return regions.filter((one) => one.region === region).flatMap(({ envoys }) => [agentOf(region), ...envoys.map(envoyOf)])
}

/** What servers and proxies say is for those who look into their work; evidence is what gateways and clients saw. */
export const isMeshChatter = (process: string): boolean => /^(consul|envoy)\//.test(process)

export interface ConsulParts {
  plan: ConsulPlan
  tools: ConsulTools
  supervisor: Supervisor
  workDir: string
  undo: Undo[]
  signal: AbortSignal
  timeoutMs: number
  /** For the run's record. */
  note(tool: string, text: string): void
}

/**
 * Resolves when every sidecar is whom it should be and every gateway reaches every service through the mesh. Throws
 * RGT_MESH, RGT_MESH_TRUST, RGT_PORT; nothing waits or looks any more then.
 */
export async function startConsul(parts: ConsulParts): Promise<void> {
  const failed = new AbortController()
  try {
    await bringUp({ ...parts, signal: AbortSignal.any([parts.signal, failed.signal]) })
  } catch (error) {
    failed.abort(error)
    throw error
  }
}

async function bringUp(parts: ConsulParts): Promise<void> {
  const { plan, signal, timeoutMs, note } = parts
  const agents = await Promise.all(plan.regions.map((region) => startAgent(region, parts)))
  const apis = new Map(agents.map(({ api }) => [api.region, api]))
  await tellVersions(agents[0].api, parts)
  await Promise.all(plan.regions.map((region) => startEnvoys(region, parts)))
  // Checks looked at sidecars before these were there; told once more, they begin well.
  await Promise.all(plan.regions.map(({ region, registrations }) => register(apis.get(region)!, registrations)))
  await join(plan, apis, timeoutMs)
  const met = await proveTrust(publicPorts(plan), new Map(agents.map(({ api, roots }) => [api.region, roots])), { signal, timeoutMs: answerMs })
  note('consul', `${met} sidecars present certificates of their region's trust domain; a foreign certificate is refused`)
  await untilServing(plan, timeoutMs, signal)
  if (plan.settings.maxRetries !== null) await liftRetries(plan, plan.settings.maxRetries, signal)
}

interface Agent { api: ConsulApi; roots: CaRoots }

async function startAgent({ region, agent, resolver, entries, registrations }: ConsulRegion, { tools, supervisor, workDir, undo, signal, timeoutMs }: ConsulParts): Promise<Agent> {
  const names = await startResolver(resolver.names, resolver.listen)
  undo.push(() => names.close())
  mkdirSync(agent.config.data_dir, { recursive: true })
  supervisor.start({ name: agentOf(region), command: tools.consul, args: agentArguments(write(workDir, `${agentOf(region)}.json`, agent.config)) })
  const api = openConsulApi({ region, http: agent.http, signal })
  undo.push(() => api.close())
  const roots = await untilReady(api, timeoutMs, endOf(supervisor, agentOf(region)))
  for (const entry of entries.first) await api.writeConfigEntry(entry)
  await register(api, registrations)
  return { api, roots }
}

/** From now on: how the process ended, and its last words. */
function endOf(supervisor: Supervisor, name: string): Ended {
  let end: string | null = null
  void supervisor.ended(name).then((code) => { end = `ended with ${code === null ? 'a signal' : `exit code ${code}`}: ${supervisor.lastWords(name)}` })
  return () => end
}

/** Consul names the Envoys that it was tried with. Others mostly work, so they are told and not refused. */
async function tellVersions(api: ConsulApi, { tools, note }: ConsulParts): Promise<void> {
  const { version, envoys } = await api.self()
  const own = envoys.some((one) => minorOf(one) === minorOf(tools.envoyVersion))
  if (!own) note('envoy', `Envoy ${tools.envoyVersion} is none that Consul ${version} is made for (${envoys.join(', ')})`)
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.')

async function register(api: ConsulApi, registrations: ConsulRegion['registrations']): Promise<void> {
  for (const registration of registrations) await api.registerService(registration)
}

/** Peers every pair; what regions export is imported before anybody is told to turn there. */
async function join({ regions, peerings }: ConsulPlan, apis: ReadonlyMap<string, ConsulApi>, timeoutMs: number): Promise<void> {
  const bothWays = peerings.flatMap(({ acceptor, dialer }) => [[acceptor, dialer], [dialer, acceptor]])
  await Promise.all(peerings.map(async ({ acceptor, dialer, token: { PeerName, ServerExternalAddresses } }) =>
    apis.get(dialer)!.establishPeering(acceptor, await apis.get(acceptor)!.generatePeeringToken(PeerName, ServerExternalAddresses))))
  await Promise.all(bothWays.map(([at, peer]) => untilImported(apis.get(at)!, peer, [], timeoutMs)))
  const tell = (which: 'oncePeered' | 'onceImported'): Promise<unknown> => Promise.all(regions.map(async ({ region, entries }) => {
    for (const entry of entries[which]) await apis.get(region)!.writeConfigEntry(entry)
  }))
  await tell('oncePeered')
  const exportedTo = (peer: string, at: string): string[] => regions.find(({ region }) => region === peer)!.entries.oncePeered
    .flatMap((entry) => entry.Kind === 'exported-services' ? entry.Services : [])
    .filter(({ Consumers }) => Consumers.some(({ Peer }) => Peer === at)).map(({ Name }) => Name)
  await Promise.all(bothWays.map(([at, peer]) => untilImported(apis.get(at)!, peer, exportedTo(peer, at), timeoutMs)))
  await tell('onceImported')
}

async function startEnvoys({ resolver, envoys }: ConsulRegion, { plan, tools, supervisor, workDir, signal, timeoutMs }: ConsulParts): Promise<void> {
  await Promise.all(envoys.map(async (envoy) => {
    const bootstrap = await bootstrapOf(envoy, tools, { timeoutMs, signal, cwd: workDir })
    const file = write(workDir, `${envoyOf(envoy)}.json`, patchBootstrap(bootstrap, { maxRetries: plan.settings.maxRetries, resolver: resolver.listen }))
    const name = envoyOf(envoy)
    supervisor.start({ name, command: tools.envoy, args: envoyArguments(file) })
    await untilLive(envoy, { ended: endOf(supervisor, name), lastWords: () => supervisor.lastWords(name), timeoutMs, signal })
  }))
}

async function bootstrapOf(envoy: EnvoyPlan, { consul }: ConsulTools, options: { timeoutMs: number; signal: AbortSignal; cwd: string }): Promise<EnvoyBootstrap> {
  try {
    const { output } = await runCommand(consul, envoy.bootstrapArguments, options)
    return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as EnvoyBootstrap
  } catch (cause) {
    if (!(cause instanceof CommandFailure || cause instanceof SyntaxError)) throw cause
    throw topologyError('RGT_MESH', `${envoy.region}: ${envoyWords(envoy)} has no configuration`, {
      expected: 'a bootstrap from `consul connect envoy`', found: cause.message, cause,
    })
  }
}

function write(workDir: string, name: string, content: object): string {
  const file = joinPath(workDir, name.replaceAll('/', '.'))
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 })
  return file
}

const lookMs = 100
const answerMs = 2_000

async function untilServing({ regions, access }: ConsulPlan, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  const waits = regions.flatMap(({ region, upstreams, forbidden }) => Object.entries(upstreams).map(async ([service, { host, port }]) => {
    // Where the law forbids a service nobody may call it, and a policy may shut gateways out: the mesh must say so.
    const expected = forbidden.includes(service) || !letsProbe(access.get(service)) ? 403 : 200
    for (;;) {
      signal.throwIfAborted()
      const found = await fetch(`http://${host}:${port}${serviceHealthPath}`, { signal: AbortSignal.timeout(answerMs) })
        .then(async (response) => `${response.status} ${(await response.text()).slice(0, 200)}`, String)
      if (found.startsWith(`${expected} `)) return
      if (systemClock.nowUs() > untilUs) {
        throw topologyError('RGT_MESH', `the gateway of ${region} does not reach ${service} through its sidecar`, {
          expected: `${expected} within ${timeoutMs} ms`, found, hint: 'the words of Envoy and Consul are in work/*.stderr.log while the run is up',
        })
      }
      await sleep(lookMs)
    }
  }))
  await Promise.all(waits)
}

/** Consul has no field for Envoy's circuit breaker of retries, and three at once are few when a region hangs. */
async function liftRetries({ regions }: ConsulPlan, maxRetries: number, signal: AbortSignal): Promise<void> {
  await Promise.all(regions.flatMap(({ envoys }) => envoys.filter(({ kind }) => kind === 'gateway')).map(async ({ admin }) => {
    const at = `http://${admin.host}:${admin.port}`
    const bounded = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
    const { cluster_statuses: clusters = [] } = await (await fetch(`${at}/clusters?format=json`, { signal: bounded() })).json() as { cluster_statuses?: { name: string }[] }
    const parameters = new URLSearchParams(retryRuntime(clusters.map(({ name }) => name), maxRetries))
    const { ok, status } = await fetch(`${at}/runtime_modify?${parameters}`, { method: 'POST', signal: bounded() })
    if (!ok) throw topologyError('RGT_MESH', 'an Envoy does not take the circuit breaker of retries', { found: `status ${status}` })
  }))
}

/** A connection that was made and then closed. Where nothing listens, nothing was refused. */
const closedCodes: readonly unknown[] = ['UND_ERR_SOCKET', 'ECONNRESET']

function publicPorts({ regions }: ConsulPlan): PublicPort[] {
  return regions.flatMap(({ region, registrations }) => registrations.flatMap(({ ID, Address, Connect }) =>
    Connect === undefined ? [] : [{ region, id: ID, at: { host: Address, port: Connect.SidecarService.Port } }]))
}

/** Speaks plain HTTP to every sidecar from outside the mesh; gives how many closed the connection. Throws RGT_MESH when one does not. */
export async function provePlainRefused(plan: ConsulPlan, signal: AbortSignal): Promise<number> {
  const ports = publicPorts(plan)
  await Promise.all(ports.map(async ({ region, id, at: { host, port } }) => {
    const found = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]) }).then(({ status }) => `status ${status}`, (error: Error & { cause?: { code?: string } }) =>
      closedCodes.includes(error.cause?.code) ? null : error.cause?.code ?? error.message)
    signal.throwIfAborted()
    if (found !== null) throw topologyError('RGT_MESH', `the sidecar of ${id} in ${region} does not refuse plain text`, { expected: 'a closed connection: mutual TLS only', found })
  }))
  return ports.length
}
