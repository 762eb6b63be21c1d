// An image that something is made from: here already, or pulled.

import { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import type { DockerImages } from './docker.ts'

export interface WantedImage {
  /** As errors call it. */
  what: string
  image: string
  /** Where another one can be named. */
  variable: string
  expected?: string
  signal?: AbortSignal
  progress?(text: string): void
}

/** Its ID. Throws RGT_IMAGE when it is not to be had; the signal's reason when aborted. */
export async function haveImage(docker: Pick<DockerImages, 'imageId' | 'pullImage'>, { what, image, variable, expected, signal, progress }: WantedImage): Promise<string> {
  signal?.throwIfAborted()
  const here = await docker.imageId(image)
  if (here !== null) return here
  progress?.(`pulling ${image}`)
  await docker.pullImage(image).catch((cause: unknown) => {
    if (!(cause instanceof CodedError) || cause.code !== 'RGT_IMAGE') throw cause
    throw topologyError('RGT_IMAGE', `the ${what} ${image} is not here and could not be pulled`, {
      expected, found: cause.details.found, hint: `name one that is there: ${variable}, or let Docker reach a registry: docker pull ${image}`, cause,
    })
  })
  const pulled = await docker.imageId(image)
  if (pulled !== null) return pulled
  throw topologyError('RGT_IMAGE', `the ${what} ${image} is gone again`, { hint: 'somebody else removes images: docker images' })
}
