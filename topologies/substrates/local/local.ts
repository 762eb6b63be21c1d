// The local substrate: a process for each gateway, control plane and set of services, real sockets on
// loopback, and a fault proxy on every link. Needs nothing but npm; takes real tools where they can be had.

import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemScheduler } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import { consulPortsNeeded } from '../../meshes/consul/plan.ts'
import { refuseMeshWhereNone } from '../../meshes/index.ts'
import { rulesOf } from '../../meshes/rules.ts'
import type { Deployment, Inventory, StartRequest, Substrate } from '../../substrate.ts'
import type { Topology } from '../../topology.ts'
import { collectGarbage, entriesOf, listeningAdmin } from '../sockets/admin-ports.ts'
import type { Program } from '../sockets/bundle.ts'
import { openDeployment } from '../sockets/deployment.ts'
import { openJournal, type Journal } from '../sockets/journal.ts'
import { openFaultProxy, type FaultProxy } from '../sockets/faultproxy/index.ts'
import { proveAgreement } from './agreement.ts'
import { findConsul, isMeshChatter, meshProcesses, planMesh, provePlainRefused, startConsul, throughMesh } from './consul.ts'
import { layOutProcesses, portsNeeded, type Layout } from './layout.ts'
import { openLinkBoard, type LinkBoard } from '../sockets/links.ts'
import { openLoads, type Loads } from '../sockets/loads.ts'
import { claimRun, sweep, type Claim } from '../sockets/ownership.ts'
import { mostPorts, reservePorts } from '../sockets/ports.ts'
import { capabilitiesOf, localCapabilities, openFaultDesk } from './primitives.ts'
import { supervise, type ProcessSpec } from '../sockets/processes.ts'
import { findProduct, fixedPublisher, startEdges, takeEdges } from './products.ts'
import { endTraced, findCollector, planTracing, startCollector, tracingPortsNeeded, withTracing } from './tracing.ts'
import { childEnvironment, takePrograms } from '../sockets/programs.ts'
import { httpPlane, openPublisher } from '../sockets/publisher.ts'
import { findRunTools } from '../sockets/run-tools.ts'
import { watchSnapshots } from '../sockets/snapshots.ts'
import { openStages, unwind, type Undo } from '../sockets/stages.ts'

export const localSubstrate: Substrate = {
  kind: 'local',
  description: 'processes on loopback, real sockets, a fault proxy on every link; needs nothing but npm',
  time: 'real',
  unmeasured: {},
  capabilities: () => localCapabilities,
  start,
}

const readyTimeoutMs = 15_000
/** Servers elect a leader, and some twenty Envoys start. */
const meshTimeoutMs = 60_000
const endGraceMs = 2_000

async function start(request: StartRequest): Promise<Deployment> {
  refuseBeyondPorts(request.topology)
  refuseMeshWhereNone(request.topology.mesh, 'local')
  for (const { run, killed } of sweep()) {
    request.progress('clean', `removed what a dead run left: ${run}${killed.length > 0 ? ` (${killed.length} processes)` : ''}`)
  }
  const claim = claimRun(`${request.topology.name}-${process.pid}-${randomBytes(3).toString('hex')}`)
  const workDir = join(request.runDir, 'work')
  const undo: Undo[] = [() => claim.release(), () => rmSync(workDir, { recursive: true, force: true })]
  try {
    return await startClaimed(request, claim, workDir, undo)
  } catch (error) {
    await unwind(undo)
    throw error
  }
}

/** Before anything is claimed or fetched: every replica and every link is a port here, and a machine has only so many. */
function refuseBeyondPorts(topology: Topology): void {
  const needed = portsNeeded(topology)
  if (needed <= mostPorts) return
  throw topologyError('RGT_UNSUPPORTED', `topology ${topology.name} is too large for sockets on one machine`, {
    expected: `at most ${mostPorts} ports: one a replica of a service in each region, one a link`,
    found: `${needed} ports, for ${topology.services.length} services in ${topology.regions.length} regions`,
    hint: 'play it in virtual time: --on simulated',
  })
}

async function startClaimed(request: StartRequest, claim: Claim, workDir: string, undo: Undo[]): Promise<Deployment> {
  const { topology, config, seed, history, signal, options } = request
  const stages = openStages(request.progress)
  claim.update(({ folders }) => folders.push(workDir))
  mkdirSync(workDir, { recursive: true })
  const token = randomBytes(24).toString('hex')

  const inventory: Inventory = {
    tools: {}, stagesMs: stages.ms, entries: {}, admin: {},
    clock: { id: 'monotonic', offsetUs: 0, uncertaintyUs: 0 },
  }
  const [found, product, consul, realCollector] = await stages.time('tools', () => Promise.all([
    findRunTools(request, inventory), findProduct(request, inventory), topology.mesh === 'consul' ? findConsul(request, inventory) : null,
    findCollector(request, inventory),
  ]))
  const needed = portsNeeded(topology) + (consul === null ? 0 : consulPortsNeeded(topology)) + (options.tracing === undefined ? 0 : tracingPortsNeeded)
  const [programs, ports] = await stages.time('prepare', () => Promise.all([takePrograms(claim), reservePorts(claim, needed)]))
  const plain = layOutProcesses({ topology, ports, token, seed, stateDir: workDir })
  const rules = consul === null ? null : rulesOf(config, plain.gateways[0], plain.controlPlanes[0].discovery)
  const mesh = rules === null ? null : planMesh({ topology, ports, layout: plain, rules, stateDir: workDir })
  const tracing = options.tracing === undefined ? null : planTracing(options.tracing, ports, realCollector)
  const traced = tracing === null ? plain : withTracing(plain, tracing)
  const { layout, edges } = takeEdges(mesh === null ? traced : throughMesh(traced, mesh), product)
  signal.throwIfAborted()

  const journal: Journal = openJournal(history)
  const publisher = openPublisher({
    planes: layout.controlPlanes.map(({ region, listen }) => httpPlane(region, listen.port, token)), journal, scheduler: systemScheduler,
  })
  const serving = watchSnapshots(layout.gateways.map(gatewayProcess))
  const supervisor = supervise(claim, workDir, childEnvironment(dirname(programs.gateway)), {
    line(name, line) {
      if (isMeshChatter(name)) return
      serving.line(name, line)
      loads.line(name, line)
      journal.line(name, line)
    },
    state(process, state, pid) {
      journal.note({ kind: 'process', process, state, pid })
      if (state === 'ready') publisher.restarted(process)
    },
  })
  const loads: Loads = openLoads({ supervisor, programs, waysIn: layout.waysIn, token, k6: found.k6?.path ?? null, journal, history, workDir, clock: inventory.clock })
  undo.push(() => supervisor.endAll(endGraceMs), () => publisher.close())

  // Gateways start last, because they first look for their control planes; links are laid meanwhile.
  const { proxy, links, collector } = await stages.time('processes', async () => {
    const opening = layLinks(() => openFaultProxy({
      binary: found.toxiproxy?.path ?? null, apiPort: layout.faultProxyApiPort, token, stateDir: workDir, program: programs['fault-proxy'], seed,
      spawn: (command, args, name) => supervisor.start({ name, command, args }),
    }), layout)
    for (const spec of processSpecs(layout, programs)) supervisor.start(spec)
    const [laid, collecting] = await Promise.all([
      opening,
      tracing === null ? null : startCollector(tracing, { supervisor, program: programs.collector, stateDir: workDir, readyTimeoutMs }),
      ...layout.controlPlanes.map(({ region }) => supervisor.ready(`control-plane/${region}`, readyTimeoutMs)),
      ...layout.services.map(({ region }) => supervisor.ready(`services/${region}`, readyTimeoutMs)),
      ...layout.gateways.map((gateway) => supervisor.heard(gatewayProcess(gateway), listening, readyTimeoutMs)),
    ])
    undo.push(() => laid.proxy.close())
    if (tracing !== null) {
      const exporters = [...layout.gateways.map(gatewayProcess), ...layout.services.map(({ region }) => `services/${region}`)]
      undo.push(() => endTraced(supervisor, exporters, tracing, endGraceMs))
    }
    return { ...laid, collector: collecting }
  })
  inventory.tools.toxiproxy = proxy.kind === 'toxiproxy'
    ? { version: found.toxiproxy!.version, origin: found.toxiproxy!.origin }
    : { version: proxy.version, origin: 'embedded', reason: found.toxiproxyReason }

  if (consul !== null && mesh !== null) {
    const note = (tool: string, text: string): void => journal.note({ kind: 'tool', tool, text })
    await stages.time('mesh', () => startConsul({ plan: mesh, tools: consul, supervisor, workDir, undo, signal, timeoutMs: options.meshTimeoutMs ?? meshTimeoutMs, note }))
    note('consul', `plain text is refused by all ${await provePlainRefused(mesh, signal)} sidecars`)
  }
  // Only now: a gateway that learns of a link before it is laid would begin by taking the far region for dead.
  await stages.time('snapshots', () => Promise.all([
    publisher.publishAll(config), serving.all(readyTimeoutMs),
    ...layout.gateways.map((gateway) => supervisor.ready(gatewayProcess(gateway), readyTimeoutMs)),
  ]))
  if (mesh !== null && rules !== null && rules.access.size > 0) {
    const cells = await stages.time('agreement', () => proveAgreement({ plan: mesh, routes: rules.routes, gateways: layout.gateways, signal }))
    journal.note({ kind: 'tool', tool: 'consul', text: `policy agrees in ${cells} cells: gateway, mesh and access policies give the same answers` })
  }
  if (product !== null) {
    await stages.time('edges', () => startEdges({
      product, edges, documents: config, discovery: layout.controlPlanes[0].discovery, supervisor, journal, readyTimeoutMs,
    }))
  }
  signal.throwIfAborted()

  inventory.entries = entriesOf(layout.waysIn)
  inventory.admin = Object.fromEntries([...layout.gateways, ...edges].map(({ name, role, listen }) =>
    [`${role === 'edge' ? 'edge' : 'gateway'}/${name}`, `http://${listen.admin.host}:${listen.admin.port}`]))
  inventory.ingress = Object.fromEntries(layout.gateways.flatMap(({ region, listen }) => region === null ? [] : [[region, `http://${listen.ingress.host}:${listen.ingress.port}`]]))

  const faults = openFaultDesk({
    topology, links, supervisor, token, readyTimeoutMs, collector, ...(mesh === null ? {} : { beside: (region) => meshProcesses(mesh, region) }),
    servicesPort: (region) => layout.services.find((one) => one.region === region)!.control.port,
  })
  return openDeployment({
    kind: 'local', capabilities: capabilitiesOf(collector),
    inventory, faults, journal,
    publisher: fixedPublisher(publisher, product),
    loads,
    collectGarbage: () => collectGarbage(layout.gateways.map((gateway) => listeningAdmin(gatewayProcess(gateway), gateway.listen.admin, token)), journal),
    collectGarbageEveryMs: options.collectGarbageEveryMs,
    processorUs: () => supervisor.processorUs(),
    end: () => unwind(undo),
  })
}

/** A gateway that has found its control plane listens already; without a snapshot it is not ready yet. */
const listening = (line: string): boolean => line.includes('"kind":"control-plane-found"') || line.includes('"kind":"ready"')

async function layLinks(open: () => Promise<FaultProxy>, { entries }: Layout): Promise<{ proxy: FaultProxy; links: LinkBoard }> {
  const proxy = await open()
  await proxy.add(entries)
  const links = openLinkBoard(proxy, entries)
  await links.lay()
  return { proxy, links }
}

function processSpecs(layout: Layout, programs: Record<Program, string>): ProcessSpec[] {
  const spec = (name: string, program: Program, bootstrap: unknown, flags: string[] = []): ProcessSpec => ({
    name, command: process.execPath, args: [...flags, programs[program]], bootstrap,
  })
  return [
    ...layout.controlPlanes.map((bootstrap) => spec(`control-plane/${bootstrap.region}`, 'control-plane', bootstrap)),
    ...layout.gateways.map((bootstrap) => spec(gatewayProcess(bootstrap), 'gateway', bootstrap, ['--expose-gc'])),
    ...layout.services.map((bootstrap) => spec(`services/${bootstrap.region}`, 'services', bootstrap)),
  ]
}

function gatewayProcess({ role, name }: { role: 'edge' | 'region'; name: string }): string {
  return `${role === 'edge' ? 'edge' : 'gateway'}/${name}`
}
