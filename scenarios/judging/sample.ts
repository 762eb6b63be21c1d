// What a metric measured, and whether a threshold holds over it. A value that is known only within bounds
// decides a threshold when both bounds agree; otherwise the answer is inconclusive.

import { metricDefinitions } from '../checks/metrics.ts'
import type { Aggregate, Bound, Operator, Threshold } from '../thresholds.ts'
import type { Check, VerdictValue } from '../verdict.ts'
import { formatUnit, mean, percentile, rounded } from './statistics.ts'

export type Sample =
  /** `low` and `high` bound each value where it is not exact. */
  | { kind: 'trend'; values: Float64Array; low?: Float64Array; high?: Float64Array; evidence: string[] }
  | { kind: 'rate'; part: number; whole: number; evidence: string[] }
  /** `of`: how many were looked at; nought makes the count worthless. */
  | { kind: 'counter'; count: number; of: number; seconds: number; evidence: string[] }
  | { kind: 'gauge'; value: number; low?: number; high?: number; evidence: string[] }
  | { kind: 'unknown'; why: string }

/** A check's share of the verdict document, without its name and group. */
export type Finding = Pick<Check, 'verdict' | 'observed' | 'evidence'>

export function judgeSample(threshold: Threshold, sample: Sample): Finding {
  if (sample.kind === 'unknown') return unknown(sample.why)
  const value = aggregate(threshold.aggregate, sample, 'values')
  if (value === null) return unknown(emptyReason(sample), ...sample.evidence)
  const verdicts = (['low', 'high'] as const).map((side) => holds(aggregate(threshold.aggregate, sample, side) as number, threshold.operator, threshold.bound.plus))
  const agreed = verdicts[0] === verdicts[1]
  const verdict: VerdictValue = !agreed ? 'inconclusive' : verdicts[0] ? 'pass' : 'fail'
  const evidence = agreed ? sample.evidence : ['the bounds of the value lie on both sides of the objective', ...sample.evidence]
  return { verdict, observed: Number.isFinite(value) ? rounded(value) : null, evidence }
}

export function unknown(...evidence: string[]): Finding {
  return { verdict: 'inconclusive', observed: null, evidence }
}

/** `p(95) < rtt + 100 ms`. */
export function objectiveOf(threshold: Threshold): string {
  const { aggregate: { kind }, operator } = threshold
  const left = threshold.aggregate.kind === 'percentile' ? `p(${threshold.aggregate.p})` : kind
  return `${left} ${operator} ${boundText(threshold.bound, metricDefinitions[threshold.metric].unit)}`
}

function boundText({ rtt, plus }: Bound, unit: string): string {
  const times = rtt === 1 ? 'rtt' : `${rtt} × rtt`
  if (rtt === 0) return formatUnit(plus, unit)
  return plus === 0 ? times : `${times} ${plus < 0 ? '-' : '+'} ${formatUnit(Math.abs(plus), unit)}`
}

/** Null when there is nothing to aggregate. */
function aggregate(by: Aggregate, sample: Exclude<Sample, { kind: 'unknown' }>, side: 'values' | 'low' | 'high'): number | null {
  switch (sample.kind) {
    case 'trend': return aggregateTrend(by, sample[side] ?? sample.values)
    case 'rate': return sample.whole === 0 ? null : sample.part / sample.whole
    case 'counter':
      if (sample.of === 0) return null
      return by.kind === 'rate' ? (sample.seconds > 0 ? sample.count / sample.seconds : null) : sample.count
    case 'gauge': return Number.isNaN(sample.value) ? null : side === 'values' ? sample.value : sample[side] ?? sample.value
  }
}

export function aggregateTrend(by: Aggregate, values: Float64Array): number | null {
  if (values.length === 0) return null
  switch (by.kind) {
    case 'percentile': return percentile(values, by.p)
    case 'med': return percentile(values, 50)
    case 'avg': return mean(values)
    case 'min': return extreme(values, Math.min)
    case 'max': return extreme(values, Math.max)
    case 'count': return values.length
    default: return null
  }
}

function extreme(values: Float64Array, of: (one: number, other: number) => number): number {
  let found = values[0]
  for (let i = 1; i < values.length; i++) found = of(found, values[i])
  return found
}

export function holds(value: number, operator: Operator, bound: number): boolean {
  switch (operator) {
    case '<': return value < bound
    case '<=': return value <= bound
    case '>': return value > bound
    case '>=': return value >= bound
    case '==': case '===': return value === bound
    case '!=': return value !== bound
  }
}

function emptyReason(sample: Sample): string {
  return sample.kind === 'trend' ? 'no sample' : 'nothing was there to count'
}
