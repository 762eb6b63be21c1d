// What a cell says in words, the same in every report of a sweep, and which settings are safe, in sentences.

import type { CellResult, SweepResult } from '../../scenarios/sweep/result.ts'
import { quantity } from '../words.ts'
import { valueLabel } from './slices.ts'

export const safetyMarks = { safe: '✓', unsafe: '✗', unknown: '?' } as const

/** Median failover: `160 ms`, `< 10 ms` when no request was bad, `never` when the median run did not recover, `–` when none is known. */
export function failoverText({ failover }: CellResult): string {
  const { measured, medianMs, belowResolution, resolutionMs } = failover
  if (measured === 0) return '–'
  if (medianMs === null) return 'never'
  return belowResolution * 2 > measured ? `< ${quantity(resolutionMs, 'ms')}` : quantity(medianMs, 'ms')
}

/** Median time until some gateway noted trouble: `150 ms`, `never`, `–`. */
export function detectionText({ failover, detect }: CellResult): string {
  return failover.measured === 0 ? '–' : detect.medianMs === null ? 'never' : quantity(detect.medianMs, 'ms')
}

/** The worst of several runs where it differs: `to 410 ms`, `1 of 3 never`; '' otherwise. */
export function worstText(cell: CellResult): string {
  const { measured, notRecovered, medianMs, worstMs } = cell.failover
  if (measured === 0) return ''
  if (notRecovered > 0) return notRecovered === measured ? '' : `${notRecovered} of ${measured} never`
  const worst = quantity(worstMs, 'ms')
  return worst === quantity(medianMs, 'ms') ? '' : `to ${worst}`
}

/** Mean a run: `0`, `0.7`, `12`. */
export function ejectionsText({ falseEjections, trials }: CellResult): string {
  return trials.length === 0 ? '–' : quantity(falseEjections.total / trials.length, 'count')
}

/** `12 of 20 cells are safe: failover below 5 s in every run and no false ejection; 8 are not.` */
export function headlineOf({ counts, objectiveMs, ended }: SweepResult): string {
  const { cells, safe, unsafe, unknown } = counts
  return `${safe} of ${cells} cells are safe: steady before the fault, failover below ${quantity(objectiveMs, 'ms')}, no false ejection, in every run; ${unsafe} ${unsafe === 1 ? 'is' : 'are'} not`
    + `${unknown === 0 ? '' : `, of ${unknown} it cannot be told`}.${ended === 'interrupted' ? ` Interrupted after ${counts.runs} of ${counts.runsAsked} runs.` : ''}`
}

export interface SafeRange {
  /** Values of every axis but the first. */
  settings: string[]
  /** Where along the first axis: `everywhere`, `from 20/s up`, `at 5/s and 20/s only`, `nowhere`. */
  where: string
  safe: number
  of: number
}

/** For each combination of the other settings, in the order of the axes: at which values of the first one it is safe. */
export function safeRanges({ axes, cells: all }: SweepResult): SafeRange[] {
  const [first, ...others] = axes
  return [...Map.groupBy(all, (cell) => cell.at.slice(1).join(' ')).values()].map((cells) => {
    const { at } = cells[0]
    const flags = cells.map(({ safety }) => safety === 'safe')
    return {
      settings: others.map((axis, index) => valueLabel(axis, at[index + 1])),
      where: whereSafe(flags, (index) => valueLabel(first, index)),
      safe: flags.filter(Boolean).length, of: flags.length,
    }
  })
}

function whereSafe(flags: readonly boolean[], label: (index: number) => string): string {
  const safe = flags.flatMap((flag, index) => (flag ? [index] : []))
  if (safe.length === 0) return 'nowhere'
  if (safe.length === flags.length) return 'everywhere'
  const [low, high] = [safe[0], safe.at(-1)!]
  const whole = high - low + 1 === safe.length
  if (whole && safe.length > 1 && high === flags.length - 1) return `from ${label(low)} up`
  if (whole && safe.length > 1 && low === 0) return `up to ${label(high)}`
  if (whole && safe.length > 1) return `from ${label(low)} to ${label(high)}`
  return `at ${list(safe.map(label))} only`
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
