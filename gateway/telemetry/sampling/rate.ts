// What a core knows of one key, as a row of numbers: requests touch it and nothing else. Samplers read the averages and write
// the calm probability; anomalies multiply it.

import { thresholdRange } from './sampler.ts'
import type { RouteSampling } from '../../snapshot/snapshot.ts'
import { thresholdOf } from './thresholds.ts'

export type Row = Float64Array

/** Places in a row. `Quarter…` counts since the last plan, which is made about four times a second. */
export const At = {
  Threshold: 0,
  CalmThreshold: 1,
  /** Probability without an anomaly, and with it. */
  Calm: 2,
  Probability: 3,
  QuarterArrivals: 4,
  /** Sum of the probabilities, calm and real, that held for each of the arrivals. */
  QuarterCalm: 5,
  QuarterKept: 6,
  /** Spans of requests that recorded some, and how many did. */
  QuarterSpans: 7,
  QuarterTraced: 8,
  /** Arrivals that the plan reckons with until the next one, and how many make a burst. */
  Expected: 9,
  Trip: 10,
  /** Sums that fade: arrivals over seconds, spans over traces. */
  Arrivals: 11,
  Seconds: 12,
  Spans: 13,
  Traces: 14,
  /** Arrivals a second over about half a second. */
  FastRate: 15,
  /** Seconds for which the fast rate still counts, after a burst. */
  BurstS: 16,
  /** Spans a second that the plan reckons with, unsampled. */
  Demand: 17,
  /** Spans a second that are kept, over about a second. */
  KeptRate: 18,
  /** Probability that was last told. */
  Told: 19,
} as const

const length = 20

/** A span for the request and one for its attempt, until more is known. */
export const defaultSpansPerTrace = 2

export function newRow(): Row {
  const row = new Float64Array(length)
  row[At.Threshold] = thresholdRange
  row[At.CalmThreshold] = thresholdRange
  row[At.Trip] = Number.POSITIVE_INFINITY
  return row
}

export function spansPerTrace(row: Row): number {
  return row[At.Traces] > 0 ? row[At.Spans] / row[At.Traces] : defaultSpansPerTrace
}

/** The calm probability from now on; an anomaly multiplies it by `factor` (1 and more). */
export function setRate(row: Row, calm: number, factor: number): void {
  row[At.Calm] = calm
  row[At.Probability] = Math.min(1, calm * factor)
  row[At.CalmThreshold] = thresholdOf(calm)
  row[At.Threshold] = factor === 1 ? row[At.CalmThreshold] : thresholdOf(row[At.Probability])
}

/** A policy in force here: its sampler, and the keys that share its budget. */
export interface SamplingGroup {
  policy: string
  sampler: RouteSampling['sampler']
  rows: Row[]
  /** Spans that may still be kept (above nought) or were kept too many, of all that the budget allowed so far. */
  balance: number
}

/** One file a sampler. Rates that anomalies raise are none of their business. */
export interface Sampler {
  /** The calm probability until the first plan, of a key that is new here; writes `Expected` and `Trip` where it acts on bursts. */
  start(row: Row, group: SamplingGroup): number
  /** `seconds` have passed since the last plan: writes `Calm`, `Expected` and `Trip` of every row. */
  plan(group: SamplingGroup, seconds: number): void
}
