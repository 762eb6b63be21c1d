// From the runs of a cell to what a map shows of it, and whether its settings are safe.

import { formatMs } from '../judging/statistics.ts'
import { axisOf } from './axes.ts'
import { formatAxisValue } from './axis.ts'
import type { CellResult, FailoverSpread, Safety } from './result.ts'
import type { Cell } from './sweep.ts'
import type { Trial } from './trial.ts'

/** `asked`: how many runs the cell should have. */
export function summariseCell(cell: Cell, trials: readonly Trial[], asked: number, objectiveMs: number): CellResult {
  const believed = trials.filter(({ doubts }) => doubts.length === 0)
  const measured = believed.flatMap(({ failover }) => (failover === null ? [] : [failover]))
  const failover: FailoverSpread = {
    measured: measured.length,
    notRecovered: measured.filter(({ notRecovered }) => notRecovered).length,
    belowResolution: measured.filter(({ belowResolution }) => belowResolution).length,
    ...spread(measured.map(({ notRecovered, valueMs }) => (notRecovered ? Infinity : valueMs))),
    resolutionMs: measured.length === 0 ? null : Math.max(...measured.map(({ resolutionMs }) => resolutionMs)),
  }
  const detected = measured.map(({ detectMs }) => detectMs ?? Infinity)
  const ejections = trials.map((trial) => trial.falseEjections)
  const falseEjections = { total: ejections.reduce((sum, count) => sum + count, 0), worst: Math.max(0, ...ejections) }
  return {
    at: cell.at,
    settings: Object.fromEntries(cell.settings.map(({ axis, value }) => [axis, formatAxisValue(axisOf(axis).unit, value)])),
    ...safetyOf({ falseEjections, failover }, trials, asked, objectiveMs),
    believed: believed.length,
    failover,
    detect: { ...spread(detected), never: detected.filter((ms) => ms === Infinity).length },
    falseEjections,
    failed: counts(believed.map((trial) => trial.failed)),
    eligibleFailed: counts(believed.map((trial) => trial.eligibleFailed)),
    trials: [...trials],
  }
}

function safetyOf(
  { falseEjections, failover }: Pick<CellResult, 'falseEjections' | 'failover'>, trials: readonly Trial[], asked: number, objectiveMs: number,
): { safety: Safety; why: string } {
  // Nothing of a machine enters a simulated run: what is unsteady there is so by its settings.
  const unsteady = trials.filter(({ doubts }) => doubts.some((doubt) => doubt.startsWith('steady-state'))).length
  const reasons = [
    ...(unsteady > 0 ? [`not steady before the fault in ${unsteady} of ${trials.length} runs`] : []),
    ...(failover.notRecovered > 0 ? [`not recovered in ${failover.notRecovered} of ${failover.measured} runs`] : []),
    ...(failover.notRecovered === 0 && failover.worstMs !== null && failover.worstMs >= objectiveMs ? [`failover ${formatMs(failover.worstMs)}, not below ${formatMs(objectiveMs)}`] : []),
    ...(falseEjections.total > 0 ? [`${falseEjections.total} false ejection${falseEjections.total === 1 ? '' : 's'}`] : []),
  ]
  if (reasons.length > 0) return { safety: 'unsafe', why: reasons.join('; ') }
  const [doubt] = trials.flatMap(({ doubts }) => doubts)
  if (doubt !== undefined) return { safety: 'unknown', why: doubt }
  if (trials.length < asked) return { safety: 'unknown', why: trials.length === 0 ? 'not played' : `${trials.length} of ${asked} runs played` }
  return failover.measured < trials.length ? { safety: 'unknown', why: 'failover could not be measured' } : { safety: 'safe', why: '' }
}

/** Median (of an even number the worse of the two in the middle) and worst; null for what is without end or not there. */
function spread(values: readonly number[]): { medianMs: number | null; worstMs: number | null } {
  const sorted = values.toSorted((a, b) => a - b)
  const finite = (value: number | undefined): number | null => (value === undefined || value === Infinity ? null : value)
  return { medianMs: finite(sorted[sorted.length >> 1]), worstMs: finite(sorted.at(-1)) }
}

function counts(values: readonly number[]): { median: number; worst: number } {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: sorted[sorted.length >> 1] ?? 0, worst: sorted.at(-1) ?? 0 }
}
