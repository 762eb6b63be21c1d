// One call of the docker command: never through a shell, always with an end, and its failures told apart: no command,
// no daemon, no permission, too late, or what the daemon said.

import { CodedError, type Place } from '../../../../gateway/errors.ts'
import { topologyError, type TopologyErrorCode } from '../../../errors.ts'
import { CommandFailure, runCommand, type CommandResult } from '../../../tools/command.ts'

export interface DockerCommandOptions {
  /** Name in PATH, or path. */
  command: string
  /** As DOCKER_HOST; null = what Docker itself would take. */
  host: string | null
}

export interface Call {
  /** What is tried, for the message: `start container x`. */
  what: string
  timeoutMs: number
  input?: Uint8Array
  signal?: AbortSignal
  variables?: Record<string, string>
  /** Code of what the daemon refuses; an absent daemon is RGT_DOCKER always. */
  code?: TopologyErrorCode
  hint?: string
  place?: Place
}

export interface DockerCommand extends DockerCommandOptions {
  /** Standard output. Throws a CodedError; the signal's reason when aborted. */
  ask(args: string[], call: Call): Promise<string>
  /** As `ask`, with standard error kept. */
  hear(args: string[], call: Call): Promise<CommandResult>
  /** As `ask`; null when the daemon refuses with such words: what is there, or gone, already. */
  askUnless(words: RegExp, args: string[], call: Call): Promise<string | null>
}

export function dockerCommand({ command, host }: DockerCommandOptions): DockerCommand {
  const run = (args: string[], { timeoutMs, input, signal, variables }: Call): Promise<CommandResult> =>
    runCommand(command, [...(host === null ? [] : ['--host', host]), ...args], { timeoutMs, input, signal, variables })
  const told = (error: unknown, call: Call): unknown => (error instanceof CommandFailure ? coded(error, call, { command, host }) : error)
  const hear = (args: string[], call: Call): Promise<CommandResult> => run(args, call).catch((error: unknown) => { throw told(error, call) })
  return {
    command, host, hear,
    ask: async (args, call) => (await hear(args, call)).stdout,
    askUnless: (words, args, call) => run(args, call).then(({ stdout }) => stdout).catch((error: unknown) => {
      if (error instanceof CommandFailure && words.test(error.output)) return null
      throw told(error, call)
    }),
  }
}

/** Public for what is heard by other ways than a failing command, as `docker info` of older versions. */
export function coded(failure: CommandFailure, { what, code, hint, place, timeoutMs }: Pick<Call, 'what' | 'code' | 'hint' | 'place' | 'timeoutMs'>, { command, host }: DockerCommandOptions): CodedError {
  const found = lastWords(failure.output) || failure.message
  const where = host === null ? 'the Docker daemon' : `the Docker daemon at ${host}`
  const problem = (message: string, more: string): CodedError => topologyError('RGT_DOCKER', message, { found, hint: more, cause: failure })
  if (failure.why === 'missing') return problem(`there is no command \`${command}\``, 'install Docker, or name its command: REGATTA_TOOL_DOCKER')
  if (/permission denied/i.test(found) && /socket|connect/i.test(found)) {
    return problem(`this user may not speak to ${where}`, 'join the group of its socket (docker), or set DOCKER_HOST to a daemon of your own')
  }
  // What a daemon says itself may be that it cannot reach a registry.
  if (!/response from daemon/i.test(found) && noDaemon.test(found)) return problem(`${where} does not answer`, 'start Docker, or set DOCKER_HOST to where it listens')
  if (failure.why === 'late' && (code === undefined || code === 'RGT_DOCKER')) {
    return problem(`${where} did not ${what} within ${timeoutMs / 1000} s`, 'see whether it is busy or hangs: docker info')
  }
  return topologyError(code ?? 'RGT_DOCKER', `Docker could not ${what}`, { found, hint: hint ?? 'these are the words of Docker', cause: failure, ...(place === undefined ? {} : { place }) })
}

const noDaemon = /cannot connect to the docker daemon|is the docker daemon running|error during connect|dial (tcp|unix)[^\n]*(refused|no such file|no such host|timeout)|unable to resolve docker endpoint|failed to connect to the docker API/i

/** What a command said at last, in a line; of a stack trace also what it is a trace of. A document of JSON is no words. */
export function lastWords(output: string): string {
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^\{.*\}$/.test(line))
  const last = lines.slice(-4)
  const problem = last.some((line) => /error/i.test(line)) ? undefined : lines.slice(-30, -4).findLast((line) => /error/i.test(line))
  return [...(problem === undefined ? [] : [problem]), ...last].join(' | ').slice(-600)
}

/** How labels are given to it. */
export const labelArguments = (labels: Record<string, string>): string[] => Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`])
