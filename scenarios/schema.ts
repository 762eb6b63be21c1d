// The shape of a scenario file, and nothing of its meaning. Blocks are named as in Chaos Toolkit (steadyState,
// method), thresholds as in k6. The fault blocks come from the registry, so that a new fault needs no line here.

import { z } from 'zod'
import { durationUs } from '../gateway/config/duration.ts'
import { plantedDefects } from '../topologies/substrate.ts'
import { servicePatterns } from '../topologies/service-patterns.ts'
import { entryKinds } from '../topologies/topology.ts'
import { faultKinds, faults, type FaultKind } from './faults/index.ts'
import { loadKinds } from './loads/index.ts'
import { collectors, otlpProtocols, usualTracing } from './tracing.ts'
import { ExitCode } from './verdict.ts'

const label = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a lower-case name of letters, digits and hyphens')

const template = z.strictObject({
  name: label.describe('The `route` tag of its requests.'),
  weight: z.number().positive().default(1).describe('Relative share of the block\'s requests.'),
  method: z.enum(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH']).default('GET'),
  host: z.string().min(1).optional().describe('Default: the block\'s host.'),
  path: z.string().regex(/^\//, 'a path that starts with /'),
  headers: z.record(z.string(), z.string()).default({}),
  bodyBytes: z.int().min(0).max(16 * 1024 * 1024).default(0),
  services: servicePatterns.optional().describe('One template for each matching service of the topology, all called by this name; '
    + '{namespace}, {service}, {port} and {n} in host, path and headers are its own. `weight` is the share of all together.'),
  popularity: z.strictObject({
    zipf: z.number().min(0).max(4).describe('The weight of the service at rank k is in proportion to 1 / k^zipf; 0 = all alike, 1 = Zipf\'s law.'),
  }).optional().describe('How the requests spread over `services`, the first being the most popular. Default: evenly.'),
}).refine(({ services, popularity }) => services !== undefined || popularity === undefined, {
  path: ['popularity'], message: 'of one request means nothing', params: { expected: '`services` beside it' },
})

const load = z.strictObject({
  name: label,
  kind: z.enum(loadKinds).default('k6'),
  rate: z.number().positive().max(1_000_000).describe('Requests a second, all groups together.'),
  arrivals: z.enum(['constant', 'poisson']).default('constant'),
  groups: z.array(label).min(1).nullable().default(null).describe('Client groups that share the rate evenly. Default: all.'),
  timeout: durationUs.default(2_000_000).describe('How long a client waits for the whole request.'),
  maxInFlight: z.int().min(1).max(1_000_000).optional().describe('Requests that its generator has out at most; what is due beyond that is dropped, which makes a run inconclusive. For `open-loop`; default: 2000 on sockets, no limit in virtual time.'),
  season: z.strictObject({
    period: durationUs.refine((us) => us > 0, { message: 'must be longer than 0s' }),
    swing: z.number().min(0).max(1).describe('Share of the rate by which it rises and falls.'),
  }).optional().describe('The rate swings around `rate`, a sine from the run\'s zero. For `open-loop`.'),
  suite: z.string().min(1).nullable().default(null).describe('A hand-written k6 suite instead of one rendered from `mix`.'),
  host: z.string().min(1).optional().describe('Host of every template that names none.'),
  mix: z.array(template).min(1),
})

const prober = z.strictObject({
  groups: z.array(label).min(1).nullable().optional().describe('Default: the groups whose nearest region a fault touches.'),
  interval: durationUs.optional().describe('Between two probes of a watched group; the others are probed ten times more coarsely.'),
  template: label.optional().describe('A template of the loads\' mixes: safe to repeat, served in every region.'),
  timeout: durationUs.optional(),
  witness: durationUs.optional().describe('Between two witnesses of a path that a fault must show on. Default: 200ms. They feed passive detection too: fewer for drills of slow traffic.'),
})

const phases = z.strictObject({
  warmup: durationUs.optional(),
  steady: durationUs.optional(),
  fault: durationUs.optional(),
  healing: durationUs.optional().describe('From the asked healing to the end of the ramp back.'),
  recovered: durationUs.optional(),
})

const thresholds = z
  .record(z.string(), z.array(z.string().min(1)).min(1))
  .describe('Metric expression → conditions, in k6\'s grammar.')

const blockHead = {
  name: label.optional().describe('Default: the kind.'),
  at: durationUs.default(0).describe('Offset from the start of the fault phase.'),
  for: durationUs.optional().describe('Default: to the end of the fault phase.'),
}

const faultBlocks = faultKinds.map((kind) => faults[kind].parameters
  .extend({ fault: z.literal(kind), ...blockHead })
  .describe(faults[kind].description))

const change = z.strictObject({
  change: z.literal('routes'),
  name: label.optional(),
  at: durationUs.default(0),
  count: z.int().min(1).max(100_000).describe('How many changes are published, one after another.'),
  rate: z.number().positive().max(10_000).describe('Changes a second.'),
  distinct: z.int().min(1).optional().describe('How many names they share in turn. Default: a new one each.'),
  document: z.looseObject({}).describe('The document to publish; in its strings `{i}` becomes the number of the name and `{n}` of the change.'),
})

/** A fault's block, typed by its kind. */
export type FaultBlockInput = {
  [Kind in FaultKind]: { fault: Kind; name?: string; at?: string; for?: string } & z.input<(typeof faults)[Kind]['parameters']>
}[FaultKind]
export type FaultBlockFile = { fault: FaultKind; name?: string; at: number; for?: number } & Record<string, unknown>
export type ChangeBlockFile = z.output<typeof change>

type FaultBlockSchema = z.ZodType<FaultBlockFile, FaultBlockInput>
const faultUnion = z.discriminatedUnion('fault', faultBlocks as never) as unknown as FaultBlockSchema
const method = z.array(z.union([faultUnion, change]))

const configuration = z.array(z.union([z.string().min(1), z.looseObject({})]))

const tracing = z.union([z.boolean(), z.strictObject({
  collector: z.enum(collectors).default(usualTracing.collector).describe('Who takes the spans; those that are not embedded pass them on to the one that is.'),
  protocol: z.enum(otlpProtocols).default(usualTracing.protocol).describe('OTLP from gateways and services to the collector.'),
  clients: z.boolean().default(usualTracing.clients).describe('Clients begin the traces of load and prober; otherwise the gateway where a request enters does.'),
  services: z.boolean().default(usualTracing.services).describe('Services tell of their part.'),
})])

const variant = z.strictObject({ name: label, config: configuration.default([]).describe('Documents in force in its blocks, over `config`.') })
const blocks = z.strictObject({
  rounds: z.int().min(1).max(1000).describe('How often each variant is played.'),
  length: durationUs.describe('Of each block.'),
  settle: durationUs.default(0).describe('Of that, what counts for nothing: the change has to arrive.'),
  variants: z.array(variant).min(1).describe('In the order of the first round; each later round begins with the next.'),
  lead: z.strictObject({ variant: label.describe('One of `variants`.'), length: durationUs }).optional()
    .describe('A block before the rounds, as long as faults need to bite and fade; what it costs is in no round.'),
})

/** Replaces or overlays parts of the scenario when the short form is asked for. */
const fast = z.strictObject({
  phases: phases.optional(),
  load: z.array(load).min(1).optional(),
  rateShare: z.number().positive().max(1).optional().describe('Every load\'s rate times this.'),
  prober: prober.optional(),
  config: configuration.optional().describe('Put over `config`.'),
  tracing: tracing.optional(),
  blocks: z.strictObject({ rounds: blocks.shape.rounds, length: blocks.shape.length, settle: durationUs, lead: blocks.shape.lead }).partial().optional().describe('Instead of those of `blocks`.'),
  method: method.optional(),
  thresholds: thresholds.optional().describe('Overlaid by expression.'),
  steadyState: z.strictObject({ thresholds }).optional(),
})

const exitCodes = Object.values(ExitCode) as number[]

export const scenarioSchema = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('Scenario'),
  metadata: z.strictObject({
    name: label,
    description: z.string().min(1).describe('What happens, what must hold, and why.'),
  }),
  spec: z.strictObject({
    topology: z.string().min(1).default('three-regions').describe('Name in the catalogue, or path relative to this file.'),
    entry: z.enum(entryKinds).nullable().default(null).describe('Way in for every group. Default: as the topology says.'),
    mesh: z.string().min(1).optional()
      .describe('Mesh beside the gateways: NAME, where gateways own failover, or NAME:SETTINGS, where the mesh does. Default: as the topology says.'),
    config: configuration.default([])
      .describe('Gateway configuration put over the topology\'s: documents, or paths relative to this file.'),
    load: z.array(load).min(1),
    prober: prober.prefault({}),
    phases,
    steadyState: z.strictObject({ thresholds }).optional(),
    method: method.default([]),
    tracing: tracing.default(false).describe('Who is traced, and where spans go; true = the defaults.'),
    blocks: blocks.optional().describe('Divides the fault phase among variants of the gateway configuration, round after round. What a variant puts, the next one removes.'),
    thresholds,
    options: z.strictObject({
      collectGarbageEvery: durationUs.default(0).describe('Forces a garbage collection in every gateway; 0s = never.'),
      requireTools: z.array(z.string().min(1)).default([]).describe('Tools that no embedded part may stand in for.'),
      toolPaths: z.record(z.string(), z.string().min(1)).default({}).describe('Tool → path relative to this file, taken before any other.'),
    }).prefault({}),
    simulation: z.strictObject({
      plant: z.array(z.enum(plantedDefects)).default([]).describe('Deliberate defects of the gateways, to prove that the testbed finds them.'),
    }).optional().describe('For tests of the testbed itself; on the simulated substrate only.'),
    mustExit: z.number().nullable().default(null)
      .refine((code) => code === null || exitCodes.includes(code), { message: 'is no exit code', params: { expected: `one of ${exitCodes.join(', ')}` } })
      .describe('Exit code that a must-fail scenario has to end with.'),
    mustSay: z.string().min(1).nullable().default(null)
      .describe('What a must-fail scenario has to say: in its error, or in a check that did not pass.'),
    fast: fast.optional().describe('What is different in the short form.'),
  }),
})

export type ScenarioFile = z.output<typeof scenarioSchema>
export type ScenarioFileInput = z.input<typeof scenarioSchema>

/** JSON Schema of the file as people write it, for editors. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioSchema, { io: 'input' })
}
