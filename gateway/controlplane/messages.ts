// What arrives from outside, checked before anything acts on it: bodies and queries at the control plane, lines
// of the delivery stream at the gateway. Every refusal is coded.

import { z } from 'zod'
import { formatPath, type SourceDocument } from '../config/document.ts'
import { parseShape } from '../config/shape.ts'
import { gatewayError } from '../errors.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Acknowledgement, ConfigChange, DeliveryMessage, GatewayIdentity, WholeConfig } from './protocol.ts'

const revision = z.int().min(1)
const name = z.string().min(1).max(253)

const configDocument = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name, namespace: name.optional() }),
})

const changeSchema = z.strictObject({
  revision,
  put: z.array(configDocument).default([]),
  remove: z.array(z.strictObject({ kind: name, namespace: name.default('default'), name })).default([]),
})

const wholeSchema = z.strictObject({ revision, documents: z.array(configDocument) })

const acknowledgementSchema = z.strictObject({
  gateway: name,
  revision: z.int().min(0),
  version: z.string().max(256),
  accepted: z.boolean(),
  code: z.string().max(64).optional(),
  message: z.string().max(4096).optional(),
})

const helloSchema = z.strictObject({
  gateway: name,
  role: z.enum(['edge', 'region']),
  region: name.nullable(),
  revision: z.int().min(0),
  version: z.string().max(256),
})

/** Throws CodedErrors of RGT_CONFIG_SYNTAX or RGT_CONFIG_SCHEMA. */
export function parseChange(body: string): ConfigChange {
  return parseShape(changeSchema, bodyDocument(body, 'PATCH /v1/config', 'RGT_CONFIG_SYNTAX'))
}

/** Throws CodedErrors of RGT_CONFIG_SYNTAX or RGT_CONFIG_SCHEMA. */
export function parseWhole(body: string): WholeConfig {
  return parseShape(wholeSchema, bodyDocument(body, 'PUT /v1/config', 'RGT_CONFIG_SYNTAX'))
}

/** Throws CodedErrors of RGT_SNAPSHOT_FORMAT. */
export function parseAcknowledgement(body: string): Acknowledgement {
  const source = bodyDocument(body, 'POST /v1/acknowledgements', 'RGT_SNAPSHOT_FORMAT')
  return parseShape(acknowledgementSchema, source, 'RGT_SNAPSHOT_FORMAT')
}

/** Throws CodedErrors of RGT_SNAPSHOT_FORMAT. */
export function parseHello(query: URLSearchParams): { gateway: GatewayIdentity; revision: number; version: string } {
  const region = query.get('region')
  const source = sourceOf({
    gateway: query.get('gateway') ?? undefined,
    role: query.get('role') ?? undefined,
    region: region === null || region === '' ? null : region,
    revision: Number(query.get('revision') ?? 0),
    version: query.get('version') ?? '',
  }, 'GET /v1/snapshots')
  const hello = parseShape(helloSchema, source, 'RGT_SNAPSHOT_FORMAT')
  if ((hello.role === 'edge') !== (hello.region === null)) {
    throw gatewayError('RGT_SNAPSHOT_FORMAT', 'a gateway stands in a region, an edge in none', {
      place: { file: 'GET /v1/snapshots' }, expected: hello.role === 'edge' ? 'no region' : 'a region', found: String(hello.region),
    })
  }
  return { gateway: { name: hello.gateway, role: hello.role, region: hello.region }, revision: hello.revision, version: hello.version }
}

/**
 * The head of one line of the delivery stream: enough to acknowledge it. What is inside is checked when it is applied
 * (parseSnapshot, parseDelta), so that a bad snapshot is refused by its revision. Throws RGT_SNAPSHOT_FORMAT.
 */
export function parseDelivery(line: string): DeliveryMessage {
  const message = parseJson(line, 'GET /v1/snapshots', 'RGT_SNAPSHOT_FORMAT') as Partial<Record<string, unknown>> | null
  const type = message?.type
  const content = (type === 'snapshot' ? message?.snapshot : type === 'delta' ? message?.delta : null) as Partial<Snapshot> | null | undefined
  if (type !== 'heartbeat' && !(Number.isSafeInteger(content?.revision) && typeof content?.version === 'string')) {
    throw gatewayError('RGT_SNAPSHOT_FORMAT', 'a message of the control plane cannot be understood', {
      expected: 'a snapshot or delta with revision and version, or a heartbeat', found: line.slice(0, 120),
    })
  }
  return message as DeliveryMessage
}

/** What came over the wire stands in no file: errors name the message, or the document, and the path inside. */
export function sourceOf(value: unknown, file: string): SourceDocument {
  return { value, file, place: (path) => ({ file, path: formatPath(path) }) }
}

function bodyDocument(body: string, file: string, code: 'RGT_CONFIG_SYNTAX' | 'RGT_SNAPSHOT_FORMAT'): SourceDocument {
  return sourceOf(parseJson(body, file, code), file)
}

/** Throws CodedError of `code`. */
export function parseJson(text: string, file: string, code: 'RGT_CONFIG_SYNTAX' | 'RGT_SNAPSHOT_FORMAT' | 'RGT_TELEMETRY_REPORT'): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw gatewayError(code, 'the message is not JSON', { place: { file }, found: text.slice(0, 120), cause })
  }
}
