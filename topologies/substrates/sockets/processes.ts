// The child processes of a run: started with a bootstrap file, heard line by line, paused, killed and
// started again, and known to the claim from their first moment.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { topologyError } from '../../errors.ts'
import { identify, processorUs, signalQuietly, type Claim } from './ownership.ts'

export interface ProcessSpec {
  /** `gateway/eu-west`: the source of its events. */
  name: string
  command: string
  args: string[]
  /** Written as JSON; its path becomes the last argument. */
  bootstrap?: unknown
  /** It ends by itself when its work is done. */
  ends?: boolean
  /** Added to what every child gets. */
  environment?: Record<string, string>
}

export type ProcessState = 'started' | 'ready' | 'paused' | 'resumed' | 'killed' | 'exited'

export interface ProcessListener {
  line(name: string, line: string): void
  state(name: string, state: ProcessState, pid: number): void
}

export interface Supervisor {
  start(spec: ProcessSpec): ChildProcess
  /** Resolves when the process says `ready`. Throws RGT_PROCESS_EXIT with its last words when it ends first, RGT_SUBSTRATE_START when it takes too long. */
  ready(name: string, timeoutMs: number): Promise<void>
  /** Resolves when the process writes such a line from now on. Throws as `ready` does. */
  heard(name: string, test: (line: string) => boolean, timeoutMs: number): Promise<void>
  pause(name: string): void
  resume(name: string): void
  kill(name: string): Promise<void>
  /** Asks it to end (SIGTERM), and kills it when it has not after `graceMs`. Resolves when it is gone. */
  end(name: string, graceMs: number): Promise<void>
  restart(name: string): ChildProcess
  /** Writes a line to its standard input. */
  tell(name: string, line: string): void
  /** Resolves with the exit code when it ends (null after a signal). */
  ended(name: string): Promise<number | null>
  /** The end of what it wrote to standard error. */
  lastWords(name: string): string
  /** Processor time of each process that runs, microseconds since its start; without those of which the system does not tell. */
  processorUs(): Record<string, number>
  /** Ends every process: politely, then not. */
  endAll(graceMs: number): Promise<void>
}

interface Member {
  spec: ProcessSpec
  child: ChildProcess
  readyNow: boolean
  waiters: Waiter[]
  exit: Promise<number | null>
  /** Why it could not be started. */
  failure: Error | null
  exited: boolean
  expectedToEnd: boolean
}

interface Waiter { test(line: string): boolean; resolve(): void; reject(error: Error): void }

const saysReady = (line: string): boolean => line.startsWith('["event",') && line.includes('"kind":"ready"')

export function supervise(claim: Claim, workDir: string, environment: NodeJS.ProcessEnv, listener: ProcessListener): Supervisor {
  const members = new Map<string, Member>()
  mkdirSync(workDir, { recursive: true })

  const member = (name: string): Member => {
    const found = members.get(name)
    if (found === undefined) throw topologyError('RGT_PROCESS_EXIT', `no process is called ${name}`)
    return found
  }
  const fileOf = (name: string, ending: string): string => join(workDir, `${name.replaceAll('/', '.')}.${ending}`)

  const start = (spec: ProcessSpec): ChildProcess => {
    const args = [...spec.args]
    if (spec.bootstrap !== undefined) {
      const path = fileOf(spec.name, 'bootstrap.json')
      writeFileSync(path, JSON.stringify(spec.bootstrap), { mode: 0o600 })
      args.push(path)
    }
    const errors = openSync(fileOf(spec.name, 'stderr.log'), 'a')
    // A group of its own: Ctrl-C in the terminal is the runner's to hear, not the children's.
    const child = spawn(spec.command, args, { stdio: ['pipe', 'pipe', errors], env: { ...environment, ...spec.environment }, detached: true })
    closeSync(errors)
    const now: Member = {
      spec, child, readyNow: false, waiters: [], exited: false, expectedToEnd: spec.ends ?? false, failure: null,
      exit: new Promise((resolve) => child.once('exit', resolve).on('error', (error) => {
        now.failure = error
        // Without a process there is no exit; other errors (a signal that could not be sent) end nothing.
        if (child.pid === undefined) resolve(null)
      })),
    }
    members.set(spec.name, now)
    follow(now)
    return child
  }

  const follow = (now: Member): void => {
    const { spec, child } = now
    if (child.pid !== undefined) {
      const identity = identify(child.pid)
      if (identity !== null) claim.update(({ processes }) => processes.push({ ...identity, name: spec.name }))
      listener.state(spec.name, 'started', child.pid)
    }
    child.stdin?.on('error', () => {})
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (!now.readyNow && saysReady(line)) {
        now.readyNow = true
        listener.state(spec.name, 'ready', child.pid ?? 0)
      }
      for (const waiter of now.waiters.filter(({ test }) => test(line))) {
        now.waiters.splice(now.waiters.indexOf(waiter), 1)
        waiter.resolve()
      }
      listener.line(spec.name, line)
    })
    void now.exit.then((code) => {
      now.exited = true
      if (!now.expectedToEnd) listener.state(spec.name, 'exited', child.pid ?? 0)
      for (const { reject } of now.waiters.splice(0)) reject(exitError(now, code))
    })
  }

  const exitError = ({ spec, child, failure }: Member, code: number | null): Error => {
    const how = child.pid === undefined ? 'could not be started' : `ended with ${code === null ? `signal ${child.signalCode}` : `exit code ${code}`} before it was ready`
    return topologyError('RGT_PROCESS_EXIT', `${spec.name} ${how}`, {
      found: failure === null ? lastWords(fileOf(spec.name, 'stderr.log')) : failure.message,
      ...(failure === null ? {} : { cause: failure }),
    })
  }

  const heard = (name: string, test: Waiter['test'], timeoutMs: number): Promise<void> => {
    const now = member(name)
    if (now.exited) return Promise.reject(exitError(now, now.child.exitCode))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        now.waiters.splice(now.waiters.indexOf(waiter), 1)
        reject(topologyError('RGT_SUBSTRATE_START', `${name} was not ready after ${timeoutMs} ms`, { found: lastWords(fileOf(name, 'stderr.log')) }))
      }, timeoutMs)
      const waiter: Waiter = {
        test,
        resolve: () => { clearTimeout(timer); resolve() },
        reject: (error) => { clearTimeout(timer); reject(error) },
      }
      now.waiters.push(waiter)
    })
  }
  const ready = (name: string, timeoutMs: number): Promise<void> =>
    member(name).readyNow && !member(name).exited ? Promise.resolve() : heard(name, saysReady, timeoutMs)

  const signal = (name: string, which: NodeJS.Signals, state: ProcessState): void => {
    const now = member(name)
    if (now.exited || now.child.pid === undefined) return
    now.child.kill(which)
    listener.state(name, state, now.child.pid)
  }

  const kill = async (name: string): Promise<void> => {
    const now = member(name)
    now.expectedToEnd = true
    signal(name, 'SIGKILL', 'killed')
    await now.exit
  }

  const end = async (name: string, graceMs: number): Promise<void> => {
    const { child, exit } = member(name)
    child.kill('SIGTERM')
    if (!(await within(graceMs, exit))) await kill(name)
  }

  return {
    start,
    ready,
    heard,
    kill,
    end,
    pause: (name) => signal(name, 'SIGSTOP', 'paused'),
    resume: (name) => signal(name, 'SIGCONT', 'resumed'),
    restart: (name) => start(member(name).spec),
    tell: (name, line) => void member(name).child.stdin?.write(`${line}\n`),
    ended: (name) => member(name).exit,
    lastWords: (name) => lastWords(fileOf(name, 'stderr.log')),
    processorUs() {
      const used: Record<string, number> = {}
      for (const [name, { child, exited }] of members) {
        const us = exited || child.pid === undefined ? null : processorUs(child.pid)
        if (us !== null) used[name] = us
      }
      return used
    },
    async endAll(graceMs) {
      const living = [...members.values()].filter(({ exited }) => !exited)
      for (const now of living) {
        now.expectedToEnd = true
        if (now.child.pid !== undefined) signalQuietly(now.child.pid, 'SIGCONT')
        now.child.stdin?.end()
        now.child.kill('SIGTERM')
      }
      const all = Promise.all(living.map(({ exit }) => exit))
      await within(graceMs, all)
      for (const { child, exited } of living) if (!exited) child.kill('SIGKILL')
      await all
    },
  }
}

/** Whether it is over in that time. */
async function within(ms: number, over: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(false), ms) })
  return Promise.race([over.then(() => true), late]).finally(() => clearTimeout(timer))
}

/** The end of a file that a failing process wrote, for the error message. */
function lastWords(file: string): string {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return text === '' ? 'nothing on standard error' : text.slice(-600)
  } catch {
    return 'nothing on standard error'
  }
}
