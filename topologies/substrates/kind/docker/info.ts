// Whether a daemon answers, and how large it is: on some machines it lives in a virtual machine with less memory.

import { CommandFailure } from '../../../tools/command.ts'
import { coded, type DockerCommand } from './command.ts'
import type { DockerInfo } from './docker.ts'

const answerWithinMs = 5_000

export async function info(docker: DockerCommand, signal?: AbortSignal): Promise<DockerInfo> {
  const call = { what: 'answer', timeoutMs: answerWithinMs, signal }
  const { stdout, output } = await docker.hear(['info', '--format', '{{json .}}'], call)
  const said = JSON.parse(stdout) as { ServerVersion?: string; MemTotal?: number; NCPU?: number; ServerErrors?: string[] }
  // Older versions end well without a daemon, and tell of it in their answer only.
  if (said.ServerVersion === undefined || said.ServerVersion === '') {
    throw coded(new CommandFailure('no answer of a daemon', 'failed', said.ServerErrors?.join('\n') ?? output), call, docker)
  }
  return { version: said.ServerVersion, memoryBytes: said.MemTotal ?? 0, cpus: said.NCPU ?? 1 }
}
