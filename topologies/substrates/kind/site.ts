// What a run has on this machine before there is any region: commands that were found, images, a network, the fault
// proxy's container, and the ground on which regions will stand. Each thing is in the claim before it is made.

import { randomBytes } from 'node:crypto'
import type { V1CustomResourceDefinition } from '@kubernetes/client-node'
import { topologyError } from '../../errors.ts'
import type { ClusterOptions, Inventory, StartRequest } from '../../substrate.ts'
import type { Program } from '../sockets/bundle.ts'
import type { FaultProxy } from '../sockets/faultproxy/index.ts'
import { identify, noteDocker, ownerLabels, type Claim } from '../sockets/ownership.ts'
import { reservePorts, type PortBlock } from '../sockets/ports.ts'
import { takePrograms } from '../sockets/programs.ts'
import { findRunTools } from '../sockets/run-tools.ts'
import { openStages, type Stages, type Undo } from '../sockets/stages.ts'
import { findCommands } from './commands.ts'
import { clusterCrds } from './crds/cluster-crds.ts'
import type { DockerDaemon } from './docker/docker.ts'
import { askExisting } from './existing.ts'
import { clusterName, existingGrounds, ownGrounds, type Grounds } from './grounds.ts'
import { runImages, type RunImages } from './images/images.ts'
import { portsNeeded, publishLinks } from './layout.ts'
import { runLabel, type RegionPlan } from './manifests/region.ts'
import { connectLinks, knownNetwork, startLinks, type Outside } from './outside.ts'
import { preflight } from './preflight.ts'

export interface Site {
  run: string
  token: string
  claim: Claim
  workDir: string
  stages: Stages
  undo: Undo[]
  inventory: Inventory
  docker: DockerDaemon
  /** Clusters that were there before. */
  existing: boolean
  grounds: Grounds
  /** Clusters that are made at once. */
  atOnce: number
  programs: Record<Program, string>
  k6: string | null
  ports: PortBlock
  /** Mapped on loopback, of clusters of our own. */
  regionPorts: Record<string, { ingress: number; admin: number }>
  crds: readonly V1CustomResourceDefinition[]
  images: RegionPlan['images']
  /** false: images are in the clusters already, or are pulled by them. */
  loadImages: boolean
  outside: Outside
  published: ReturnType<typeof publishLinks>
  proxy: FaultProxy
  /** Of the fault proxy, as pods and edges dial it. */
  linksAddress: string
}

export async function openSite(request: StartRequest, claim: Claim, workDir: string, undo: Undo[]): Promise<Site> {
  const { topology, signal, progress, tools } = request
  const options = request.options.clusters ?? {}
  const existing = options.contexts !== undefined
  const { run } = claim.document
  const stages = openStages(progress)
  const token = randomBytes(24).toString('hex')
  const inventory: Inventory = { tools: {}, stagesMs: stages.ms, entries: {}, admin: {}, clock: { id: 'monotonic', offsetUs: 0, uncertaintyUs: 0 } }

  const { docker, clusters, found, atOnce, note, given, network } = await stages.time('tools', () => ready(request, claim, inventory))
  const [programs, ports, crds] = await stages.time('prepare', () => Promise.all([
    takePrograms(claim), reservePorts(claim, portsNeeded(topology)),
    clusterCrds({ policy: tools, signal, moduleProxy: options.moduleProxy, progress: (text) => progress('prepare', text) }),
  ]))
  Object.assign(inventory.tools, crds.tools)
  const images = given ?? await stages.time('images', () => runImages({
    docker, programs, toxiproxy: found.toxiproxy, toxiproxyReason: found.toxiproxyReason, workDir, signal,
    progress: (text) => progress('images', text), ...(options.baseImage === undefined ? {} : { baseImage: options.baseImage }),
  }))
  signal.throwIfAborted()

  const labels = { [runLabel]: run, ...ownerLabels(claim) }
  const outside: Outside = {
    run, docker, token, labels, claimContainer: (name) => note('containers', name),
    network,
  }
  if (!existing) {
    note('networks', run)
    undo.push(() => docker.removeNetwork(run))
    await docker.createNetwork(run, labels)
  }
  const published = publishLinks(topology, ports)
  const regionPorts = Object.fromEntries(topology.regions.map(({ name }) => [name, { ingress: ports.next(), admin: ports.next() }]))
  const { proxy, address: linksAddress } = await stages.time('fault proxy', async () => {
    undo.push(() => docker.remove(`${run}-links`))
    const container = await startLinks(outside, images.testbed, published, { toxiproxy: images.realToxiproxy, seed: request.seed })
    return { proxy: await connectLinks(outside, container, published.apiPort, images.realToxiproxy), address: container.address }
  })
  undo.push(() => proxy.close())
  inventory.tools.toxiproxy = images.realToxiproxy ? images.toxiproxy : { ...images.toxiproxy, version: proxy.version }
  if (!existing) undo.push(async () => void await Promise.all(topology.regions.map(({ name }) => clusters!.remove(clusterName(run, name)))))
  return {
    run, token, claim, workDir, stages, undo, inventory, docker, existing, programs, k6: found.k6?.path ?? null, ports, regionPorts,
    crds: crds.crds, outside, published, proxy, linksAddress,
    images: { gateway: images.gateway, testbed: images.testbed }, loadImages: given === null,
    atOnce,
    grounds: existing
      ? existingGrounds({ options, clusters })
      : ownGrounds({ topology, run, network: run, docker, clusters: clusters!, options, workDir, published: regionPorts, claimCluster: (name) => note('clusters', name) }),
  }
}

/** Images that somebody pushed to where clusters pull from. What is in them besides our programs is not known. */
function givenImages({ gatewayImage, testbedImage }: ClusterOptions): Pick<RunImages, 'gateway' | 'testbed' | 'realToxiproxy' | 'toxiproxy'> | null {
  if (gatewayImage === undefined && testbedImage === undefined) return null
  if (gatewayImage === undefined || testbedImage === undefined) {
    throw topologyError('RGT_IMAGE', 'one of the two images of a run is named, the other is not', {
      expected: 'both or none', found: `gateway ${gatewayImage ?? 'not named'}, testbed ${testbedImage ?? 'not named'}`, hint: 'set REGATTA_GATEWAY_IMAGE and REGATTA_TESTBED_IMAGE',
    })
  }
  return { gateway: gatewayImage, testbed: testbedImage, realToxiproxy: false, toxiproxy: { version: 'none', origin: 'embedded', reason: 'a given image is not looked into' } }
}

/** Everything that a start would fail without is asked for before anything is made. */
async function ready(request: StartRequest, claim: Claim, inventory: Inventory) {
  const { topology, signal, progress } = request
  const options = request.options.clusters ?? {}
  const existing = options.contexts !== undefined
  const given = givenImages(options)
  const { run } = claim.document
  const commands = findCommands({
    request, inventory, needsKind: !existing,
    started: (pid, name) => {
      const identity = identify(pid)
      if (identity !== null) claim.update(({ processes }) => processes.push({ ...identity, name }))
    },
  })
  const [{ docker, clusters, way }, found] = await Promise.all([commands, findRunTools(request, inventory)])
  const { atOnce } = await preflight({
    docker, options, clusters: existing ? 0 : topology.regions.length, signal, progress: (text) => progress('tools', text),
  })
  if (existing) await askExisting({ run, options, loadsImages: given === null, hasKind: clusters !== null, signal, progress: (text) => progress('tools', text) })
  const network = existing ? await knownNetwork((name) => docker.networkExists(name), options.network ?? 'kind') : run
  return { docker, clusters, found, atOnce, note: noteDocker(claim, way), given, network }
}
