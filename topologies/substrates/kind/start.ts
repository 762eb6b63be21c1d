// How a topology comes up on clusters, stage by stage. Images and the fault proxy first, because every manifest holds the
// proxy's address; then regions side by side; edges; links; configuration; and at last a wait until everybody sees
// everybody, so that what fails afterwards is the fault's doing.

import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemScheduler } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import type { Capabilities } from '../../primitives.ts'
import { cutsOf } from '../../region-links.ts'
import type { Deployment, LoadSpec, StartRequest } from '../../substrate.ts'
import { openDeployment } from '../sockets/deployment.ts'
import { openJournal, type Journal } from '../sockets/journal.ts'
import { openLinkBoard } from '../sockets/links.ts'
import { openLoads, type Loads } from '../sockets/loads.ts'
import { claimRun, type ClaimDocument } from '../sockets/ownership.ts'
import { supervise } from '../sockets/processes.ts'
import { childEnvironment } from '../sockets/programs.ts'
import { openPublisher, type Publisher } from '../sockets/publisher.ts'
import { watchSnapshots } from '../sockets/snapshots.ts'
import { unwind, type Stages, type Undo } from '../sockets/stages.ts'
import { clockOffset, loopbackAdmin, podAdmin, untilAnswering, untilSteady, type AdminPort } from './admin.ts'
import { untilCalm } from './calm.ts'
import { openFollowing, type Followed } from './evidence.ts'
import { openFaultDesk, type RegionUnderFault } from './faults.ts'
import { readyTimeoutOf, type Ground } from './grounds.ts'
import { layOutClusters, linkEntries, type KindLayout, type Reach } from './layout.ts'
import { sweepEverything } from './leftovers.ts'
import { openLoadCluster, type Player } from './load-cluster.ts'
import { fixedNodePorts, type RegionPlan } from './manifests/region.ts'
import { ownNamespaces } from './namespaces.ts'
import { withoutLoss } from './netem.ts'
import { startEdge } from './outside.ts'
import { clusterPlane } from './publish.ts'
import { openRegionFaults } from './region-faults.ts'
import { raiseRegions } from './regions.ts'
import { rehearse } from './rehearsal.ts'
import { openSite, type Site } from './site.ts'
import type { Part } from './wanted.ts'
import { openWorkloads } from './workloads.ts'

/** Of the time that a cluster may take: for the first configuration, and again until everybody sees everybody. */
const steadyShare = 1 / 3
const healTimeoutMs = 60_000
const endGraceMs = 2_000
/** A container's program is the first process of its own space of numbers. */
const podPid = 1

export async function startClusters(request: StartRequest, capabilities: Capabilities): Promise<Deployment> {
  refuseOtherThanReference(request)
  await sweepEverything({
    progress: (text) => request.progress('clean', text),
    docker: { command: request.tools.explicit?.docker ?? 'docker', host: request.options.clusters?.dockerHost ?? null },
  })
  const claim = claimRun(`regatta-${randomBytes(3).toString('hex')}`)
  const workDir = join(request.runDir, 'work')
  const undo: Undo[] = [() => rmSync(workDir, { recursive: true, force: true })]
  try {
    claim.update(({ folders }) => folders.push(workDir))
    mkdirSync(workDir, { recursive: true })
    const site = await openSite(request, claim, workDir, undo)
    return await startOn(site, request, capabilities)
  } catch (error) {
    // Why it failed is what counts; what could not be removed stays in the claim, for the next start.
    await unwind(undo).then(() => claim.release(), (late: unknown) => request.progress('clean', String(late)))
    throw error
  }
}

function refuseOtherThanReference({ options }: StartRequest): void {
  if (options.gateway === 'reference' && options.mesh === 'none') return
  throw topologyError('RGT_UNSUPPORTED', 'clusters run the reference gateway, without a mesh', {
    expected: 'gateway reference, mesh none', found: `gateway ${options.gateway}, mesh ${options.mesh}`, hint: 'other products run on local',
  })
}

async function startOn(site: Site, request: StartRequest, declared: Capabilities): Promise<Deployment> {
  const { topology, config, seed, history, signal, options } = request
  const { run, claim, docker, outside, proxy, stages, undo, inventory, token, existing } = site
  const readyTimeoutMs = readyTimeoutOf(options.clusters ?? {})
  const layout = layOutClusters({
    topology, run, ports: site.ports, token, seed, images: site.images,
    namespacePrefix: existing ? run : null, nodePorts: existing ? null : fixedNodePorts, linksAddress: site.linksAddress,
    configNamespaces: config.map(({ metadata }) => metadata.namespace ?? 'default'),
  }, site.published)

  const noteNamespaces = (made: NonNullable<ClaimDocument['namespaces']>[number]): void => claim.update((document) => { (document.namespaces ??= []).push(made) })
  const offsets = new Map<string, number>()
  const journal = openJournal(history, (process) => offsets.get(process) ?? 0)
  const serving = watchSnapshots([...layout.edges.map(({ name }) => `edge/${name}`), ...layout.regions.map(({ region }) => `gateway/${region}`)])
  let publisher: Publisher | undefined
  const following = openFollowing((process, line) => {
    serving.line(process, line)
    journal.line(process, line)
  }, (process) => {
    journal.note({ kind: 'process', process, state: 'ready', pid: podPid })
    publisher?.restarted(process)
  })
  undo.push(() => following.stop())

  const grounds = await stages.time('clusters', () => raiseRegions({
    regions: topology.regions, plans: layout.regions, grounds: site.grounds, crds: site.crds, atOnce: site.atOnce,
    images: site.loadImages ? [site.images.gateway, site.images.testbed] : null,
    namespaces: existing ? ownNamespaces(run, noteNamespaces) : null,
    manifestsDir: join(request.runDir, 'manifests'), readyTimeoutMs, stages, undo, signal,
    answering: (plan, ground) => following.region(plan, ground.api),
  }))
  const links = await stages.time('edges', async () => {
    const reach: Reach = Object.fromEntries(await Promise.all(grounds.map(async (ground) =>
      [ground.region, await site.grounds.reach(ground, layout.regions[0].namespaces.system)] as const)))
    const entries = linkEntries(layout.links, layout.edges, reach)
    undo.push(...layout.edges.map(({ container }) => () => docker.remove(container)))
    await Promise.all(layout.edges.map((edge) => startEdge(outside, site.images.gateway, edge)))
    for (const edge of layout.edges) following.edge(edge, docker)
    await proxy.add(entries)
    const board = openLinkBoard(proxy, entries)
    await board.lay()
    return board
  })
  signal.throwIfAborted()

  publisher = openPublisher({
    planes: layout.regions.map((plan) => clusterPlane({ region: plan.region, api: apiOf(grounds, plan), namespaces: plan.namespaces, journal })),
    journal, scheduler: systemScheduler,
  })
  undo.push(() => publisher?.close())
  // Only now: a gateway that learns of a link before it is laid would begin by taking the far region for dead.
  await stages.time('snapshots', () => Promise.all([publisher!.publishAll(config), serving.all(readyTimeoutMs * steadyShare)]))
  const admin = adminPorts(site, layout, grounds)
  await stages.time('steady', async () => {
    await Promise.all(layout.regions.map((plan) => apiOf(grounds, plan).ready([{ namespace: plan.namespaces.system, name: 'gateway' }], readyTimeoutMs * steadyShare, signal)))
    await untilSteady(admin, readyTimeoutMs * steadyShare, signal)
    await untilAnswering(layout.waysIn, readyTimeoutMs * steadyShare, signal)
  })
  await stages.time('clocks', () => compareClocks(admin, offsets, inventory.clock))
  // Who only looks around need not wait for it.
  if (options.engines !== undefined) {
    const use = await stages.time('calm', () => untilCalm(signal))
    request.progress('calm', `${Math.round(use * 100)} % of the processors in use`)
  }

  const capabilities = declared.loss.supported && await grounds[0].nodes?.canLose() !== true ? withoutLoss(declared) : declared
  const clusters = options.clusters ?? {}
  const player = clusters.loadContext === undefined ? undefined : await openLoadCluster({
    run, token, undo, waysIn: layout.waysIn, published: site.published, linksAddress: site.linksAddress, note: noteNamespaces,
    options: { ...clusters, loadContext: clusters.loadContext },
  })
  const loads = openRunLoads(site, layout, request, journal, player)
  undo.push(() => loads.end())
  describe(site, layout, admin, grounds)
  return openDeployment({
    kind: 'kind', capabilities, inventory, journal, publisher,
    loads: options.engines === undefined ? loads.loads : withRehearsal(loads.loads, layout, site.stages, request),
    faults: openFaultDesk({
      capabilities, links, isolation: topology.clusters.isolation,
      asLinks: existing ? (primitive) => cutsOf(topology, primitive) : null,
      regions: grounds.map((ground) => underFault(site, layout, ground, following, journal)),
    }),
    collectGarbage: () => collectGarbage(admin, journal),
    collectGarbageEveryMs: options.collectGarbageEveryMs,
    async end() {
      await unwind(undo)
      claim.release()
    },
  })
}

const apiOf = (grounds: readonly Ground[], { region }: RegionPlan) => grounds.find((ground) => ground.region === region)!.api

function adminPorts(site: Site, layout: KindLayout, grounds: readonly Ground[]): AdminPort[] {
  return [
    ...layout.edges.map(({ name, adminPort }) => loopbackAdmin(`edge/${name}`, adminPort, site.token)),
    ...layout.regions.map((plan) => site.existing
      ? podAdmin(plan, apiOf(grounds, plan), site.token)
      : loopbackAdmin(`gateway/${plan.region}`, site.regionPorts[plan.region].admin, site.token)),
  ]
}

/** Parts of a region are taken to share the clock of its gateway. */
async function compareClocks(admin: readonly AdminPort[], offsets: Map<string, number>, clock: { uncertaintyUs: number }): Promise<void> {
  const compared = await Promise.all(admin.map(async (port) => ({ port, ...await clockOffset(port) })))
  for (const { port, offsetUs, uncertaintyUs } of compared) {
    const [part, name] = port.process.split('/')
    for (const process of part === 'edge' ? [port.process] : ['gateway', 'control-plane', 'services'].map((one) => `${one}/${name}`)) offsets.set(process, offsetUs)
    clock.uncertaintyUs = Math.max(clock.uncertaintyUs, uncertaintyUs)
  }
}

/** Generators and k6 are processes of this machine, as on local; they reach the links through mapped ports. */
function openRunLoads({ claim, workDir, programs, token, k6, inventory }: Site, layout: KindLayout, { history }: StartRequest, journal: Journal, player: Player | undefined): { loads: Loads; end(): Promise<void> } {
  const supervisor = supervise(claim, workDir, childEnvironment(dirname(programs.gateway)), {
    line(name, line) {
      loads.line(name, line)
      journal.line(name, line)
    },
    state: (process, state, pid) => journal.note({ kind: 'process', process, state, pid }),
  })
  const loads = openLoads({ supervisor, programs, waysIn: layout.waysIn, token, k6, journal, history, workDir, clock: inventory.clock, ...(player === undefined ? {} : { player }) })
  return { loads, end: () => supervisor.endAll(endGraceMs) }
}

/** What was declared is rehearsed when the drill is about to begin. */
function withRehearsal(loads: Loads, { waysIn }: KindLayout, stages: Stages, { signal, progress }: StartRequest): Loads {
  const declared: LoadSpec[] = []
  return {
    ...loads,
    add(load) {
      declared.push(load)
      loads.add(load)
    },
    async prepare() {
      const { requests, failed } = await stages.time('rehearsal', () => rehearse(declared, waysIn, signal))
      progress('rehearsal', `${requests} requests, ${failed} failed; none of them is in the record`)
      await loads.prepare()
    },
  }
}

function underFault({ token }: Site, layout: KindLayout, { region, api, nodes }: Ground, following: Followed, journal: Journal): RegionUnderFault {
  const plan = layout.regions.find((one) => one.region === region)!
  const workloads = openWorkloads({ plan, api, nodes, token, readyTimeoutMs: healTimeoutMs, readies: (part) => following.readies(`${part}/${region}`) })
  const tell = (part: Part, state: 'paused' | 'resumed' | 'killed' | 'exited'): void => journal.note({ kind: 'process', process: `${part}/${region}`, state, pid: podPid })
  return { region, workloads, tell, faults: openRegionFaults({ region, workloads, nodes, tell }) }
}

/** Of every gateway; what does not answer (a drill may have stopped it) is told in the history. */
function collectGarbage(admin: readonly AdminPort[], journal: Journal): void {
  for (const port of admin) {
    port.ask('POST', '/gc')
      .then(({ status }) => { if (status !== 200) throw new Error(`status ${status}`) })
      .catch((error: unknown) => journal.note({ kind: 'tool', tool: port.process, text: `no garbage collection: ${String(error)}` }))
  }
}

function describe({ inventory, regionPorts, existing }: Site, { waysIn }: KindLayout, admin: readonly AdminPort[], grounds: readonly Ground[]): void {
  inventory.entries = Object.fromEntries(Object.entries(waysIn).map(([group, { edges, regions }]) =>
    [group, [...Object.values(edges), ...Object.values(regions)].map(({ host, port }) => `http://${host}:${port}`)]))
  inventory.admin = Object.fromEntries(admin.filter(({ address }) => address !== '').map(({ process, address }) => [process, address]))
  inventory.clusters = Object.fromEntries(grounds.map(({ region, context, kubeconfig }) => [region, {
    context, kubeconfig, ...(existing ? {} : { ingress: `http://127.0.0.1:${regionPorts[region].ingress}` }),
  }]))
}
