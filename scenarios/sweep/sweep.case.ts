// A small sweep and trials of any outcome, for tests that need no run.

import { summariseCell } from './summarise.ts'
import { cellsOf } from './grid.ts'
import { axisWith, sweepOf } from './load-sweep.ts'
import { sweepResultVersion, type SweepResult } from './result.ts'
import type { Sweep } from './sweep.ts'
import type { Trial, TrialFailover } from './trial.ts'

export function smallSweep(over: Partial<Sweep> = {}): Sweep {
  return {
    ...sweepOf('regional-hang'), name: 'small', description: 'What the map is about.',
    axes: [axisWith('rate', [5, 20, 100]), axisWith('probe-interval', [100, 250])], seeds: [1, 2], ...over,
  }
}

export function trial(over: Partial<Omit<Trial, 'failover'>> & { failover?: Partial<TrialFailover> | null } = {}): Trial {
  const { failover, ...rest } = over
  return {
    seed: 1, error: null, verdict: 'pass', doubts: [], falseEjections: 0, requests: 1000, failed: 0, eligible: 900, eligibleFailed: 0, trace: '0123456789abcdef',
    ...rest,
    failover: failover === null ? null : {
      valueMs: 300, resolutionMs: 10, belowResolution: false, notRecovered: false, detectMs: 150, decideMs: 160, ...failover,
    },
  }
}

/** A result whose cells have the trials that `of` gives for their values, in the order of the axes. */
export function resultWith(sweep: Sweep, of: (values: number[], seed: number) => Trial | null): SweepResult {
  const cells = cellsOf(sweep).map((cell) => summariseCell(
    cell, sweep.seeds.map((seed) => of(cell.settings.map(({ value }) => value), seed)).filter((one) => one !== null), sweep.seeds.length, sweep.objectiveMs))
  const count = (safety: string): number => cells.filter((cell) => cell.safety === safety).length
  const trials = cells.flatMap((cell) => cell.trials)
  return {
    apiVersion: sweepResultVersion, kind: 'SweepResult', name: sweep.name, description: sweep.description, scenario: 'regional-hang', topology: 'three-regions',
    fast: false, substrate: 'simulated', regatta: '0.1.0', command: 'regatta sweep small', ended: trials.length < cells.length * sweep.seeds.length ? 'interrupted' : 'complete',
    objectiveMs: sweep.objectiveMs, seeds: sweep.seeds, fixed: [{ axis: 'probe-margin', value: '0s' }],
    axes: sweep.axes.map(({ name, unit, values }) => ({ name, unit, description: `about ${name}`, values: values.map((value) => (unit === 'duration' ? `${value}ms` : String(value))) })),
    counts: {
      cells: cells.length, safe: count('safe'), unsafe: count('unsafe'), unknown: count('unknown'), runs: trials.length,
      runsAsked: cells.length * sweep.seeds.length, runsFailed: trials.filter(({ error }) => error !== null).length,
    },
    cells,
  }
}
