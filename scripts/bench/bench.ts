// What a benchmark is: a name, what it measures, and results that carry their spread. Contenders take turns inside
// one process run, so that a noisy neighbour weighs on all of them alike.

import type { ToolPolicy } from '../../topologies/substrate.ts'

export interface Bench {
  /** Same as the file's name and the key in the registry. */
  name: string
  description: string
  run(context: BenchContext): Promise<BenchResult[]>
}

export interface BenchContext {
  /** One line of progress, for standard error. */
  progress(text: string): void
  tools: ToolPolicy
  /** Rounds in which every contender has its turn; null = as many as the benchmark thinks right. */
  rounds: number | null
  /** Others to measure beside the reference, by name; null = all that are present. */
  only: readonly string[] | null
  signal: AbortSignal
}

export interface BenchResult {
  name: string
  /** Median over the rounds; null when it could not be measured, and `note` says why. */
  value: number | null
  unit: string
  /** Interquartile range over the rounds, in the unit; null with fewer than two of them. */
  spread: number | null
  note?: string
}

/** Median and interquartile range. Throws nothing: no values make a null. */
export function summarise(name: string, values: readonly number[], unit: string, note?: string): BenchResult {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    name, unit,
    value: sorted.length === 0 ? null : rounded(quantile(sorted, 0.5)),
    spread: sorted.length < 2 ? null : rounded(quantile(sorted, 0.75) - quantile(sorted, 0.25)),
    ...(note === undefined ? {} : { note }),
  }
}

export function missing(name: string, unit: string, note: string): BenchResult {
  return { name, value: null, unit, spread: null, note }
}

/** Linear interpolation between closest ranks (Hyndman and Fan, type 7). `sorted` is ascending and not empty. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)]
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at))
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

/** The list begun at another place each round, so that nobody always follows the same one. */
export function rotated<T>(list: readonly T[], round: number): T[] {
  const from = list.length === 0 ? 0 : round % list.length
  return [...list.slice(from), ...list.slice(0, from)]
}
