// Which class a cell of a map has: the classes carry colour, the words in the cell say the same. Bins stand still, so
// that two sweeps can be laid side by side.

import type { CellResult } from '../../scenarios/sweep/result.ts'
import { quantity } from '../words.ts'

export interface Bin { tone: string; label: string }

/** Upper ends below the objective, milliseconds; those that reach it are left out. */
const ends = [250, 500, 1000, 2000]

/** Every class of a map of times, from best to worst, for its legend; `never` says what did not happen. */
export function timeBins(objectiveMs: number, never: string): Bin[] {
  const edges = [...ends.filter((end) => end < objectiveMs), objectiveMs]
  return [
    ...edges.map((end, index): Bin => ({
      tone: `t${index}`, label: index === 0 ? `under ${quantity(end, 'ms')}` : `${quantity(edges[index - 1], 'ms')} to ${quantity(end, 'ms')}`,
    })),
    { tone: 'over', label: `${quantity(objectiveMs, 'ms')} or more` },
    { tone: 'never', label: `never: ${never}` },
    { tone: 'none', label: 'no run to be believed' },
  ]
}

/** Of the median of `measured` runs; null = without end. */
export function timeTone(measured: number, medianMs: number | null, objectiveMs: number): string {
  if (measured === 0) return 'none'
  if (medianMs === null) return 'never'
  if (medianMs >= objectiveMs) return 'over'
  const at = ends.filter((end) => end < objectiveMs).findIndex((end) => medianMs < end)
  return `t${at === -1 ? ends.filter((end) => end < objectiveMs).length : at}`
}

const ejectionEnds = [1, 5, 20]

export const ejectionBins: readonly Bin[] = [
  { tone: 'e0', label: 'none' }, { tone: 'e1', label: 'up to 1 a run' }, { tone: 'e2', label: 'up to 5' }, { tone: 'e3', label: 'up to 20' },
  { tone: 'e4', label: 'more than 20' }, { tone: 'none', label: 'no run' },
]

/** By the mean a run. */
export function ejectionTone({ falseEjections, trials }: CellResult): string {
  if (trials.length === 0) return 'none'
  const mean = falseEjections.total / trials.length
  if (mean === 0) return 'e0'
  const at = ejectionEnds.findIndex((end) => mean <= end)
  return `e${at === -1 ? 4 : at + 1}`
}
