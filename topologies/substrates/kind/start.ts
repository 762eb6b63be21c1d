// How a topology comes up on clusters, stage by stage. Images and the fault proxy first, because every manifest holds the
// proxy's address; then regions side by side; edges; links; configuration; and at last a wait until everybody sees
// everybody, so that what fails afterwards is the fault's doing.

import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemScheduler } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import { refuseMeshWhereNone } from '../../meshes/index.ts'
import type { Capabilities } from '../../primitives.ts'
import { cutsOf } from '../../region-links.ts'
import type { ClusterOptions, Deployment, StartRequest } from '../../substrate.ts'
import { collectGarbage, entriesOf, type AdminPort } from '../sockets/admin-ports.ts'
import { openDeployment } from '../sockets/deployment.ts'
import { favour } from '../sockets/favour.ts'
import { openJournal, type Journal } from '../sockets/journal.ts'
import { openLinkBoard, type LinkBoard } from '../sockets/links.ts'
import { claimRun, type ClaimDocument } from '../sockets/ownership.ts'
import { openPublisher, type Publisher } from '../sockets/publisher.ts'
import { watchSnapshots } from '../sockets/snapshots.ts'
import { unwind, type Undo } from '../sockets/stages.ts'
import { adminPorts, untilAnswering, untilSteady } from './admin.ts'
import { untilCalm } from './calm.ts'
import { compareClocks } from './clocks.ts'
import { openFollowing, type Followed } from './evidence.ts'
import { openFaultDesk, type RegionUnderFault } from './faults.ts'
import { apiOf, readyTimeoutOf, type Ground } from './grounds.ts'
import { layOutClusters, linkEntries, type KindLayout, type Reach } from './layout.ts'
import { sweepEverything } from './leftovers.ts'
import { openLoadCluster, type LoadClusterParts, type Player } from './load-cluster.ts'
import { fixedNodePorts } from './manifests/region.ts'
import type { ClusterMesh, MeshPods } from './meshes/cluster-mesh.ts'
import { istioPods, openIstio } from './meshes/istio.ts'
import { ownNamespaces } from './namespaces.ts'
import { withoutLoss } from './netem.ts'
import { startEdge } from './outside.ts'
import { clusterPlane } from './publish.ts'
import { openRegionFaults } from './region-faults.ts'
import { raiseRegions } from './regions.ts'
import { openRunLoads } from './run-loads.ts'
import { openSite, type Site } from './site.ts'
import { untraced } from './untraced.ts'
import type { Part } from './wanted.ts'
import { openWorkloads } from './workloads.ts'

/** Of the time that a cluster may take: for the first configuration, and again until everybody sees everybody. */
const steadyShare = 1 / 3
const healTimeoutMs = 60_000
/** A container's program is the first process of its own space of numbers. */
const podPid = 1

export async function startClusters(request: StartRequest, capabilities: Capabilities): Promise<Deployment> {
  refuseUnsupported(request)
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

function refuseUnsupported({ options, topology }: StartRequest): void {
  refuseMeshWhereNone(topology.mesh, 'kind')
  if (options.tracing !== undefined) {
    throw topologyError('RGT_UNSUPPORTED', 'clusters are not traced', { found: untraced, hint: 'trace the same scenario on local: --on local' })
  }
  if (options.gateway === 'reference') return
  throw topologyError('RGT_UNSUPPORTED', 'clusters run the reference gateway', {
    expected: 'gateway reference', found: `gateway ${options.gateway}`, hint: 'other products run on local',
  })
}

async function startOn(site: Site, request: StartRequest, declared: Capabilities): Promise<Deployment> {
  const { topology, config, seed, history, signal, options } = request
  const { run, claim, stages, undo, inventory, token, existing } = site
  const settleWithinMs = readyTimeoutOf(options.clusters ?? {}) * steadyShare
  const pods = meshPods(request, site)
  const layout = layOutClusters({
    topology, run, mesh: pods, ports: site.ports, token, seed, images: site.images,
    namespacePrefix: existing ? run : null, nodePorts: existing ? null : fixedNodePorts, linksAddress: site.linksAddress,
    configNamespaces: config.map(({ metadata }) => metadata.namespace ?? 'default'),
  }, site.published)
  const mesh = pods === null ? null : await openIstio(request, site, layout)

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
    mesh, images: site.loadImages ? [site.images.gateway, site.images.testbed, ...mesh?.images ?? []] : null,
    namespaces: existing ? ownNamespaces(run, noteNamespaces) : null,
    manifestsDir: join(request.runDir, 'manifests'), readyTimeoutMs: readyTimeoutOf(options.clusters ?? {}), stages, undo, signal,
    answering: (plan, ground) => following.region(plan, ground.api),
  }))
  const links = await stages.time('edges', () => layLinks(site, layout, grounds, following))
  signal.throwIfAborted()
  if (mesh !== null) await stages.time('mesh', () => mesh.join(grounds, signal))

  publisher = openPublisher({
    planes: layout.regions.map((plan) => clusterPlane({ region: plan.region, api: apiOf(grounds, plan), namespaces: plan.namespaces, journal })),
    journal, scheduler: systemScheduler,
  })
  undo.push(() => publisher?.close())
  // Only now: a gateway that learns of a link before it is laid would begin by taking the far region for dead.
  await stages.time('snapshots', () => Promise.all([publisher!.publishAll(mesh?.config(config) ?? config), serving.all(settleWithinMs)]))
  const admin = adminPorts(site, layout, grounds)
  await stages.time('steady', async () => {
    await Promise.all(layout.regions.map((plan) => apiOf(grounds, plan).ready([{ namespace: plan.namespaces.system, name: 'gateway' }], settleWithinMs, signal)))
    await untilSteady(admin, settleWithinMs, signal)
    await untilAnswering(layout.waysIn, settleWithinMs, signal)
  })
  if (mesh !== null) await stages.time('mesh proofs', () => proveMesh(mesh, grounds, journal, signal))
  await stages.time('clocks', () => compareClocks(admin, offsets, inventory.clock))
  // Who only looks around need not wait for it.
  if (options.engines !== undefined) {
    undo.push(favour(process.pid))
    const use = await stages.time('calm', () => untilCalm(signal))
    request.progress('calm', `${Math.round(use * 100)} % of the processors in use`)
  }

  const capabilities = declared.loss.supported && await grounds[0].nodes?.canLose() !== true ? withoutLoss(declared) : declared
  const player = await openPlayer(site, layout, options.clusters ?? {}, noteNamespaces)
  describe(site, layout, admin, grounds)
  return openDeployment({
    kind: 'kind', capabilities, inventory, journal, publisher,
    loads: openRunLoads(site, layout, request, journal, player),
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

/** null without one. Throws RGT_UNSUPPORTED where clusters are somebody else's: a mesh is the whole cluster's matter. */
function meshPods({ topology, config }: StartRequest, { existing }: Site): MeshPods | null {
  if (topology.mesh === 'none') return null
  if (existing) {
    throw topologyError('RGT_UNSUPPORTED', 'a mesh is installed on clusters of the run\'s own only', { found: '--contexts', hint: 'leave --contexts out' })
  }
  return istioPods(topology, config)
}

async function proveMesh(mesh: ClusterMesh, grounds: readonly Ground[], journal: Journal, signal: AbortSignal): Promise<void> {
  for (const text of await mesh.prove(grounds, signal)) journal.note({ kind: 'tool', tool: mesh.name, text })
}

/** Edges stand outside every region, and reach regions as clients reach edges: through the fault proxy. */
async function layLinks({ docker, outside, images, proxy, grounds: places, undo }: Site, layout: KindLayout, grounds: readonly Ground[], following: Followed): Promise<LinkBoard> {
  const reach: Reach = Object.fromEntries(await Promise.all(grounds.map(async (ground) =>
    [ground.region, await places.reach(ground, layout.regions[0].namespaces.system)] as const)))
  const entries = linkEntries(layout.links, layout.edges, reach)
  undo.push(...layout.edges.map(({ container }) => () => docker.remove(container)))
  await Promise.all(layout.edges.map((edge) => startEdge(outside, images.gateway, edge)))
  for (const edge of layout.edges) following.edge(edge, docker)
  await proxy.add(entries)
  const board = openLinkBoard(proxy, entries)
  await board.lay()
  return board
}

/** null = load comes from this machine. */
async function openPlayer({ run, token, undo, published, linksAddress }: Site, { waysIn }: KindLayout, options: ClusterOptions, note: LoadClusterParts['note']): Promise<Player | null> {
  const { loadContext } = options
  return loadContext === undefined ? null : openLoadCluster({ run, token, undo, waysIn, published, linksAddress, note, options: { ...options, loadContext } })
}

function underFault({ token }: Site, layout: KindLayout, { region, api, nodes }: Ground, following: Followed, journal: Journal): RegionUnderFault {
  const plan = layout.regions.find((one) => one.region === region)!
  const workloads = openWorkloads({ plan, api, nodes, token, readyTimeoutMs: healTimeoutMs, readies: (part) => following.readies(`${part}/${region}`) })
  const tell = (part: Part, state: 'paused' | 'resumed' | 'killed' | 'exited'): void => journal.note({ kind: 'process', process: `${part}/${region}`, state, pid: podPid })
  return { region, workloads, tell, faults: openRegionFaults({ region, workloads, nodes, tell }) }
}

function describe({ inventory, regionPorts, existing }: Site, { waysIn }: KindLayout, admin: readonly AdminPort[], grounds: readonly Ground[]): void {
  inventory.entries = entriesOf(waysIn)
  inventory.admin = Object.fromEntries(admin.filter(({ address }) => address !== '').map(({ process, address }) => [process, address]))
  inventory.clusters = Object.fromEntries(grounds.map(({ region, context, kubeconfig }) => [region, {
    context, kubeconfig, ...(existing ? {} : { ingress: `http://127.0.0.1:${regionPorts[region].ingress}` }),
  }]))
}
