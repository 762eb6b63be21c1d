// Regions come up side by side, each as fast as its own cluster: made, given the images, given its manifests, ready.
// Only making clusters is bounded, because that is what takes processors and memory.

import type { V1CustomResourceDefinition } from '@kubernetes/client-node'
import type { Region } from '../../topology.ts'
import type { Stages, Undo } from '../sockets/stages.ts'
import type { Ground, Grounds } from './grounds.ts'
import { calledThrough } from './layout.ts'
import { regionManifests } from './manifests/index.ts'
import { namespaces as namespacesOf } from './manifests/namespaces.ts'
import type { RegionPlan } from './manifests/region.ts'
import type { ClusterMesh } from './meshes/cluster-mesh.ts'
import { writeManifests } from './manifests/write.ts'
import type { OwnNamespaces } from './namespaces.ts'

export interface RaiseRequest {
  regions: readonly Region[]
  plans: readonly RegionPlan[]
  grounds: Grounds
  crds: readonly V1CustomResourceDefinition[]
  /** Clusters that are made at once. */
  atOnce: number
  /** null when images are in the clusters already. */
  images: string[] | null
  /** null in clusters of our own, which go as a whole. */
  namespaces: OwnNamespaces | null
  /** Comes up before the workloads, and puts its proxies into them. */
  mesh: ClusterMesh | null
  manifestsDir: string
  /** Of a region's workloads together, milliseconds. */
  readyTimeoutMs: number
  stages: Stages
  undo: Undo[]
  /** The API server answers, and workloads are about to tell what happens to them. */
  answering(plan: RegionPlan, ground: Ground): void
  signal: AbortSignal
}

/** In the order of the topology. When one fails the others are called off, and its error is thrown. */
export async function raiseRegions(request: RaiseRequest): Promise<Ground[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([request.signal, stop.signal])
  const turn = bounded(request.atOnce)
  const raised = await Promise.allSettled(request.regions.map(async (region) => {
    try {
      return await raise(request, region, turn, signal)
    } catch (error) {
      stop.abort(error)
      throw error
    }
  }))
  request.signal.throwIfAborted()
  if (stop.signal.aborted) throw stop.signal.reason
  return raised.map((one) => (one as PromiseFulfilledResult<Ground>).value)
}

async function raise({ plans, grounds, crds, images, namespaces, mesh, manifestsDir, readyTimeoutMs, stages, undo, answering }: RaiseRequest, region: Region, turn: Turn, signal: AbortSignal): Promise<Ground> {
  const { name } = region
  const plan = plans.find((one) => one.region === name)!
  const ground = await turn(() => stages.time(`cluster ${name}`, () => {
    signal.throwIfAborted()
    return grounds.provide(region, signal)
  }))
  undo.push(() => ground.api.close())
  if (images !== null) await stages.time(`load ${name}`, () => grounds.load(ground, images, signal))
  signal.throwIfAborted()
  if (mesh !== null) {
    await stages.time(`mesh ${name}`, async () => {
      // Its policies stand where services will.
      await ground.api.apply(namespacesOf(plan))
      await mesh.install(ground, signal)
    })
  }
  await stages.time(`workloads ${name}`, async () => {
    const missing = namespaces === null ? crds : await namespaces.claim(ground, plan, crds, undo)
    const objects = [...missing, ...regionManifests(calledThrough(plan, ground.api.host))]
    writeManifests(manifestsDir, name, objects)
    await ground.api.apply(objects)
    answering(plan, ground)
    await ground.api.ready(deploymentsOf(plan), readyTimeoutMs, signal)
  })
  return ground
}

/** Those that are ready without configuration; a gateway has nothing to serve yet. */
function deploymentsOf({ namespaces, services }: RegionPlan): { namespace: string; name: string }[] {
  return [
    { namespace: namespaces.system, name: 'control-plane' },
    ...services.map(({ name, configNamespace }) => ({ namespace: namespaces.ofConfig[configNamespace], name })),
  ]
}

type Turn = <T>(work: () => Promise<T>) => Promise<T>

/** At most so many at once; the others wait in order. */
export function bounded(atOnce: number): Turn {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    try {
      return await work()
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}
