// Follows what a container writes until it ends. Where `docker logs --follow` breaks off earlier, it goes on from the last
// line that was heard: the daemon keeps the lines meanwhile, so none is lost while nobody listens.

import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DockerCommand } from './command.ts'
import type { Following } from './docker.ts'
import { openLogLines } from './log-lines.ts'

const againAfterMs = 200
const answerWithinMs = 5_000

export function follow(docker: DockerCommand, container: string, line: (line: string) => void): Following {
  const lines = openLogLines(line)
  const stopping = new AbortController()
  let child: ChildProcess | null = null

  const listen = (): Promise<void> => new Promise((resolve) => {
    const since = lines.last === null ? [] : ['--since', lines.last]
    const host = docker.host === null ? [] : ['--host', docker.host]
    // Standard error is the container's other stream: whoever wants it asks for its last words.
    child = spawn(docker.command, [...host, 'logs', '--follow', '--timestamps', ...since, container], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout!.on('data', (chunk: Buffer) => { if (!stopping.signal.aborted) lines.take(chunk) })
    child.once('error', () => resolve()).once('close', () => resolve())
  })
  /** A daemon that does not answer now may do so later: it, or the way to it, broke off, and the container did not. */
  const stillRuns = async (): Promise<boolean> => {
    for (;;) {
      await sleep(againAfterMs, undefined, { signal: stopping.signal })
      const said = await docker.askUnless(/no such (container|object)/i, ['inspect', '--type', 'container', '--format', '{{.State.Running}}', container], {
        what: `look at container ${container}`, timeoutMs: answerWithinMs, signal: stopping.signal,
      }).catch(() => undefined)
      if (said !== undefined) return said?.trim() === 'true'
    }
  }
  const goOn = async (): Promise<void> => {
    do {
      await listen()
      lines.cut()
    } while (await stillRuns())
  }
  const ended = goOn().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })
  return {
    stop() {
      stopping.abort()
      child?.kill('SIGKILL')
    },
    ended,
  }
}
