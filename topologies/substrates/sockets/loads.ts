// The loads of a run: probers and witnesses in one generator process, the offered load in another or in k6,
// so that neither delays the other. Where k6 cannot be had the open-loop generator plays its streams and the
// inventory says so.

import { join } from 'node:path'
import { topologyError } from '../../errors.ts'
import type { HistorySink, RequestRow } from '../../history.ts'
import type { Inventory, LoadSpec } from '../../substrate.ts'
import type { Program } from './bundle.ts'
import { favour, measuringNiceness } from './favour.ts'
import type { Journal } from './journal.ts'
import type { GeneratorBootstrap, GroupEntries } from './generator/bootstrap.ts'
import { openK6, type K6Player } from './k6/k6.ts'
import type { Supervisor } from './processes.ts'

export interface Loads {
  add(load: LoadSpec): void
  /** Starts the generators; they wait for the zero. */
  prepare(): Promise<void>
  begin(zeroUs: number): void
  /** A line of standard output of any process; a generator's summary is its last word. */
  line(process: string, line: string): void
  /** Resolves when every generator has told its last row. */
  finish(signal: AbortSignal): Promise<void>
  /** Takes no more rows. Idempotent. */
  close(): void
}

export interface LoadsParts {
  supervisor: Supervisor
  programs: Record<Program, string>
  waysIn: Record<string, GroupEntries>
  token: string
  /** Path of k6; null = the open-loop generator stands in. */
  k6: string | null
  /** Plays k6's loads elsewhere than in a process of this machine, as in a cluster; then `k6` is not looked at. */
  player?(load: LoadSpec, request: (row: RequestRow) => void): K6Player
  journal: Journal
  history: HistorySink
  workDir: string
  /** Uncertainty between k6's wall clock and the run's clock is noted here. */
  clock: Inventory['clock']
}

const readyTimeoutMs = 10_000
/** Time after the end for answers that are still out, beyond the longest patience of a client. */
const finishGraceMs = 3_000

export function openLoads(parts: LoadsParts): Loads {
  const loads: LoadSpec[] = []
  /** Generators that have not told their summary yet. */
  const telling = new Map<string, () => void>()
  const done: Promise<void>[] = []
  let patienceMs = 0

  const players: K6Player[] = []

  const canPlay = parts.player !== undefined || parts.k6 !== null
  const openPlayer = (load: LoadSpec): K6Player => {
    const { supervisor, waysIn: entries, token, history, k6: binary } = parts
    if (parts.player !== undefined) return parts.player(load, (row) => history.request(row))
    const name = `k6/${load.name}`
    return openK6({
      load, entries, token, workDir: join(parts.workDir, 'k6'),
      start({ args, env }) {
        favour(supervisor.start({ name, command: binary!, args, environment: env, ends: true }).pid)
        return { exited: supervisor.ended(name), stderr: () => supervisor.lastWords(name) }
      },
      request: (row) => history.request(row),
    })
  }

  const startGenerator = (name: string, mine: LoadSpec[]): void => {
    const bounds = mine.flatMap(({ maxInFlight }) => (maxInFlight === undefined ? [] : [maxInFlight]))
    const bootstrap: GeneratorBootstrap = {
      name, token: parts.token, zeroUs: null, loads: mine, entries: parts.waysIn, niceness: measuringNiceness, ...(bounds.length === 0 ? {} : { maxInFlight: Math.min(...bounds) }),
    }
    done.push(new Promise((resolve) => telling.set(name, resolve)))
    parts.supervisor.start({ name, command: process.execPath, args: [parts.programs.generator], bootstrap })
  }

  return {
    add(load) {
      loads.push(load)
      patienceMs = Math.max(patienceMs, ...load.streams.map(({ timeoutMs }) => timeoutMs))
    },
    async prepare() {
      const offered = loads.filter(({ source, engine }) => source === 'load' && (engine === 'open-loop' || !canPlay))
      const probing = loads.filter(({ source }) => source !== 'load')
      if (probing.length > 0) startGenerator('generator/prober', probing)
      if (offered.length > 0) startGenerator('generator/load', offered)
      for (const load of loads.filter((one) => !offered.includes(one) && !probing.includes(one))) players.push(openPlayer(load))
      await Promise.all([
        ...[...telling.keys()].map((name) => parts.supervisor.ready(name, readyTimeoutMs)),
        ...players.map((player) => player.prepare()),
      ])
    },
    begin(zeroUs) {
      for (const name of telling.keys()) parts.supervisor.tell(name, JSON.stringify({ zeroUs }))
      for (const player of players) {
        const { uncertaintyUs } = player.begin(zeroUs)
        parts.clock.uncertaintyUs = Math.max(parts.clock.uncertaintyUs, uncertaintyUs)
      }
    },
    line(process, line) {
      if (!line.startsWith('["generator",')) return
      telling.get(process)?.()
      telling.delete(process)
    },
    async finish(signal) {
      const limitMs = patienceMs + finishGraceMs
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        timer = setTimeout(() => reject(topologyError('RGT_PROCESS_EXIT', `${[...telling.keys()].join(', ')} did not tell how it ended within ${limitMs} ms`)), limitMs)
      })
      const ended = [...done, ...players.map(async (player) => {
        const summary = await player.finish()
        parts.journal.note({ kind: 'tool', tool: summary.name, text: JSON.stringify(summary) })
      })]
      await Promise.race([Promise.all(ended), late]).finally(() => clearTimeout(timer))
    },
    close() {
      for (const player of players) player.close()
    },
  }
}
