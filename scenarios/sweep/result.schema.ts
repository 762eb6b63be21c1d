// The shape of `sweep.json`, for its committed JSON Schema and for whoever reads one back.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { fromObjects } from '../../gateway/config/document.ts'
import { parseShape } from '../../gateway/config/shape.ts'
import { scenarioError } from '../errors.ts'
import { verdictValues } from '../verdict.ts'
import { axisUnits } from './axis.ts'
import { safeties, sweepFile, sweepResultVersion, type SweepResult } from './result.ts'

const ms = z.number().describe('Milliseconds.')
const setting = z.strictObject({ axis: z.string(), value: z.string().describe('As people write it.') })

const trial = z.strictObject({
  seed: z.int(),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  verdict: z.enum(verdictValues),
  doubts: z.array(z.string()).describe('Why the run may not be believed; empty when it may.'),
  failover: z.strictObject({
    valueMs: ms.describe('An upper bound; of no meaning when notRecovered.'), resolutionMs: ms, belowResolution: z.boolean(), notRecovered: z.boolean(),
    detectMs: ms.nullable().describe('Until a gateway noted trouble; null = never.'), decideMs: ms.nullable().describe('Until the first request was sent elsewhere; null = never.'),
  }).nullable(),
  falseEjections: z.int(), requests: z.int(), failed: z.int(), eligible: z.int(), eligibleFailed: z.int(),
  trace: z.string().describe('Equal runs, equal hash.'),
})

const spread = z.strictObject({ median: z.number(), worst: z.number() })

const cell = z.strictObject({
  at: z.array(z.int()).describe('Index into the values of each axis.'),
  settings: z.record(z.string(), z.string()),
  safety: z.enum(safeties).describe('safe: in every run failover below the objective and no false ejection.'),
  why: z.string().describe('Why it is not safe; empty when it is.'),
  believed: z.int().describe('Runs that may be believed.'),
  failover: z.strictObject({
    measured: z.int(), notRecovered: z.int(), belowResolution: z.int(),
    medianMs: ms.nullable().describe('null = not recovered in the run of that rank, or none measured.'), worstMs: ms.nullable(), resolutionMs: ms.nullable(),
  }),
  detect: z.strictObject({ medianMs: ms.nullable(), worstMs: ms.nullable(), never: z.int() }),
  falseEjections: z.strictObject({ total: z.int(), worst: z.int() }),
  failed: spread,
  eligibleFailed: spread,
  trials: z.array(trial),
})

export const sweepResultSchema: z.ZodType<SweepResult> = z.strictObject({
  apiVersion: z.literal(sweepResultVersion),
  kind: z.literal('SweepResult'),
  name: z.string(), description: z.string(), scenario: z.string(), topology: z.string(), fast: z.boolean(),
  substrate: z.literal('simulated'),
  regatta: z.string().describe('Version of the program.'),
  command: z.string().describe('How to do it again.'),
  ended: z.enum(['complete', 'interrupted']),
  objectiveMs: ms.describe('Failover below this is safe.'),
  seeds: z.array(z.int()),
  fixed: z.array(setting),
  axes: z.array(z.strictObject({ name: z.string(), unit: z.enum(axisUnits), description: z.string(), values: z.array(z.string()) })),
  counts: z.strictObject({
    cells: z.int(), safe: z.int(), unsafe: z.int(), unknown: z.int(), runs: z.int(), runsAsked: z.int(), runsFailed: z.int(),
  }),
  cells: z.array(cell).describe('Every cell of the grid, the last axis fastest.'),
})

/** JSON Schema (draft 2020-12) of `sweep.json`. */
export function sweepResultJsonSchema(): object {
  return z.toJSONSchema(sweepResultSchema)
}

/** The map in the folder of a sweep. Throws RGT_SWEEP_FOLDER when there is none, RGT_SWEEP_SCHEMA when it is of another shape. */
export function readSweep(folder: string): SweepResult {
  const file = join(folder, sweepFile)
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw scenarioError('RGT_SWEEP_FOLDER', 'this is not the folder of a sweep', { place: { file }, expected: sweepFile, found: (cause as Error).message, cause })
  }
  return parseShape(sweepResultSchema, fromObjects([value], file)[0], 'RGT_SWEEP_SCHEMA')
}
