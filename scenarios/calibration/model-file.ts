// The file that holds the constants of the simulated world: what `regatta calibrate` writes and `--model` reads.

import { readFile } from 'node:fs/promises'
import { Document, isSeq, visit } from 'yaml'
import { z } from 'zod'
import { readDocuments } from '../../gateway/config/document.ts'
import { parseShape } from '../../gateway/config/shape.ts'
import { modelVersion, type SimulationModel } from '../../topologies/substrates/simulated/model.ts'
import { scenarioError } from '../errors.ts'

const us = z.number().min(0).max(600_000_000)

const quantiles = z.array(us).min(1).max(10_001).superRefine((values, context) => {
  const at = values.findIndex((value, index) => index > 0 && value < values[index - 1])
  if (at === -1) return
  context.addIssue({ code: 'custom', path: [at], message: 'is less than the one before', params: { expected: 'quantiles in ascending order' } })
}).readonly().describe('Quantiles evenly spaced from 0 to 1, microseconds, ascending; one value is a constant.')

const place = String.raw`(?:region|edge|clients):[^>]+`

const spec = z.strictObject({
  version: z.literal(modelVersion),
  source: z.string().min(1).describe('Where the figures come from.'),
  hopUs: z.strictObject({
    client: quantiles.describe('Clients to a gateway, each way.'),
    link: quantiles.describe('Gateway to gateway, each way.'),
    endpoint: quantiles.describe('Gateway to an endpoint of its own region, each way.'),
  }).describe('Added to half the round trip of the topology.'),
  serviceUs: quantiles.describe('Added to a service\'s own latency.'),
  probeUs: quantiles.describe('What a probe of health adds to the two ways of its hop.'),
  restartUs: z.strictObject({ gateway: us, services: us, controlPlane: us }).describe('From the start of a killed process to its readiness.'),
  handshakeRtts: z.number().min(0).max(3).describe('Round trips that opening a connection over a link costs.'),
  rttUs: z.record(z.string().regex(new RegExp(`^${place}>${place}$`), 'two places, as in `edge:frankfurt>region:eu-west`'), us)
    .describe('Round trips of the topology that were measured to be otherwise, by `from>to`.'),
  lossShare: z.record(z.string().regex(new RegExp(`^${place}>${place}$`), 'two places, as in `edge:frankfurt>region:eu-west`'), z.number().min(0).max(1))
    .optional().describe('Share of messages that are lost on the way and sent again, by `from>to`. Never calibrated: written by hand.'),
}) satisfies z.ZodType<SimulationModel>

const count = z.int().min(0)

const measured = z.strictObject({
  run: z.string(),
  scenario: z.string().describe('Parity is never judged on the scenario that was calibrated on.'),
  substrate: z.string(),
  at: z.string().describe('When the run started, ISO 8601.'),
  machine: z.strictObject({ os: z.string(), arch: z.string(), cpuModel: z.string(), cpus: count }),
  samples: z.strictObject({
    client: count, link: count, service: count,
    restarts: z.strictObject({ gateway: count, services: count, controlPlane: count }),
  }).describe('How many requests, attempts and restarts each figure rests on.'),
  notes: z.array(z.string()),
})

export const modelFileSchema = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('SimulationModel'),
  metadata: z.strictObject({ name: z.string().min(1) }),
  measured: measured.optional().describe('The run that the figures were taken from. Absent: written by hand.'),
  spec,
}).meta({ title: 'SimulationModel', description: 'What the topology does not state: the time that each hop and each service adds on a machine.' })

export type ModelFile = z.output<typeof modelFileSchema>

/** JSON Schema (draft 2020-12) of the file. */
export function modelJsonSchema(): object {
  return z.toJSONSchema(modelFileSchema, { io: 'input' })
}

/** Throws RGT_MODEL_FILE when it cannot be read or holds other than one document, and CodedErrors with the place of each problem. */
export async function readModelFile(path: string): Promise<ModelFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw scenarioError('RGT_MODEL_FILE', 'the model cannot be read', {
      place: { file: path }, expected: 'a file that `regatta calibrate -o FILE` wrote', found: (cause as Error).message, cause,
    })
  }
  const documents = readDocuments(text, path, 'RGT_MODEL_SYNTAX')
  if (documents.length === 1) return parseShape(modelFileSchema, documents[0], 'RGT_MODEL_SCHEMA')
  throw scenarioError('RGT_MODEL_FILE', 'a model file holds one document', { place: { file: path }, expected: '1 document', found: `${documents.length} documents` })
}

/** As YAML with a heading for people, or as JSON when the file is to be called so. */
export function modelText(file: ModelFile, path: string): string {
  if (path.endsWith('.json')) return `${JSON.stringify(file, null, 2)}\n`
  const document = new Document(file)
  document.commentBefore = ` Constants of the simulated world, written by \`regatta calibrate\`.\n Give it to a run with --on simulated --model FILE.`
  visit(document, {
    Seq(_, sequence) {
      if (isSeq(sequence) && sequence.items.every((item) => typeof (item as { value?: unknown }).value === 'number')) sequence.flow = true
    },
  })
  return document.toString({ lineWidth: 0 })
}
