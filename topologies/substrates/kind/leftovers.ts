// Removes what dead runs left anywhere: processes and folders, containers, clusters and networks of Docker, namespaces of
// existing clusters. A claim goes only when all that it names is gone. Where the claims themselves are gone, the labels
// on containers and networks still tell whose they were.

import { setTimeout as sleep } from 'node:timers/promises'
import { claimFile, claims, forget, ownerLabel, ownerLives, reachesFurther, removeFolders, stateOfOwner, sweep, sweepMachine, type ClaimDocument, type Swept } from '../sockets/ownership.ts'
import type { RegionApi } from './api/api.ts'
import { kindClusterLabel, removeCluster } from './docker/clusters.ts'
import type { DockerCommandOptions } from './docker/command.ts'
import type { DockerDaemon, Labelled } from './docker/docker.ts'
import { runLabel } from './manifests/region.ts'
import { removeOwn } from './namespaces.ts'

export interface SweptEverywhere extends Swept {
  containers: string[]
  clusters: string[]
  networks: string[]
  /** `context/namespace` */
  namespaces: string[]
  /** Why something could not be removed; its claim stays. */
  left: string | null
}

export interface SweepOptions {
  /** A line for each run that was removed, or could not be. */
  progress?(text: string): void
  /** Where labels are looked at for what has no claim. */
  docker?: DockerCommandOptions
}

/** A daemon that was asked for a container a moment ago makes it even when the one who asked is gone. */
const settleMs = 500

/** Never throws for what cannot be removed: that is told in `left`. */
export async function sweepEverything({ progress = () => {}, docker = { command: 'docker', host: null } }: SweepOptions = {}): Promise<SweptEverywhere[]> {
  const further = claims().filter((claim) => !ownerLives(claim) && reachesFurther(claim))
  const local = sweep().map((swept) => nothingFurther(swept))
  const claimed = await Promise.all(further.map(sweepClaim))
  const swept = [...local, ...claimed, ...await sweepUnclaimed(docker)]
  for (const one of swept) progress(sentence(one))
  return swept
}

export function sentence({ run, left, ...parts }: SweptEverywhere): string {
  const counted: [string, string[]][] = [
    ['processes', parts.killed], ['clusters', parts.clusters], ['containers', parts.containers], ['networks', parts.networks], ['namespaces', parts.namespaces], ['folders', parts.removed],
  ]
  const removed = counted.filter(([, list]) => list.length > 0).map(([what, list]) => `${list.length} ${what}`).join(', ')
  return `${run}: its owner is dead; removed ${removed || 'nothing'}${left === null ? '' : `; left: ${left}`}`
}

function nothingFurther(swept: Swept): SweptEverywhere {
  return { ...swept, containers: [], clusters: [], networks: [], namespaces: [], left: null }
}

async function sweepClaim(claim: ClaimDocument): Promise<SweptEverywhere> {
  const swept = nothingFurther(sweepMachine(claim))
  if (swept.killed.length > 0) await sleep(settleMs)
  const problems: string[] = []
  await sweepDocker(claim, swept).catch((error: unknown) => problems.push((error as Error).message))
  // A daemon that was starting a node meanwhile has made the folder anew that the node was to see.
  removeFolders(claim)
  for (const namespaces of claim.namespaces ?? []) {
    await sweepNamespaces(claim.run, namespaces, swept).catch((error: unknown) => problems.push(`namespaces of ${namespaces.context}: ${(error as Error).message}`))
  }
  if (problems.length === 0) forget(claim)
  else swept.left = `${problems.join('; ')} (the next sweep tries again; if all is gone, remove ${claimFile(claim.run)})`
  return swept
}

async function sweepDocker({ run, docker: parts }: ClaimDocument, swept: SweptEverywhere): Promise<void> {
  if (parts === undefined) return
  const docker = await open(parts)
  await docker.info()
  const nodes = Promise.all(parts.clusters.map(async (cluster) => ({ cluster, removed: await removeCluster(docker, cluster) })))
  // By the run's label, and not by the names alone, which may be anybody's by now.
  const containers = await docker.containers(`${runLabel}=${run}`)
  await Promise.all(containers.map((name) => docker.remove(name)))
  swept.clusters.push(...(await nodes).filter(({ removed }) => removed.length > 0).map(({ cluster }) => cluster))
  swept.containers.push(...containers)
  const networks = await docker.labelledNetworks(`${runLabel}=${run}`)
  for (const { name } of networks) {
    await removeNetwork(docker, name, swept)
    swept.networks.push(name)
  }
  if (swept.killed.length === 0) return
  // kind was ended in the middle of something: a daemon that is busy comes to it only now.
  await sleep(settleMs)
  for (const cluster of parts.clusters) {
    if ((await removeCluster(docker, cluster)).length > 0 && !swept.clusters.includes(cluster)) swept.clusters.push(cluster)
  }
}

/** What is still on it and is a node of a cluster came late: kind was making it when its owner died. */
async function removeNetwork(docker: DockerDaemon, name: string, swept: SweptEverywhere): Promise<void> {
  for (const { name: node, labels } of await docker.attached(name)) {
    if (labels[kindClusterLabel] === undefined) continue
    await docker.remove(node)
    if (!swept.clusters.includes(labels[kindClusterLabel])) swept.clusters.push(labels[kindClusterLabel])
  }
  await docker.removeNetwork(name)
}

async function sweepNamespaces(run: string, { kubeconfig, context, names, crds }: NonNullable<ClaimDocument['namespaces']>[number], swept: SweptEverywhere): Promise<void> {
  const { openRegionApi } = await import('./api/client.ts')
  const api: RegionApi = await openRegionApi({ region: context, kubeconfig, context })
  try {
    swept.namespaces.push(...(await removeOwn(run, api, { names, crds })).map((name) => `${context}/${name}`))
  } finally {
    api.close()
  }
}

/** By their labels: of owners that are dead for certain, and of runs without a claim. Where no daemon answers there is nothing to do. */
async function sweepUnclaimed(way: DockerCommandOptions): Promise<SweptEverywhere[]> {
  const docker = await open(way)
  const found = await Promise.all([docker.labelledContainers(runLabel), docker.labelledNetworks(runLabel)]).catch(() => null)
  if (found === null) return []
  const claimed = new Set(claims().map(({ run }) => run))
  const orphaned = ({ labels }: Labelled): boolean => !claimed.has(labels[runLabel]) && stateOfOwner(labels[ownerLabel]) === 'dead'
  const [containers, networks] = found.map((list) => list.filter(orphaned))
  const runs = new Set([...containers, ...networks].map(({ labels }) => labels[runLabel]))
  return Promise.all([...runs].map(async (run) => {
    const swept = nothingFurther({ run, killed: [], removed: [] })
    const own = ({ labels }: Labelled): boolean => labels[runLabel] === run
    try {
      for (const { name } of containers.filter(own)) swept.containers.push(await docker.remove(name).then(() => name))
      for (const { name } of networks.filter(own)) swept.networks.push(await removeNetwork(docker, name, swept).then(() => name))
    } catch (error) {
      swept.left = (error as Error).message
    }
    return swept
  }))
}

/** The adapter is loaded where it is used: commands that never meet Docker need not wait for it. */
async function open({ command, host }: DockerCommandOptions): Promise<DockerDaemon> {
  const { openDocker } = await import('./docker/cli.ts')
  return openDocker({ command, host })
}
