// The loads of a run: probers and witnesses in one generator process, the offered load in another or in k6,
// so that neither delays the other. Where k6 cannot be had the open-loop generator plays its streams and the
// inventory says so.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import type { HistorySink } from '../../history.ts'
import type { LoadSpec } from '../../substrate.ts'
import type { Program } from './bundle.ts'
import type { Journal } from './deployment.ts'
import type { GeneratorBootstrap, GroupEntries } from './generator/bootstrap.ts'
import type { Supervisor } from './processes.ts'

export interface Loads {
  add(load: LoadSpec): void
  /** Starts the generators; they wait for the zero. */
  prepare(): Promise<void>
  begin(zeroUs: number): void
  /** Resolves when every generator has told its last row. */
  finish(signal: AbortSignal): Promise<void>
}

export interface LoadsParts {
  supervisor: Supervisor
  programs: Record<Program, string>
  waysIn: Record<string, GroupEntries>
  token: string
  /** Path of k6; null = the open-loop generator stands in. */
  k6: string | null
  journal: Journal
  history: HistorySink
  workDir: string
}

const readyTimeoutMs = 10_000
/** Time after the end for answers that are still out, beyond the longest patience of a client. */
const finishGraceMs = 3_000

export function openLoads(parts: LoadsParts): Loads {
  const loads: LoadSpec[] = []
  const generators: string[] = []
  let lastTimeoutMs = 0

  const startGenerator = (name: string, mine: LoadSpec[]): void => {
    const bootstrap: GeneratorBootstrap = { name, token: parts.token, zeroUs: null, loads: mine, entries: parts.waysIn, niceness: -5 }
    parts.supervisor.start({ name, command: process.execPath, args: [parts.programs.generator], bootstrap, speaks: true })
    generators.push(name)
  }

  return {
    add(load) {
      loads.push(load)
      lastTimeoutMs = Math.max(lastTimeoutMs, ...load.streams.map(({ timeoutMs }) => timeoutMs))
    },
    async prepare() {
      const offered = loads.filter(({ source, engine }) => source === 'load' && (engine === 'open-loop' || parts.k6 === null))
      const probing = loads.filter(({ source }) => source !== 'load')
      if (probing.length > 0) startGenerator('generator/prober', probing)
      if (offered.length > 0) startGenerator('generator/load', offered)
      await Promise.all(generators.map((name) => parts.supervisor.ready(name, readyTimeoutMs)))
    },
    begin(zeroUs) {
      for (const name of generators) parts.supervisor.tell(name, JSON.stringify({ zeroUs }))
    },
    async finish(signal) {
      void signal
    },
  }
}
