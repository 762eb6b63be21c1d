// Reads `run.json`. Its shape is checked only as far as judging leans on it: we wrote it, and later versions may
// hold more.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { scenarioError } from './errors.ts'
import { runFile, type RunRecord } from './run-record.ts'

const named = z.looseObject({ name: z.string() })
const span = { fromUs: z.number(), toUs: z.number() }
const runSchema = z.looseObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('Run'),
  id: z.string(),
  ended: z.enum(['complete', 'interrupted', 'failed']),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  substrate: z.string(),
  gateway: z.string(),
  mesh: z.string(),
  limits: z.array(z.string()),
  plan: z.looseObject({
    version: z.literal(1),
    scenario: z.looseObject({
      name: z.string(), loads: z.array(named), prober: z.looseObject({ intervalMs: z.number().positive() }),
      steadyState: z.record(z.string(), z.array(z.string())), thresholds: z.record(z.string(), z.array(z.string())),
    }),
    topology: z.looseObject({
      name: z.string(), regions: z.array(named), edges: z.array(named), clients: z.array(named), links: z.array(z.looseObject({ rttMs: z.number() })),
    }),
    seed: z.number(),
    phases: z.array(z.looseObject({ phase: z.string(), ...span })),
    loads: z.array(z.looseObject({ source: z.string(), streams: z.array(z.looseObject({ group: z.string(), ratePerSecond: z.number() })), ...span })),
    faults: z.array(z.looseObject({ name: z.string(), index: z.number(), paths: z.array(z.looseObject({ group: z.string(), region: z.string() })), ...span })),
    affectedGroups: z.array(z.string()),
    endUs: z.number(),
  }),
})

/** Throws RGT_RUN_FOLDER when there is no run.json, or it is not one. */
export async function readRun(runDir: string): Promise<RunRecord> {
  const file = join(runDir, runFile)
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw scenarioError('RGT_RUN_FOLDER', 'run.json cannot be read', {
      place: { file }, expected: 'the folder of a run, as `regatta run` leaves it', found: (cause as Error).message, cause,
      hint: 'name a folder below reports/runs, or reports/runs/latest',
    })
  }
  const result = runSchema.safeParse(value)
  if (result.success) return value as RunRecord
  const [issue] = result.error.issues
  throw scenarioError('RGT_RUN_FOLDER', 'run.json is not the record of a run', {
    place: { file, path: issue.path.join('.') }, expected: issue.message, found: `${result.error.issues.length} problems`,
  })
}
