// k6 as the generator of one load: started early, held at the gate until the run's zero is known, its lines
// read while it runs, and its end judged for what it really did.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { topologyError } from '../../../errors.ts'
import type { RequestRow } from '../../../history.ts'
import type { LoadSpec } from '../../../substrate.ts'
import type { GroupEntries } from '../generator/bootstrap.ts'
import { k6Command, type K6Command } from './command.ts'
import { readEnding } from './ending.ts'
import { openStartGate } from './gate.ts'
import { followFile } from './tail.ts'
import { openTally, type K6Summary, type Tally } from './tally.ts'
import { measureWallOffset, type WallOffset } from './wall-clock.ts'

export interface K6Parts {
  load: LoadSpec
  entries: Record<string, GroupEntries>
  token: string
  workDir: string
  /** Starts the real binary; whoever owns the run's processes provides it. */
  start(command: K6Command): K6Process
  request(row: RequestRow): void
}

export interface K6Process {
  /** Exit code; null after a signal. */
  exited: Promise<number | null>
  /** What it wrote to standard error so far. */
  stderr(): string
}

export type { K6Summary } from './tally.ts'

export interface K6Player {
  /** Resolves when k6 is initialised and waits. Throws RGT_K6_SCRIPT or RGT_K6_RUN when it ends instead. */
  prepare(): Promise<void>
  /** `zeroUs` on the monotonic clock. Gives the offset that the rows are translated with. */
  begin(zeroUs: number): WallOffset
  /** Resolves when k6 has ended and every row is told; throws like `prepare`. */
  finish(): Promise<K6Summary>
  /** Reads no more, also when `finish` never came (the run was interrupted). Idempotent. */
  close(): void
}

const lookEveryMs = 200
const readyTimeoutMs = 20_000

export function openK6(parts: K6Parts): K6Player {
  const { load, entries, token, workDir } = parts
  mkdirSync(workDir, { recursive: true })
  const consoleFile = join(workDir, `${load.name}.console.log`)
  const summaryFile = join(workDir, `${load.name}.summary.json`)
  for (const file of [consoleFile, summaryFile]) rmSync(file, { force: true })
  let process: K6Process | null = null
  let gate: Awaited<ReturnType<typeof openStartGate>> | null = null
  let tally: Tally | null = null
  let tail: ReturnType<typeof followFile> | null = null

  const close = (): void => {
    tail?.close()
    tail = null
    gate?.close()
  }
  const ending = async () => {
    const exitCode = await process!.exited
    gate?.close()
    return readEnding(load.name, { exitCode, stderr: process!.stderr(), summary: existsSync(summaryFile) ? readFileSync(summaryFile, 'utf8') : null })
  }

  return {
    async prepare() {
      gate = await openStartGate(token)
      process = parts.start(k6Command({ load, entries, token, gateUrl: gate.url, consoleFile, summaryFile }))
      const patience = AbortSignal.timeout(readyTimeoutMs)
      const tooLate = new Promise<string>((resolve) => patience.addEventListener('abort', () => resolve(`${readyTimeoutMs} ms passed`)))
      const instead = await Promise.race([gate.asked, ending().then(() => 'it ended'), tooLate])
      if (instead === undefined) return
      gate.close()
      throw topologyError('RGT_K6_SCRIPT', `the k6 suite of load ${load.name} never asked when to start`, {
        expected: '`export const setup = waitForStart` of suites/lib/regatta.ts', found: instead,
      })
    },
    begin(zeroUs) {
      const clock = measureWallOffset()
      const counting = tally = openTally(load, entries, zeroUs + clock.offsetUs, parts.request)
      tail = followFile(consoleFile, lookEveryMs, (line) => counting.line(line))
      gate!.open((zeroUs + clock.offsetUs + load.fromUs) / 1000)
      return clock
    },
    async finish() {
      try {
        const counts = await ending()
        tail?.drain(true)
        return tally!.summary(counts)
      } finally {
        tail?.drain(true)
        close()
      }
    },
    close,
  }
}
