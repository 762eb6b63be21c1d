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

const interval = z.strictObject({ value: z.number(), low: z.number(), high: z.number() }).describe('With its 95 % interval.')

const variantTracing = z.strictObject({
  variant: z.string().describe("'' where the configuration does not alternate."),
  requests: z.int(),
  rounds: z.int().describe('In which its processor time could be told.'),
  cpuUsPerRequest: z.number().nullable().describe('Processor time of the gateways, microseconds.'),
  overhead: interval.nullable().describe('Processor time that tracing costs, of what it costs when all is traced.'),
  bytesPerRequest: z.number().nullable().describe('Octets of exported spans.'),
  bytes: interval.nullable().describe('Octets, of those exported when all is traced.'),
  traces: z.int(),
  spans: z.int(),
  kept: z.record(z.string(), z.int()).describe('Traces by why they were kept.'),
  brokenTraces: z.int(),
  lostToFault: z.int().describe('Traces less than whole because a fault took a part.'),
})

const exampleSpan = z.strictObject({
  spanId: z.string(), parentSpanId: z.string(), process: z.string(), kind: z.string(), name: z.string(),
  startUs: z.number().describe('From the start of the first, microseconds.'), durationUs: z.number(),
  status: z.int(), outcome: z.string(), target: z.string(), attempt: z.int(), kept: z.string(),
})

const tracing = z.strictObject({
  variants: z.array(variantTracing),
  example: z.strictObject({ requestId: z.string(), traceId: z.string(), spans: z.array(exampleSpan) }).nullable().describe('One that failed over.'),
  rates: z.array(z.strictObject({
    atUs: z.number(), gateway: z.string(), route: z.string(), protocol: z.string(), probability: z.number(), cause: z.string(), anomaly: z.string(),
  })).describe('Sampling rates as gateways told of them.'),
  ratesLeftOut: z.int(),
}).describe('What tracing cost and what it kept.')

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
  tracing: tracing.optional(),
  limits: z.array(z.string()).describe('What was asked for and could not be had, and what stood in for it.'),
})

/** JSON Schema (draft 2020-12) of `verdict.json`. */
export function verdictJsonSchema(): object {
  return z.toJSONSchema(verdictSchema)
}
