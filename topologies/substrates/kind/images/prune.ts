// Removes images of earlier states of the sources: each change of a source makes new ones, and nobody else looks after
// them. The newest stay, because a run beside this one may be about to load them.

import type { Docker, DockerImages } from '../docker/docker.ts'

/** On every image that is built here: `gateway` or `testbed`. */
export const imageLabel = 'regatta.dev/image'
const kept = 2

/** Keeps the two newest of each name and those given; what a container still uses stays too. Gives what was removed. */
export async function pruneImages(docker: Pick<Docker, 'removeImage'> & Pick<DockerImages, 'images'>, keep: readonly string[] = []): Promise<string[]> {
  const seen = new Map<string, number>()
  const removed: string[] = []
  for (const { tag, labels } of await docker.images(imageLabel)) {
    const name = labels[imageLabel]
    const newer = seen.get(name) ?? 0
    seen.set(name, newer + 1)
    if (newer < kept || keep.includes(tag)) continue
    const gone = await docker.removeImage(tag).then(() => true, () => false)
    if (gone) removed.push(tag)
  }
  return removed
}
