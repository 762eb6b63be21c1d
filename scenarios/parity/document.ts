// The shape of `parity.json`: how two ways of running the same scenarios differ, and how sure that is. Only ever extended.

import { z } from 'zod'
import { phases } from '../../topologies/history.ts'
import { verdictValues } from '../verdict.ts'

/** Inside these a ratio of medians counts as parity. */
export const ratioBounds = { low: 0.8, high: 1.25 } as const
/** So far may a region's share of the traffic differ, percentage points. */
export const splitBound = 3

export const splitPhases = ['steady', 'fault', 'recovered'] as const satisfies readonly (typeof phases)[number][]

export const agreements = [
  'inside', 'outside', 'undecided', 'within-resolution', 'both-below-resolution', 'both-not-recovered', 'not-observed', 'one-sided',
] as const
export type Agreement = (typeof agreements)[number]

const estimate = z.strictObject({ value: z.number(), low: z.number(), high: z.number() })

const side = z.strictObject({
  values: z.array(z.number()).describe('One a run, in the order of seeds; runs in which it was not observed are left out.'),
  median: z.number().nullable(),
  unobserved: z.int().describe('Runs in which it was not observed.'),
})

const figure = z.strictObject({
  name: z.enum(['failover_time', 'detect', 'drain', 'latency_p50', 'latency_p95']),
  role: z.enum(['promise', 'stage', 'latency']).describe('Only a promise decides the verdict; the others explain it.'),
  unit: z.literal('ms'),
  subject: side,
  reference: side,
  ratio: estimate.nullable().describe('Median of the subject to the median of the reference, with its 90 % interval.'),
  agreement: z.enum(agreements),
  words: z.string(),
})

const split = z.strictObject({
  phase: z.enum(splitPhases),
  region: z.string(),
  subject: z.number().describe('Mean share of accepted requests, 0 to 1.'),
  reference: z.number(),
  points: estimate.describe('Percentage points, subject less reference, with the 90 % interval.'),
  agreement: z.enum(['inside', 'outside', 'undecided']),
})

const runs = z.strictObject({
  substrate: z.string(),
  believed: z.int().describe('Runs that are compared.'),
  crowded: z.int().describe('Runs left out because the machine or the load generator had no room.'),
  doubted: z.int().describe('Runs left out for another reason.'),
  doubts: z.array(z.string()).describe('What did not hold in the runs left out.'),
  folders: z.array(z.string()),
})

const comparison = z.strictObject({
  scenario: z.string(),
  verdict: z.enum(verdictValues),
  subject: runs,
  reference: runs,
  refused: z.string().nullable().describe('Why nothing was compared.'),
  calibratedOn: z.boolean().describe('The model was taken from a run of this scenario: its agreement proves nothing.'),
  figures: z.array(figure),
  splits: z.array(split),
  widestSplit: split.nullable(),
  reasons: z.array(z.string()).describe('Where the two differ, and what goes with it.'),
})

export const paritySchema = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('Parity'),
  madeAt: z.string().describe('ISO 8601, for people only.'),
  command: z.string(),
  regatta: z.string(),
  machine: z.strictObject({ os: z.string(), arch: z.string(), cpuModel: z.string(), cpus: z.int() }),
  substrates: z.array(z.string()).describe('The last one is what the others are compared with.'),
  runsAsked: z.int(),
  seed: z.number().describe('Of the first run; the others count up, the same on each side.'),
  fast: z.boolean(),
  model: z.strictObject({ source: z.string(), scenario: z.string().nullable().describe('Scenario that was calibrated on; null = the defaults.') }),
  bounds: z.strictObject({ ratioLow: z.number(), ratioHigh: z.number(), points: z.number(), level: z.number(), resamples: z.int() }),
  comparisons: z.array(comparison),
  verdict: z.enum(verdictValues).describe('pass: all inside. fail: something is outside. inconclusive: too wide to tell, or not compared.'),
  exitCode: z.int(),
  summary: z.string(),
})

export type ParityReport = z.output<typeof paritySchema>
export type Comparison = z.output<typeof comparison>
export type RatioFigure = z.output<typeof figure>
export type SplitFigure = z.output<typeof split>
export type ParityRuns = z.output<typeof runs>

/** JSON Schema (draft 2020-12) of `parity.json`. */
export function parityJsonSchema(): object {
  return z.toJSONSchema(paritySchema)
}
