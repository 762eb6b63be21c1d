// `sweep.json`: the map as a document. It holds nothing of the machine or the clock, so equal sweeps give equal bytes
// whatever the number of workers.

import type { AxisUnit } from './axis.ts'
import type { Trial } from './trial.ts'

export const sweepResultVersion = 'regatta.dev/v1alpha1'
/** Its name in the folder of a sweep. */
export const sweepFile = 'sweep.json'

export const safeties = ['safe', 'unsafe', 'unknown'] as const
/**
 * safe: every run steady before the fault, its failover below the objective, no false ejection. unsafe: some run not.
 * unknown: nothing speaks against the cell, but not every run of it was played and may be believed.
 */
export type Safety = (typeof safeties)[number]

export interface SweepResult {
  apiVersion: typeof sweepResultVersion
  kind: 'SweepResult'
  name: string
  description: string
  scenario: string
  topology: string
  fast: boolean
  substrate: 'simulated'
  regatta: string
  /** How to do it again. */
  command: string
  ended: 'complete' | 'interrupted'
  objectiveMs: number
  seeds: number[]
  fixed: { axis: string; value: string }[]
  axes: ResultAxis[]
  counts: { cells: number; safe: number; unsafe: number; unknown: number; runs: number; runsAsked: number; runsFailed: number }
  /** Every cell of the grid, the last axis fastest; one that was not reached has no trials. */
  cells: CellResult[]
}

export interface ResultAxis {
  name: string
  unit: AxisUnit
  description: string
  /** As people write them, ascending. */
  values: string[]
}

export interface CellResult {
  /** Index into the values of each axis. */
  at: number[]
  /** Axis → value as people write it. */
  settings: Record<string, string>
  safety: Safety
  /** Why it is not safe; '' when it is. */
  why: string
  /** Runs that may be believed: times are theirs. */
  believed: number
  failover: FailoverSpread
  /** Until some gateway noted trouble; null = never in the run of that rank. */
  detect: { medianMs: number | null; worstMs: number | null; never: number }
  /** Runs that may not be believed count too: a gateway that ejects what is well spoils its own steady phase. */
  falseEjections: { total: number; worst: number }
  failed: { median: number; worst: number }
  eligibleFailed: { median: number; worst: number }
  trials: Trial[]
}

/** Of the believed runs that measured it. Milliseconds; null = not recovered in the run of that rank, or none measured. */
export interface FailoverSpread {
  measured: number
  notRecovered: number
  belowResolution: number
  medianMs: number | null
  worstMs: number | null
  resolutionMs: number | null
}
