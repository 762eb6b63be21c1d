// The shape of `comparison.json`: one drill beside several meshes, or with several gateways, and what differs. Only ever
// extended.

import { z } from 'zod'
import { verdictValues } from '../verdict.ts'
import { latencyPhases } from './variant-run.ts'

export const figureNames = [
  'failover_time', 'failed_probes', 'slow_probes', 'eligible_failed', 'latency_p50', 'latency_p95', 'decision_p50', 'decision_p99',
] as const

const estimate = z.strictObject({ value: z.number(), low: z.number(), high: z.number() })

const error = z.strictObject({ code: z.string(), message: z.string(), details: z.array(z.string()).describe('Expected, found and hint, each with its name.') })

const failover = z.strictObject({
  kind: z.enum(['measured', 'below-resolution', 'not-recovered']),
  ms: z.number().describe('The value; below-resolution: it is less than this; not-recovered: it is at least this.'),
})

const played = z.strictObject({
  folder: z.string().describe('Below the folder of the comparison.'),
  round: z.int().describe('From 1.'),
  seed: z.number(),
  repeat: z.int().describe('How often it was played before in this round because the machine had no room.'),
  verdict: z.enum(verdictValues),
  exitCode: z.int(),
  missed: z.array(z.string()).describe('Objectives that were missed.'),
  counted: z.boolean().describe('It may be believed, so its figures count.'),
  doubts: z.array(z.string()).describe('What keeps it from being believed.'),
  error: error.nullable(),
  failover: failover.nullable(),
  upMs: z.number().nullable(),
  meshMs: z.number().nullable(),
})

const told = ['more', 'less', 'not-apart', 'not-compared'] as const
export type Told = (typeof told)[number]

const difference = z.strictObject({
  by: z.enum(['ratio', 'difference']),
  told: z.enum(told).describe('more: of it there is more than with the first variant, by more than the control shows.'),
  estimate: estimate.nullable().describe('This variant to the first, or less the first, with its 90 % interval.'),
  controlReach: z.number().nullable().describe('As far as the first variant, played again, differs from itself.'),
  words: z.string(),
})

const figure = z.strictObject({
  name: z.enum(figureNames),
  phase: z.enum(latencyPhases).nullable(),
  group: z.string().nullable().describe('Clients of this group.'),
  unit: z.enum(['ms', 'count']),
  values: z.array(z.number()).describe('One a counted run, by round; runs in which it was not observed are left out.'),
  median: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  belowResolution: z.int().describe('Counted runs in which no request was bad: their values are upper bounds.'),
  notRecovered: z.int().describe('Counted runs without a recovery before healing: their values are lower bounds.'),
  difference: difference.nullable().describe('To the first variant; null for the first itself.'),
})

const variant = z.strictObject({
  name: z.string(),
  gateway: z.string(),
  mesh: z.string().describe('As --mesh takes it.'),
  failoverOwner: z.enum(['gateway', 'mesh']).nullable().describe('Null when no run of it was recorded.'),
  control: z.boolean().describe('The first variant, played again in every round.'),
  runs: z.array(played),
  counts: z.strictObject({ counted: z.int(), crowded: z.int(), doubted: z.int(), failed: z.int() }).describe('crowded: no room on the machine; failed: never up, or broken off.'),
  verdicts: z.strictObject({ pass: z.int(), fail: z.int(), inconclusive: z.int() }).describe('Of the last run of each round.'),
  upMs: z.number().nullable().describe('Median time from the start to the first request, of runs that came up.'),
  meshMs: z.number().nullable().describe('Of it, for the mesh.'),
  tools: z.record(z.string(), z.string()).describe('Tool → version; several versions one after another.'),
  figures: z.array(figure),
})

export const comparisonSchema = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('Comparison'),
  madeAt: z.string().describe('ISO 8601, for people only.'),
  command: z.string(),
  regatta: z.string(),
  scenario: z.string(),
  topology: z.string(),
  substrate: z.string(),
  machine: z.strictObject({ os: z.string(), arch: z.string(), cpuModel: z.string(), cpus: z.int() }),
  rounds: z.int(),
  seed: z.number().describe('Of the first round; the others count up, the same for all variants of a round.'),
  affectedGroups: z.array(z.string()).describe('Groups of clients whose probes failover is measured by.'),
  level: z.number().describe('Of the intervals.'),
  resamples: z.int(),
  variants: z.array(variant).describe('The first is what the others are compared with, the second is its control.'),
  exitCode: z.int().describe('The worst of the last run of each variant and round.'),
  summary: z.string(),
})

export type Comparison = z.output<typeof comparisonSchema>
export type Variant = z.output<typeof variant>
export type Figure = z.output<typeof figure>
export type PlayedRun = z.output<typeof played>

/** JSON Schema (draft 2020-12) of `comparison.json`. */
export function comparisonJsonSchema(): object {
  return z.toJSONSchema(comparisonSchema)
}
