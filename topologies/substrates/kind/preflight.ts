// Looks at everything that a start on clusters needs, before anything is made: each thing that is missing is a coded
// error within a bounded time, and there is nothing to clean up.

import { CodedError } from '../../../gateway/errors.ts'
import { topologyError } from '../../errors.ts'
import type { ClusterOptions } from '../../substrate.ts'
import type { Docker, DockerImages, DockerInfo } from './docker/docker.ts'
import { clustersAtOnce } from './docker/concurrency.ts'
import { defaultBaseImage } from './images/images.ts'
import { availableBytes, freeMemory, refuseTooLittle } from './memory.ts'

export interface PreflightRequest {
  docker: Pick<Docker, 'info' | 'imageExists'> & Pick<DockerImages, 'pullImage'>
  options: ClusterOptions
  /** Clusters that will be made; 0 where they exist already. */
  clusters: number
  signal?: AbortSignal
  progress(text: string): void
  /** Of this machine, bytes; null when unknown. Tests bring their own. */
  available?(): Promise<number | null>
}

export interface Preflight {
  docker: DockerInfo
  /** How many clusters are made at once. */
  atOnce: number
}

/** Throws RGT_DOCKER, RGT_MEMORY, RGT_IMAGE; the signal's reason when aborted. */
export async function preflight({ docker, options, clusters, signal, progress, available = availableBytes }: PreflightRequest): Promise<Preflight> {
  const info = await docker.info()
  signal?.throwIfAborted()
  const memory = { dockerTotalBytes: info.memoryBytes, availableBytes: isHere(options.dockerHost) ? await available() : null }
  if (clusters > 0) refuseTooLittle(clusters, memory)
  const have = async (what: string, image: string, variable: string): Promise<void> => {
    signal?.throwIfAborted()
    if (await docker.imageExists(image)) return
    progress(`pulling ${image}`)
    await docker.pullImage(image).catch((cause: unknown) => {
      if (!(cause instanceof CodedError) || cause.code !== 'RGT_IMAGE') throw cause
      throw topologyError('RGT_IMAGE', `the ${what} ${image} is not here and could not be pulled`, {
        found: cause.details.found, hint: `name one that is there: ${variable}, or let Docker reach a registry: docker pull ${image}`, cause,
      })
    })
  }
  // Without a name kind takes the image that was made for its own version, and fetches it itself.
  if (clusters > 0 && options.nodeImage !== undefined) await have('node image', options.nodeImage, 'REGATTA_KIND_NODE_IMAGE')
  if (options.gatewayImage === undefined) await have('base image', options.baseImage ?? defaultBaseImage, 'REGATTA_GATEWAY_BASE_IMAGE')
  return { docker: info, atOnce: clustersAtOnce({ cpus: info.cpus, freeBytes: freeMemory(memory) }, clusters) }
}

/** A daemon behind a socket file shares this machine's memory, or lives in a virtual machine that tells less. */
export const isHere = (host: string | null = null): boolean => host === null || host.startsWith('unix://')
