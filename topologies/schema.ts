// The shape of a topology file, and nothing of its meaning: what may be written, of which type, with which
// default. `resolve.ts` checks that names refer to something and computes what the file leaves out.

import { z } from 'zod'
import { durationUs } from '../gateway/config/duration.ts'
import { defaultPathFactor } from './geography.ts'

/** A DNS label (RFC 1123), because names end up in host names, file names and metric labels. */
const label = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a lower-case name of letters, digits and hyphens')

const jurisdiction = z.string().regex(/^[A-Z]{2}$/, 'two upper-case letters: an ISO 3166-1 country, or EU')

const coordinates = z.strictObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
})

const region = z.strictObject({ name: label, cloud: label, jurisdiction, coordinates })

const edge = z.strictObject({
  name: label,
  coordinates,
  home: label.optional().describe('Region whose control plane is asked first. Default: the nearest.'),
})

const entry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('edge'), edge: label }),
  z.strictObject({ kind: z.literal('direct'), region: label }),
  z.strictObject({
    kind: z.literal('list'),
    regions: z.array(label).min(1),
    timeout: durationUs.default(1_000_000).describe('Patience with one region before the next is tried.'),
  }),
])

const clientGroup = z.strictObject({
  name: label,
  jurisdiction,
  coordinates,
  entry: entry.optional().describe('Default: the nearest edge, or the nearest region when there is no edge.'),
})

const response = z.strictObject({
  latency: durationUs.default(2_000),
  jitter: durationUs.default(0),
  bytes: z.int().min(0).max(16 * 1024 * 1024).default(256),
  errorRate: z.number().min(0).max(1).default(0).describe('Share of requests that are answered 500.'),
})

const service = z.strictObject({
  name: z.string().regex(/^[a-z0-9][-a-z0-9]*\/[a-z0-9][-a-z0-9]*:[1-9][0-9]{0,4}$/, 'namespace/name:port'),
  regions: z.array(label).min(1).optional().describe('Default: every region.'),
  replicas: z.int().min(1).max(100).default(1),
  response: response.prefault({}),
})

const place = z.templateLiteral([z.enum(['region', 'edge', 'clients']), ':', label])

const link = z.strictObject({
  between: z.tuple([place, place]),
  rtt: durationUs.describe('Round-trip time, both ways together.'),
})

/** At most 32 regions: a region is a bit in a 32-bit mask of the routing core. */
export const topologySchema = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('Topology'),
  metadata: z.strictObject({ name: label }),
  spec: z.strictObject({
    description: z.string().min(1),
    pathFactor: z.number().min(1).max(10).default(defaultPathFactor)
      .describe('How much longer fibre paths are than the great circle.'),
    regions: z.array(region).min(1).max(32),
    edges: z.array(edge).default([]),
    clients: z.array(clientGroup).min(1),
    services: z.array(service).min(1),
    links: z.array(link).default([]).describe('Round-trip times that stand instead of the computed ones.'),
    gateway: z.strictObject({
      kind: label.default('reference'),
      config: z.array(z.string().min(1)).min(1).describe('Gateway configuration files, relative to this file.'),
    }),
    mesh: label.default('none'),
    failoverOwner: z.enum(['gateway', 'mesh']).default('gateway'),
  }),
})

export type TopologyFile = z.output<typeof topologySchema>

/** JSON Schema of the file as people write it, for editors. */
export function topologyJsonSchema(): object {
  return z.toJSONSchema(topologySchema, { io: 'input' })
}
