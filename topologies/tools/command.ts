// Runs a program of the machine to its end: its output, line by line when somebody wants to see it, with a
// time limit and the caller's signal. What it leaves behind is ended with it.

import { spawn } from 'node:child_process'

export interface CommandOptions {
  signal?: AbortSignal
  timeoutMs: number
  /** PATH to look the program up in; the machine's own when absent. */
  path?: string
  cwd?: string
  /** Variables on top of the machine's environment. */
  variables?: Record<string, string>
  onLine?(line: string): void
}

export interface CommandResult {
  /** Standard output and standard error, mingled. */
  output: string
}

/** Why a command failed, in a line: its last words, or that it could not be started, or that it took too long. */
export class CommandFailure extends Error {}

/** @throws CommandFailure; the signal's reason when aborted. */
export function runCommand(command: string, args: string[], options: CommandOptions): Promise<CommandResult> {
  const { signal, timeoutMs, onLine } = options
  signal?.throwIfAborted()
  const variables = { ...options.variables, ...(options.path === undefined ? {} : { PATH: options.path }) }
  // env(1) lays the variables over the inherited environment, which only scripts read.
  const [program, argv] = Object.keys(variables).length === 0
    ? [command, args]
    : ['/usr/bin/env', [...Object.entries(variables).map(([name, value]) => `${name}=${value}`), command, ...args]]
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], cwd: options.cwd, detached: true })
    let output = ''
    let failure: Error | null = null
    const stop = (why: Error): void => {
      failure ??= why
      // A group of its own: compilers start children that would outlive their parent.
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch { /* it has just ended */ }
    }
    const timer = setTimeout(() => stop(new CommandFailure(`${command} took longer than ${timeoutMs / 1000} s`)), timeoutMs)
    const aborted = (): void => stop(signal!.reason instanceof Error ? signal!.reason : new Error(String(signal!.reason)))
    signal?.addEventListener('abort', aborted, { once: true })

    let line = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        const text = chunk.toString()
        output = (output + text).slice(-100_000)
        if (onLine === undefined) return
        const lines = (line + text).split('\n')
        line = lines.pop()!
        for (const whole of lines) if (whole.trim() !== '') onLine(whole.trim())
      })
    }
    const settle = (error: Error | null): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      if (error === null) resolve({ output })
      else reject(error)
    }
    child.on('error', (error) => settle(failure ?? new CommandFailure(`${command} cannot be started: ${error.message}`)))
    child.on('close', (code, killedBy) => {
      if (failure !== null) return settle(failure)
      if (code === 0) return settle(null)
      if (code === 127 && program !== command) return settle(new CommandFailure(`${command} is not there`))
      const words = output.trim().split('\n').slice(-3).join(' | ').slice(-400)
      settle(new CommandFailure(`${command} ended with ${code === null ? killedBy : `exit code ${code}`}${words === '' ? '' : `: ${words}`}`))
    })
  })
}
