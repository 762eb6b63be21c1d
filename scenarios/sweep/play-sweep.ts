// Plays a whole grid: as many runs at a time as there are workers, results put where they belong, so that their order
// and number never show. An interruption keeps what is done.

import { join } from 'node:path'
import { CodedError } from '../../gateway/errors.ts'
import { scenarioError } from '../errors.ts'
import { versionsOf } from '../run-machine.ts'
import { axisOf } from './axes.ts'
import { formatAxisValue } from './axis.ts'
import { cellsOf, checkedSubject } from './grid.ts'
import { sweepResultVersion, type CellResult, type SweepResult } from './result.ts'
import type { Subject } from './subject.ts'
import { summariseCell } from './summarise.ts'
import type { Cell, Sweep } from './sweep.ts'
import { failedTrial, type Trial, type TrialJob } from './trial.ts'

export interface SweepRequest {
  sweep: Sweep
  subject: Subject
  /** Plays one run, for instance in a worker; called for `workers` runs at a time. */
  play(job: TrialJob): Promise<Trial>
  workers: number
  /** Runs have their folders here. */
  workDir: string
  keep: boolean
  signal: AbortSignal
  command: string
  /** A cell whose runs are all played; cells end in any order. */
  onCell?(cell: CellResult): void
  onTrial?(trial: Trial): void
}

/** What a sweep is about to do, checked: throws RGT_SWEEP_AXIS or RGT_SWEEP_GRID before anything is played. */
export interface PreparedSweep { cells: Cell[]; subjects: Subject[] }

export function prepareSweep(sweep: Sweep, subject: Subject): PreparedSweep {
  const cells = cellsOf(sweep)
  return { cells, subjects: cells.map(({ settings }) => checkedSubject(subject, sweep.fixed, settings)) }
}

export async function playSweep(request: SweepRequest, { cells, subjects }: PreparedSweep): Promise<SweepResult> {
  const { sweep, signal } = request
  const trials: (Trial | undefined)[][] = cells.map(() => sweep.seeds.map(() => undefined))
  const jobs = cells.flatMap((cell) => sweep.seeds.map((seed, column) => ({ cell, seed, column }))).values()
  const played = (cell: Cell): Trial[] => trials[cell.index].filter((trial) => trial !== undefined)
  const summary = (cell: Cell): CellResult => summariseCell(cell, played(cell), sweep.seeds.length, sweep.objectiveMs)
  const work = async (): Promise<void> => {
    for (const { cell, seed, column } of jobs) {
      const trial = signal.aborted ? null : await playOne(request, subjects[cell.index], cell, seed)
      if (trial === null) return
      trials[cell.index][column] = trial
      request.onTrial?.(trial)
      if (played(cell).length === sweep.seeds.length) request.onCell?.(summary(cell))
    }
  }
  await Promise.all(Array.from({ length: request.workers }, work))
  return resultOf(request, cells.map(summary))
}

/** null when the sweep was interrupted meanwhile. */
async function playOne(request: SweepRequest, { scenario, topology }: Subject, cell: Cell, seed: number): Promise<Trial | null> {
  const { workDir, keep, signal, command } = request
  try {
    return await request.play({
      scenario, topology, seed, keep, runDir: join(workDir, `cell-${String(cell.index).padStart(4, '0')}-seed-${seed}`),
      command: `${command} # cell ${cell.index}, seed ${seed}`,
    })
  } catch (error) {
    if (signal.aborted) return null
    const { code, message } = error instanceof CodedError ? error : scenarioError('RGT_WORKER_JOB', String(error))
    return failedTrial(seed, { code, message })
  }
}

function resultOf({ sweep, subject, signal, command }: SweepRequest, cells: CellResult[]): SweepResult {
  const count = (safety: CellResult['safety']): number => cells.filter((cell) => cell.safety === safety).length
  const trials = cells.flatMap((cell) => cell.trials)
  const runsAsked = cells.length * sweep.seeds.length
  return {
    apiVersion: sweepResultVersion,
    kind: 'SweepResult',
    name: sweep.name,
    description: sweep.description,
    scenario: subject.scenario.name,
    topology: subject.topology.name,
    fast: sweep.fast,
    substrate: 'simulated',
    regatta: versionsOf().regatta,
    command,
    ended: signal.aborted && trials.length < runsAsked ? 'interrupted' : 'complete',
    objectiveMs: sweep.objectiveMs,
    seeds: [...sweep.seeds],
    fixed: sweep.fixed.map(({ axis, value }) => ({ axis, value: formatAxisValue(axisOf(axis).unit, value) })),
    axes: sweep.axes.map(({ name, unit, values }) => ({ name, unit, description: axisOf(name).description, values: values.map((value) => formatAxisValue(unit, value)) })),
    counts: {
      cells: cells.length, safe: count('safe'), unsafe: count('unsafe'), unknown: count('unknown'),
      runs: trials.length, runsAsked, runsFailed: trials.filter(({ error }) => error !== null).length,
    },
    cells,
  }
}
