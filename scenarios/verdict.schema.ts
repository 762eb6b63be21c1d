// The shape of `verdict.json`, for its committed JSON Schema and for whoever reads one back.

import { z } from 'zod'
import { checkVerdicts, verdictValues, verdictVersion } from './verdict.ts'

const ms = z.number().describe('Milliseconds.')

const check = z.strictObject({
  name: z.string().describe('Unique in the document and stable over runs.'),
  group: z.enum(['objective', 'steady-state', 'validity']).describe('validity decides whether the run may be believed at all.'),
  verdict: z.enum(checkVerdicts).describe('unsupported: the substrate cannot measure it, so it decides nothing.'),
  objective: z.string().describe('What had to hold.'),
  observed: z.number().nullable().describe('The measured value in `unit`; null when it could not be measured.'),
  unit: z.string(),
  evidence: z.array(z.string()).describe('What the value rests on.'),
})

const failover = z.strictObject({
  groups: z.array(z.string()),
  valueMs: ms.describe('Milliseconds from the moment the fault was asked for; an upper bound.'),
  resolutionMs: ms,
  zeroUncertaintyMs: ms.describe('Milliseconds until the last primitive was in force.'),
  belowResolution: z.boolean(),
  notRecovered: z.boolean().describe('Probes failed or were slow to the end of the fault.'),
  stages: z.strictObject({ detectMs: ms.nullable(), decideMs: ms.nullable(), drainMs: ms.nullable(), recoverMs: ms.nullable() }),
  failed: z.int(),
  slow: z.int(),
  lastBadMs: ms.nullable(),
  eligibleFailed: z.int(),
})

const path = z.strictObject({ group: z.string(), region: z.string(), samples: z.int(), normalMs: ms, p99Ms: ms })

const counts = z.strictObject({
  requests: z.int(), eligible: z.int(), eligibleFailed: z.int(), failed: z.int(), residencyDenied: z.int(), accessDenied: z.int().optional(),
  attempts: z.int(), retries: z.int(), hedges: z.int(), falseEjections: z.int(),
}).describe('Of load and prober, without the warm-up.')

export const verdictSchema = z.strictObject({
  apiVersion: z.literal(verdictVersion),
  kind: z.literal('Verdict'),
  run: z.string(),
  scenario: z.string(),
  topology: z.string(),
  substrate: z.string(),
  gateway: z.string(),
  mesh: z.string(),
  seed: z.number(),
  verdict: z.enum(verdictValues),
  exitCode: z.int().describe('0 pass, 1 objective missed, 2 inconclusive, 4 substrate or tool failed, 130 interrupted.'),
  summary: z.string().describe('One sentence.'),
  checks: z.array(check),
  failover: failover.nullable(),
  paths: z.array(path).describe('Normal latency of each path that was probed.'),
  counts,
  limits: z.array(z.string()).describe('What was asked for and could not be had, and what stood in for it.'),
})

/** JSON Schema (draft 2020-12) of `verdict.json`. */
export function verdictJsonSchema(): object {
  return z.toJSONSchema(verdictSchema)
}
