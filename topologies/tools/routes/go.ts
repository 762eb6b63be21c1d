// Built by the machine's Go toolchain. Where its modules come from is the machine's own configuration.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { inPath } from '../probe.ts'
import type { TakeRoute } from './route.ts'

/** Whether the module can be had at all is asked first: a machine without network answers slowly. */
const lookUpWithinMs = 15_000
/** k6 takes one to three minutes on two cores. */
const buildWithinMs = 15 * 60_000

export const takeGo: TakeRoute<'go'> = async (route, { scratch, path, signal, progress }) => {
  const [go] = inPath('go', path)
  if (go === undefined) throw new Error('go is not in PATH')
  await runCommand(go, ['list', '-m', `${route.module}@${route.version}`], { timeoutMs: lookUpWithinMs, signal, cwd: scratch, path })
  const target = `${route.package}@${route.version}`
  progress(`building ${target}: a few minutes the first time`)
  let modules = 0
  await runCommand(go, ['install', target], {
    timeoutMs: buildWithinMs, signal, cwd: scratch, path, variables: { GOBIN: scratch },
    onLine(line) {
      if (!line.startsWith('go: downloading')) progress(line)
      else if (++modules % 10 === 1) progress(`${line} (module ${modules})`)
    },
  })
  const made = await readdir(scratch)
  if (made.length !== 1) throw new Error(`go install made ${made.length} files instead of one`)
  return join(scratch, made[0])
}
