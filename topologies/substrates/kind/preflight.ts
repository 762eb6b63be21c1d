// Looks at everything that a start on clusters needs, before anything is made: each thing that is missing is a coded
// error within a bounded time, and there is nothing to clean up.

import type { ClusterOptions } from '../../substrate.ts'
import type { Docker, DockerImages, DockerInfo } from './docker/docker.ts'
import { clustersAtOnce } from './docker/concurrency.ts'
import { haveImage } from './docker/have-image.ts'
import { isHere } from './docker/host.ts'
import { baseImageOf } from './images/images.ts'
import { inotifyInstances, refuseTooFewInstances } from './inotify.ts'
import { availableBytes, freeMemory, refuseTooLittle } from './memory.ts'

export interface PreflightRequest {
  docker: Pick<Docker, 'info'> & Pick<DockerImages, 'imageId' | 'pullImage'>
  options: ClusterOptions
  /** Clusters that will be made; 0 where they exist already. */
  clusters: number
  signal?: AbortSignal
  progress(text: string): void
  /** Of this machine, bytes; null when unknown. Tests bring their own. */
  available?(): Promise<number | null>
  /** Inotify instances that a user of this machine may hold; null when there is no bound. Tests bring their own. */
  instances?(): Promise<number | null>
}

export interface Preflight {
  docker: DockerInfo
  /** How many clusters are made at once. */
  atOnce: number
}

/** Throws RGT_DOCKER, RGT_MEMORY, RGT_CLUSTER, RGT_IMAGE; the signal's reason when aborted. */
export async function preflight({ docker, options, clusters, signal, progress, available = availableBytes, instances = inotifyInstances }: PreflightRequest): Promise<Preflight> {
  const info = await docker.info()
  signal?.throwIfAborted()
  const here = isHere(options.dockerHost)
  const memory = { dockerTotalBytes: info.memoryBytes, availableBytes: here ? await available() : null }
  if (clusters > 0) {
    refuseTooLittle(clusters, memory)
    if (here) refuseTooFewInstances(clusters, await instances())
  }
  // Without a name kind takes the image that was made for its own version, and fetches it itself.
  if (clusters > 0 && options.nodeImage !== undefined) await haveImage(docker, { what: 'node image', image: options.nodeImage, variable: 'REGATTA_KIND_NODE_IMAGE', signal, progress })
  if (options.gatewayImage === undefined) await haveImage(docker, { ...baseImageOf(options), signal, progress })
  return { docker: info, atOnce: clustersAtOnce({ cpus: info.cpus, freeBytes: freeMemory(memory) }, clusters) }
}
