// Copied out of a container image. The image need not run; it is only opened.

import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { inPath } from '../probe.ts'
import type { TakeRoute } from './route.ts'

const daemonWithinMs = 5_000
const pullWithinMs = 5 * 60_000

export const takeImage: TakeRoute<'image'> = async (route, { tool, platform, scratch, path, signal, progress }) => {
  if (platform.os !== 'linux') throw new Error('what an image holds runs on Linux only')
  const [docker] = inPath('docker', path)
  if (docker === undefined) throw new Error('docker is not in PATH')
  const run = (args: string[], timeoutMs: number): Promise<{ output: string }> => runCommand(docker, args, { timeoutMs, signal, path })
  await run(['version', '--format', '{{.Server.Version}}'], daemonWithinMs)
  progress(`pulling ${route.image}`)
  await run(['pull', '--quiet', route.image], pullWithinMs)
  const created = (await run(['create', route.image], daemonWithinMs)).output.trim().split('\n').at(-1)!
  const binary = join(scratch, tool.binary)
  try {
    await run(['cp', `${created}:${route.member}`, binary], daemonWithinMs * 4)
  } finally {
    await runCommand(docker, ['rm', created], { timeoutMs: daemonWithinMs, path })
  }
  await chmod(binary, 0o755)
  return binary
}
