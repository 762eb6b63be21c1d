// Fetches a tool into the cache: routes in their order until one gives a binary that runs and says a version
// that will do. The cache changes by one rename, so nobody ever sees half a tool.

import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { topologyError } from '../errors.ts'
import { lock } from './lock.ts'
import { probe } from './probe.ts'
import { take } from './routes/index.ts'
import type { Job } from './routes/route.ts'
import type { Platform, Tool } from './tool.ts'

export interface InstallPlaces {
  /** Tools are kept in `<cacheDir>/<tool>/<version>/<binary>`. */
  cacheDir: string
  path: string
  releaseOrigin: string
  /** How long a release host may take to answer. */
  answerWithinMs: number
}

export interface InstallOptions {
  signal?: AbortSignal
  progress?(text: string): void
}

export interface Installed {
  path: string
  version: string
}

/** Where an installed tool lies. */
export function cachedPath(tool: Tool, cacheDir: string): string | null {
  return tool.version === null ? null : join(cacheDir, tool.name, tool.version, tool.binary)
}

/**
 * @throws CodedError RGT_TOOL_INSTALL that says of each route why it was closed; the signal's reason when aborted.
 */
export async function install(tool: Tool, places: InstallPlaces, { signal, progress = () => {} }: InstallOptions): Promise<Installed> {
  const path = cachedPath(tool, places.cacheDir)
  if (path === null || tool.routes.length === 0) {
    throw topologyError('RGT_TOOL_INSTALL', `${tool.name} cannot be fetched`, { found: 'no route is known', hint: tool.hint })
  }
  const folder = join(places.cacheDir, tool.name)
  await mkdir(folder, { recursive: true })
  const unlock = await lock(join(folder, '.lock'), signal, (pid) => progress(`waiting for process ${pid}, which is installing it`))
  try {
    const present = await probe(tool, path, signal)
    if ('version' in present) return { path, version: present.version }
    await removeLeftovers(folder)
    return await installLocked(tool, path, { places, folder, signal, progress })
  } finally {
    await unlock()
  }
}

interface Attempt { places: InstallPlaces; folder: string; signal: AbortSignal | undefined; progress(text: string): void }

async function installLocked(tool: Tool, path: string, { places, folder, signal, progress }: Attempt): Promise<Installed> {
  const platform = thisPlatform()
  const reasons: string[] = []
  for (const [index, route] of tool.routes.entries()) {
    const scratch = join(folder, `.scratch-${index}`)
    const ready = join(folder, `.ready-${index}`)
    await mkdir(scratch)
    try {
      progress(`trying ${route.kind}`)
      const job: Job = { tool, platform, scratch, ...places, signal, progress }
      const binary = await take(route, job)
      const probed = await probe(tool, binary, signal)
      if ('problem' in probed) throw new Error(probed.problem)
      await mkdir(ready)
      await rename(binary, join(ready, tool.binary))
      await writeFile(join(ready, 'origin.json'), `${JSON.stringify({ tool: tool.name, version: probed.version, route: route.kind })}\n`)
      const target = join(folder, tool.version!)
      await rm(target, { recursive: true, force: true })
      await rename(ready, target)
      progress(`installed ${probed.version} by ${route.kind}`)
      return { path, version: probed.version }
    } catch (error) {
      signal?.throwIfAborted()
      const why = (error as Error).message
      reasons.push(`${route.kind}: ${why}`)
      progress(`${route.kind} did not work: ${why}`)
    } finally {
      await rm(scratch, { recursive: true, force: true })
      await rm(ready, { recursive: true, force: true })
    }
  }
  throw topologyError('RGT_TOOL_INSTALL', `${tool.name} ${tool.version} could not be installed`, { found: reasons.join('; '), hint: tool.hint })
}

/** Called under the lock, so what lies there belongs to nobody. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^\.(scratch|ready)-/.test(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function thisPlatform(): Platform {
  return {
    os: process.platform === 'darwin' ? 'darwin' : 'linux',
    arch: process.arch === 'arm64' ? 'arm64' : 'amd64',
  }
}
