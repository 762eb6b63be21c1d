// Makes and starts one container, as little trusted as it can be: no capability, no new privilege, an ordinary user, a
// root it cannot write. Docker refuses to copy files below such a root, so each folder of files is a volume of its own,
// which goes with the container.

import { posix } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { topologyError } from '../../../errors.ts'
import { labelArguments, type DockerCommand } from './command.ts'
import type { ContainerSpec } from './docker.ts'
import { tarOf, type TarEntry } from './tar.ts'

/** The user of our images, and of nothing on the machine in particular. */
export const containerUser = { uid: 1000, gid: 1000 } as const

const makeWithinMs = 60_000
const removeWithinMs = 60_000
const removeTries = 200

export async function startContainer(docker: DockerCommand, spec: ContainerSpec, signal?: AbortSignal): Promise<void> {
  const { name, image } = spec
  const call = { what: `start container ${name}`, timeoutMs: makeWithinMs, signal }
  const made = await docker.askUnless(/no such image|unable to find image/i, ['create', ...createArguments(spec)], call)
  if (made === null) {
    throw topologyError('RGT_IMAGE', `the image ${image} is not there`, { expected: 'an image of this Docker daemon', found: `none called ${image}`, hint: 'docker images' })
  }
  for (const [folder, entries] of contentOf(spec)) {
    await docker.ask(['cp', '-', `${name}:${folder}`], { ...call, input: tarOf(entries) })
  }
  await docker.ask(['start', name], { ...call, hint: 'a port that it publishes may be taken: docker ps' })
}

/** Pure. Lines are kept in a few files of bounded size, so that a long run does not fill the disk. */
export function createArguments(spec: ContainerSpec): string[] {
  const { name, image, network, command: [program, ...rest], labels, publish, keepInput, memoryBytes, environment = {}, sysctls = {} } = spec
  return [
    '--name', name, '--network', network, '--pull', 'never', '--read-only', '--tmpfs', '/tmp:mode=1777',
    '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', `${containerUser.uid}:${containerUser.gid}`,
    '--log-driver', 'json-file', '--log-opt', 'max-size=32m', '--log-opt', 'max-file=3',
    ...labelArguments(labels),
    ...publish.flatMap(({ inside, port }) => ['--publish', `127.0.0.1:${port}:${inside}`]),
    ...[...contentOf(spec).keys()].flatMap((folder) => ['--mount', `type=volume,dst=${folder},volume-nocopy`]),
    ...Object.entries(sysctls).flatMap(([name, value]) => ['--sysctl', `${name}=${value}`]),
    ...Object.entries(environment).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
    ...(keepInput ? ['--interactive'] : []),
    ...(memoryBytes === undefined ? [] : ['--memory', String(memoryBytes)]),
    '--entrypoint', program, image, ...rest,
  ]
}

/** Folder that is a volume → what lies in it. A folder that is to be written needs one above it, which gives it its owner. */
function contentOf({ files, state = [] }: ContainerSpec): Map<string, TarEntry[]> {
  const found = new Map<string, TarEntry[]>()
  const add = (path: string, entry: Omit<TarEntry, 'uid' | 'gid' | 'name'>, suffix = ''): void => {
    const { dir, base } = posix.parse(posix.normalize(path))
    if (!posix.isAbsolute(path) || dir === '/') {
      throw topologyError('RGT_DOCKER', `${path} cannot be given to a container`, { expected: 'an absolute path below a folder', found: path })
    }
    found.set(dir, [...found.get(dir) ?? [], { name: `${base}${suffix}`, ...containerUser, ...entry }])
  }
  for (const [path, content] of Object.entries(files)) add(path, { content: Buffer.from(content), mode: 0o400 })
  for (const path of state) add(path, { mode: 0o700 }, '/')
  return found
}

/**
 * A paused one cannot always be killed (before Docker 20.10), and one that somebody else removes needs a moment. One that
 * is being made is listed seconds before it can be spoken of, and there soon after its removal was refused.
 */
export async function removeContainer(docker: DockerCommand, container: string): Promise<void> {
  const call = { what: `remove container ${container}`, timeoutMs: removeWithinMs }
  for (let tries = 0; tries < removeTries; tries++) {
    const done = await docker.askUnless(/no such container|already in progress|unpause/i, ['rm', '--force', '--volumes', container], call)
    // Newer commands end well where there is none, and then name none.
    if (done !== null && done.trim() !== '') return
    const listed = await docker.ask(['ps', '--all', '--filter', `name=^/?${container}$`, '--format', '{{.Names}}'], call)
    if (!listed.split('\n').includes(container)) return
    await docker.askUnless(/./, ['unpause', container], call)
    await sleep(100)
  }
  throw topologyError('RGT_DOCKER', `container ${container} could not be removed`, { hint: `docker inspect ${container}` })
}
