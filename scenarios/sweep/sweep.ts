// The resolved sweep: which scenario, which grid, how often. `schema.ts` holds the shape of the file.

import type { AxisUnit } from './axis.ts'
import type { AxisName } from './axes.ts'

export interface Sweep {
  name: string
  description: string
  /** Catalogue name or absolute path of the scenario. */
  scenario: string
  /** The short form of the scenario. */
  fast: boolean
  /** Settings that are the same in every cell; an axis of the same name stands over them. */
  fixed: SweepSetting[]
  /** At least one, in the order in which they are shown: first across, second down, the others apart. */
  axes: SweepAxis[]
  /** Each cell runs once with each. */
  seeds: number[]
  /** Failover below this is safe, milliseconds. */
  objectiveMs: number
  /** Absolute path of the file; null for a grid of the command line. */
  file: string | null
}

export interface SweepSetting { axis: AxisName; value: number }

export interface SweepAxis {
  name: AxisName
  unit: AxisUnit
  /** Ascending, each once. */
  values: number[]
}

/** One point of the grid: a value of each axis, in the order of the axes. */
export interface Cell {
  /** Counts through the grid, the last axis fastest. */
  index: number
  /** Index into the values of each axis. */
  at: number[]
  settings: SweepSetting[]
}
