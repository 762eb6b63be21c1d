// Images of a daemon: looking, pulling, building from a folder that is only copied, and trying what an image holds.

import { join } from 'node:path'
import { labelArguments, type DockerCommand } from './command.ts'
import { removeContainer } from './container.ts'
import type { DockerDaemon, DockerImages } from './docker.ts'
import { tarOf } from './tar.ts'

const noImage = /no such (image|object)/i
const answerWithinMs = 5_000
const removeWithinMs = 60_000
const programWithinMs = 60_000
const buildWithinMs = 5 * 60_000
const pullWithinMs = 10 * 60_000

export function openImages(docker: DockerCommand, signal: AbortSignal | undefined): DockerImages & Pick<DockerDaemon, 'imageExists' | 'buildImage' | 'removeImage'> {
  const imageId = async (tag: string): Promise<string | null> => {
    const said = await docker.askUnless(noImage, ['image', 'inspect', '--format', '{{.Id}}', tag], { what: `look for the image ${tag}`, timeoutMs: answerWithinMs, signal })
    return said === null ? null : said.trim()
  }
  return {
    imageId,
    imageExists: async (tag) => await imageId(tag) !== null,
    async pullImage(tag) {
      await docker.ask(['pull', '--quiet', tag], { what: `pull the image ${tag}`, timeoutMs: pullWithinMs, signal, code: 'RGT_IMAGE', hint: 'name an image that is there, or let Docker reach a registry' })
    },
    async buildImage({ tag, folder, arguments: values, labels }) {
      const args = ['build', '--tag', tag, ...labelArguments(labels), ...Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]), folder]
      const call = { what: `build the image ${tag}`, timeoutMs: buildWithinMs, signal, code: 'RGT_IMAGE' as const, place: { file: join(folder, 'Dockerfile') } }
      // Where BuildKit is asked for and its plug-in is missing, the classic builder does: our files only copy.
      if (await docker.askUnless(/buildx (component is missing|plugin)/i, args, call) === null) {
        await docker.ask(args, { ...call, variables: { DOCKER_BUILDKIT: '0' } })
      }
    },
    async removeImage(tag) {
      await docker.askUnless(noImage, ['image', 'rm', tag], { what: `remove the image ${tag}`, timeoutMs: removeWithinMs, code: 'RGT_IMAGE' })
    },
    async images(label) {
      const said = await docker.ask(['images', '--filter', `label=${label}`, '--format', '{{.Repository}}:{{.Tag}}'], { what: 'list images', timeoutMs: answerWithinMs })
      const tags = [...new Set(said.split('\n').filter((tag) => tag !== '' && !tag.includes('<none>')))]
      const found = await Promise.all(tags.map(async (tag) => {
        const inspected = await docker.askUnless(noImage, ['image', 'inspect', tag], { what: `look at the image ${tag}`, timeoutMs: answerWithinMs })
        return inspected === null ? [] : (JSON.parse(inspected) as Inspected[]).map(({ Created, Config }) => ({ tag, labels: Config.Labels ?? {}, atMs: Date.parse(Created) }))
      }))
      return found.flat().sort((a, b) => b.atMs - a.atMs).map(({ tag, labels }) => ({ tag, labels }))
    },
    tryProgram: (image, command, files = {}) => tryProgram(docker, image, command, files, signal),
  }
}

interface Inspected { Created: string; Config: { Labels: Record<string, string> | null } }

async function tryProgram(docker: DockerCommand, image: string, [program, ...rest]: string[], files: Record<string, Uint8Array>, signal?: AbortSignal): Promise<string> {
  const call = { what: `run ${program} in the image ${image}`, timeoutMs: programWithinMs, signal, code: 'RGT_IMAGE' as const }
  const container = (await docker.ask(['create', '--pull', 'never', '--network', 'none', '--cap-drop', 'ALL', '--user', '1000:1000', '--entrypoint', program, image, ...rest], call)).trim()
  try {
    const entries = Object.entries(files).map(([path, content]) => ({ name: path.replace(/^\//, ''), content, mode: 0o555, uid: 0, gid: 0 }))
    if (entries.length > 0) await docker.ask(['cp', '-', `${container}:/`], { ...call, input: tarOf(entries) })
    return await docker.ask(['start', '--attach', container], call)
  } finally {
    await removeContainer(docker, container)
  }
}
