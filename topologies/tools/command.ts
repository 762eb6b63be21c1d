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
  /** Given to its standard input, which is closed after it. */
  input?: Uint8Array
  /** It leads a group of its own; told so that somebody else may end it when this process cannot. */
  started?(pid: number): void
  onLine?(line: string): void
}

export interface CommandResult {
  /** Standard output and standard error, mingled; their end. */
  output: string
  /** Standard output alone; its beginning, up to 16 MB. */
  stdout: string
  /** Standard error alone; its end. */
  stderr: string
}

const mostOutput = 16_000_000

/** Why a command failed, in a line: its last words, or that it could not be started, or that it took too long. */
export class CommandFailure extends Error {
  readonly why: 'missing' | 'late' | 'failed'
  /** The end of what it wrote. */
  readonly output: string
  constructor(message: string, why: CommandFailure['why'] = 'failed', output = '') {
    super(message)
    this.why = why
    this.output = output
  }
}

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
    const child = spawn(program, argv, { stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], cwd: options.cwd, detached: true })
    if (child.pid !== undefined) options.started?.(child.pid)
    // What ends before it has read all says so by its exit code.
    child.stdin?.on('error', () => {}).end(options.input)
    let output = ''
    const stdout: Buffer[] = []
    let stdoutLength = 0
    let stderr = ''
    let failure: Error | null = null
    const stop = (why: Error): void => {
      failure ??= why
      // A group of its own: compilers start children that would outlive their parent.
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch { /* it has just ended */ }
    }
    const timer = setTimeout(() => stop(new CommandFailure(`${command} took longer than ${timeoutMs / 1000} s`, 'late', output)), timeoutMs)
    const aborted = (): void => stop(signal!.reason instanceof Error ? signal!.reason : new Error(String(signal!.reason)))
    signal?.addEventListener('abort', aborted, { once: true })

    let line = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      if (stdoutLength < mostOutput) stdout.push(chunk)
      stdoutLength += chunk.length
    })
    child.stderr!.on('data', (chunk: Buffer) => { stderr = (stderr + chunk.toString()).slice(-100_000) })
    for (const stream of [child.stdout!, child.stderr!]) {
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
      if (error === null) resolve({ output, stdout: Buffer.concat(stdout).toString(), stderr })
      else reject(error)
    }
    child.on('error', (error) => settle(failure ?? new CommandFailure(`${command} cannot be started: ${error.message}`, 'missing')))
    child.on('close', (code, killedBy) => {
      if (failure !== null) return settle(failure)
      if (code === 0) return settle(null)
      if (code === 127 && program !== command) return settle(new CommandFailure(`${command} is not there`, 'missing'))
      const words = output.trim().split('\n').slice(-3).join(' | ').slice(-400)
      settle(new CommandFailure(`${command} ended with ${code === null ? killedBy : `exit code ${code}`}${words === '' ? '' : `: ${words}`}`, 'failed', output))
    })
  })
}
