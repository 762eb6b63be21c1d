// Starts the command line as a person would, with a temporary folder of its own, so that a test neither sees nor
// sweeps what others run on the same machine.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './environment.ts'

export interface Ended { code: number | null; out: string; err: string }

export interface Sandbox {
  /** Empty at first; commands run in it. */
  readonly folder: string
  /** Runs to its end. `script` runs in bash with `regatta` as a command. */
  regatta(...args: string[]): Promise<Ended>
  shell(script: string): Promise<Ended>
  start(...args: string[]): Running
  /** Ends what is still alive and removes the folder. */
  clear(): void
}

export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when standard output or error holds the text; rejects when the process ends before. */
  says(text: string): Promise<void>
}

const entry = [process.execPath, '--disable-warning=ExperimentalWarning', join(projectRoot, 'scripts', 'regatta.ts')]

/** `variables` lie over this process's own; undefined takes one away. */
export function makeSandbox(variables: Record<string, string | undefined> = {}): Sandbox {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rg-')))
  const env = { ...process.env, ...variables, TMPDIR: folder, NO_COLOR: '1' }
  const children: ChildProcess[] = []
  const run = (file: string, args: readonly string[]): Running => {
    const child = spawn(file, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    return watch(child)
  }
  const start = (...args: string[]): Running => run(entry[0], [...entry.slice(1), ...args])
  return {
    folder,
    start,
    regatta: (...args) => start(...args).ended,
    shell: (script) => run('bash', ['-c', `regatta() { ${entry.map((part) => `'${part}'`).join(' ')} "$@"; }\n${script}`]).ended,
    clear() {
      for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function watch(child: ChildProcess): Running {
  const told = { out: '', err: '' }
  const waiting: { text: string; resolve(): void; reject(error: Error): void }[] = []
  const look = (): void => {
    for (const one of waiting) if (told.out.includes(one.text) || told.err.includes(one.text)) one.resolve()
  }
  child.stdout!.on('data', (chunk: Buffer) => { told.out += chunk.toString(); look() })
  child.stderr!.on('data', (chunk: Buffer) => { told.err += chunk.toString(); look() })
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => {
    for (const one of waiting) one.reject(new Error(`ended with ${code} before it said ${one.text}: ${told.err}`))
    resolve({ code, ...told })
  }))
  return {
    process: child,
    ended,
    says: (text) => new Promise((resolve, reject) => {
      waiting.push({ text, resolve, reject })
      look()
    }),
  }
}
