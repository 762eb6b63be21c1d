// Runs of a comparison, whatever is compared: one played and judged, again while the machine had no room, or read back
// from the folder of an earlier comparison.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readHistory, type History } from '../topologies/history/read.ts'
import { judgeHistory } from '../scenarios/judge.ts'
import type { RunFigures } from '../scenarios/parity/run-figures.ts'
import { readRun } from '../scenarios/read-run.ts'
import { run, type RunRequest } from '../scenarios/run.ts'
import { runFile, type RunRecord } from '../scenarios/run-record.ts'
import type { Verdict } from '../scenarios/verdict.ts'
import { quantity } from '../reports/words.ts'
import { commandError } from './errors.ts'
import { judgeAndWrite } from './runs.ts'

export interface JudgedRun { record: RunRecord; history: History; verdict: Verdict }

/** Leaves `verdict.json` in the run's folder. Throws what `run` and `judgeAndWrite` throw. */
export async function playJudged(request: RunRequest): Promise<JudgedRun> {
  const record = await run(request)
  return { record, verdict: await judgeAndWrite(request.runDir), history: readHistory(request.runDir) }
}

export interface Side<Figures> {
  /** What was played of this side; grows. */
  runs: Figures[]
  /** Repeats of the whole side; 0 where a machine cannot lack room. */
  retries: number
  signal: AbortSignal
  /** `repeat`: how often it was played before. */
  play(repeat: number): Promise<Figures>
  told(figures: Figures, again: boolean): void
}

/** Plays once, and again while the machine had no room and repeats are left. */
export async function whileCrowded<Figures extends Pick<RunFigures, 'crowded'>>({ runs, retries, signal, play, told }: Side<Figures>): Promise<void> {
  for (let repeat = 0; !signal.aborted; repeat++) {
    const figures = await play(repeat)
    runs.push(figures)
    const again = figures.crowded && runs.filter(({ crowded }) => crowded).length <= retries
    told(figures, again && !signal.aborted)
    if (!again) return
  }
}

export function inWords({ doubts, failover, detectMs }: RunFigures): string {
  if (doubts.length > 0) return `left out (${doubts[0]})`
  const detected = detectMs === null ? '' : `, detected after ${quantity(detectMs, 'ms')}`
  if (failover === null) return 'no failover to measure'
  const time = failover.kind === 'measured' ? quantity(failover.ms, 'ms') : failover.kind === 'below-resolution' ? `below ${quantity(failover.ms, 'ms')}` : 'not recovered'
  return `failover ${time}${detected}`
}

/** One after another, by name: a history may be large. Judged anew, nothing is written. */
export async function* recordedRuns(folder: string): AsyncGenerator<JudgedRun & { name: string }> {
  const runs = join(folder, 'runs')
  const names = existsSync(runs) ? readdirSync(runs).filter((name) => existsSync(join(runs, name, runFile))).sort() : []
  for (const name of names) {
    const [record, history] = [await readRun(join(runs, name)), readHistory(join(runs, name))]
    yield { name, record, history, verdict: judgeHistory(record, history) }
  }
}

export function nothingRecorded(folder: string, expected: string, found: string): Error {
  return commandError(`${folder} holds no runs to compare`, { expected, found }, 'RGT_COMMAND_FILE')
}
