// The two images of a run: `gateway` (gateway and control plane, from the gateway's room alone) and `testbed` (services,
// fault proxy, generator). They are a cache: a second run finds them, and they stay when it is removed.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import type { Inventory } from '../../../substrate.ts'
import type { FoundTool } from '../../../tools/index.ts'
import { isOlder } from '../../../tools/tool.ts'
import { projectRoot, type Program } from '../../sockets/bundle.ts'
import type { Docker, DockerImages } from '../docker/docker.ts'
import { haveImage, type WantedImage } from '../docker/have-image.ts'
import { readContext, tagOf, writeContext, type ImageContext } from './context.ts'
import { imageLabel, pruneImages } from './prune.ts'

export const defaultBaseImage = 'node:24-bookworm-slim'
const leastNode = '24.0.0'

/** What the run's own images are built upon. */
export const baseImageOf = ({ baseImage = defaultBaseImage }: { baseImage?: string }): WantedImage =>
  ({ what: 'base image', image: baseImage, variable: 'REGATTA_GATEWAY_BASE_IMAGE', expected: 'an image with Node 24 or newer as `node`' })

export interface RunImagesRequest {
  docker: Pick<Docker, 'imageExists' | 'buildImage' | 'removeImage'> & DockerImages
  programs: Record<Program, string>
  /** Default: the official slim image. */
  baseImage?: string
  /** As found on this machine; null, and why, when there is none. */
  toxiproxy: FoundTool | null
  toxiproxyReason: string
  /** Folder for what is built from; removed afterwards. */
  workDir: string
  signal?: AbortSignal
  progress(text: string): void
}

export interface RunImages {
  gateway: string
  testbed: string
  /** The real one is in the testbed's image, and in its PATH as `toxiproxy-server`. */
  realToxiproxy: boolean
  /** For the inventory. */
  toxiproxy: Inventory['tools'][string]
  /** Tags that were not there before. */
  built: string[]
}

/** Throws RGT_IMAGE when the base is not to be had, brings no fit Node, or a build fails; RGT_DOCKER when Docker does not answer. */
export async function runImages(request: RunImagesRequest): Promise<RunImages> {
  const { docker, programs, baseImage = defaultBaseImage, toxiproxy, progress, signal } = request
  const baseId = await haveImage(docker, { ...baseImageOf({ baseImage }), signal, progress })
  const gateway = await readContext(join(projectRoot, 'gateway', 'Dockerfile'), [programs.gateway, programs['span-exporter'], programs['control-plane']])
  const testbedOf = (binaries: string[]): Promise<ImageContext> =>
    readContext(join(projectRoot, 'topologies', 'substrates', 'kind', 'images', 'Dockerfile'), [programs.services, programs['fault-proxy'], programs.generator], binaries)
  const gatewayTag = tagOf('gateway', baseId, gateway)
  const built: string[] = []
  let nodeIsFit = false
  const have = async (name: string, tag: string, context: ImageContext): Promise<string> => {
    signal?.throwIfAborted()
    if (await docker.imageExists(tag)) return tag
    if (!nodeIsFit) await refuseOtherNode(docker, baseImage)
    nodeIsFit = true
    progress(`building ${tag}`)
    await build(request, name, tag, context, baseImage)
    built.push(tag)
    return tag
  }
  let reason = request.toxiproxyReason
  let testbed: { tag: string; context: ImageContext } | null = null
  if (toxiproxy !== null) {
    const context = await testbedOf([toxiproxy.path])
    const tag = tagOf('testbed', baseId, context)
    const problem = await docker.imageExists(tag) ? null : await cannotRun(docker, baseImage, context)
    if (problem === null) testbed = { tag, context }
    else reason = `the one found here does not run in ${baseImage} (${problem})`
  }
  const real = testbed !== null
  if (testbed === null) {
    const context = await testbedOf([])
    testbed = { tag: tagOf('testbed', baseId, context), context }
  }
  await have('gateway', gatewayTag, gateway)
  await have('testbed', testbed.tag, testbed.context)
  if (built.length > 0) await pruneImages(docker, [gatewayTag, testbed.tag])
  return {
    gateway: gatewayTag, testbed: testbed.tag, realToxiproxy: real, built,
    toxiproxy: real ? { version: toxiproxy!.version, origin: toxiproxy!.origin } : { version: 'none', origin: 'embedded', reason },
  }
}

async function refuseOtherNode(docker: DockerImages, image: string): Promise<void> {
  const refuse = (found: string, cause?: unknown): never => {
    throw topologyError('RGT_IMAGE', `the base image ${image} does not bring a fit Node`, {
      expected: 'Node 24 or newer as `node`', found, hint: 'name another base: REGATTA_GATEWAY_BASE_IMAGE', cause,
    })
  }
  const said = await docker.tryProgram(image, ['node', '--version']).catch((error: unknown) => {
    if (error instanceof CodedError && error.code === 'RGT_IMAGE') return refuse(error.details.found ?? error.message, error)
    throw error
  })
  const version = /^v(\d+\.\d+\.\d+)/.exec(said.trim())?.[1]
  if (version === undefined || isOlder(version, leastNode)) refuse(said.trim().slice(0, 120) || 'no version')
}

/** Why a binary does not run in the base (another system, processor or C library); null when it does. */
async function cannotRun(docker: DockerImages, image: string, { files }: ImageContext): Promise<string | null> {
  const { content } = files.get('toxiproxy-server') ?? { content: new Uint8Array() }
  try {
    await docker.tryProgram(image, ['/toxiproxy-server', '-version'], { '/toxiproxy-server': content })
    return null
  } catch (error) {
    if (error instanceof CodedError && error.code === 'RGT_IMAGE') return error.details.found ?? error.message
    throw error
  }
}

async function build({ docker, workDir }: RunImagesRequest, name: string, tag: string, context: ImageContext, base: string): Promise<void> {
  const folder = join(workDir, 'images', name)
  try {
    await writeContext(folder, context)
    await docker.buildImage({ tag, folder, arguments: { BASE: base }, labels: { [imageLabel]: name } })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
