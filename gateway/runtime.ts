// The real clock, randomness and timers behind `ports.ts`, and the life of a child process of a run. This is
// the one file of the room that touches the machine's time; tidy tests hold the others to it.

import { readFileSync } from 'node:fs'
import { CodedError, gatewayError } from './errors.ts'
import type { Clock, Random, Scheduler } from './ports.ts'
import { openEvidence, type LineEvidence } from './telemetry/evidence.ts'

/** CLOCK_MONOTONIC: the same zero for every process of the machine, so stamps of different processes compare. */
export const systemClock: Clock = {
  nowUs: () => Number(process.hrtime.bigint() / 1000n),
  nowNs: () => process.hrtime.bigint(),
}

/** Unix time less CLOCK_MONOTONIC, microseconds; wall time is only read when the process (or thread) starts, so it never jumps. */
export const unixOffsetUs = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000 - systemClock.nowUs())

export const systemScheduler: Scheduler = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
  every(intervalMs, run) {
    const timer = setInterval(run, intervalMs)
    return () => clearInterval(timer)
  },
  afterReading(run) {
    const immediate = setImmediate(run)
    return () => clearImmediate(immediate)
  },
}

/** sfc32 (Chris Doty-Humphrey, PractRand): small, fast, passes BigCrush; seeded by splitting one integer. */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed
  let b = 0x243f6a88 ^ Math.imul(seed, 0x85ebca6b)
  let c = 0xb7e15162 ^ Math.imul(seed, 0xc2b2ae35)
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum | 0
    return (sum >>> 0) / 4_294_967_296
  }
  for (let round = 0; round < 12; round++) next()
  return { next }
}

export interface ChildProcess<Bootstrap> {
  bootstrap: Bootstrap
  clock: Clock
  scheduler: Scheduler
  evidence: LineEvidence
}

/**
 * Run a child process of a run: reads its bootstrap (path in argv[2]), reports on standard output, and ends
 * when standard input closes, because then its owner is gone. `start` resolves to the clean-up.
 */
export async function runChild<Bootstrap>(start: (child: ChildProcess<Bootstrap>) => Promise<() => Promise<void>>): Promise<void> {
  const evidence = openEvidence(process.stdout, systemScheduler)
  process.stdout.on('error', () => process.exit(0))
  try {
    const bootstrap = readBootstrap<Bootstrap>(process.argv[2])
    const stop = await start({ bootstrap, clock: systemClock, scheduler: systemScheduler, evidence })
    evidence.event({ atUs: systemClock.nowUs(), kind: 'ready' })
    evidence.flush()
    let ending = false
    const end = (): void => {
      if (ending) return
      ending = true
      void stop().finally(() => {
        evidence.flush()
        process.exit(0)
      })
    }
    process.on('SIGTERM', end)
    process.on('SIGINT', () => {})
    process.stdin.on('end', end).on('close', end).on('error', end).resume()
  } catch (error) {
    const coded = error instanceof CodedError ? error : gatewayError('RGT_BOOTSTRAP', String(error), { cause: error })
    evidence.event({ atUs: systemClock.nowUs(), kind: 'log', level: 'error', code: coded.code, message: String(coded) })
    evidence.flush()
    process.stderr.write(`${String(coded)}\n`)
    process.exitCode = 4
    setTimeout(() => process.exit(4), 50)
  }
}

function readBootstrap<Bootstrap>(path: string | undefined): Bootstrap {
  if (path === undefined) {
    throw gatewayError('RGT_BOOTSTRAP', 'no bootstrap file was given', { expected: 'its path as the first argument' })
  }
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Bootstrap
  } catch (cause) {
    throw gatewayError('RGT_BOOTSTRAP', 'the bootstrap file cannot be read', { place: { file: path }, found: String(cause), cause })
  }
}
