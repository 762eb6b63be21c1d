// The shape of a topology file, and nothing of its meaning: what may be written, of which type, with which
// default. `resolve.ts` checks that names refer to something and computes what the file leaves out.

import { z } from 'zod'
import { durationUs } from '../gateway/config/duration.ts'
import { defaultPathFactor } from './geography.ts'
import { serviceDistributions, traceConducts } from './service-behaviour.ts'
import { servicePatterns } from './service-patterns.ts'
import { clusterNetworks, isolations, usualClusters } from './topology.ts'

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
  latency: durationUs.default(2_000).describe('Service time, such as 5ms: its middle (uniform), mean (exponential) or median (lognormal).'),
  jitter: durationUs.default(0).describe('uniform: at most so far from `latency`; lognormal: 84 of 100 answer within latency + jitter.'),
  distribution: z.enum(serviceDistributions).default('uniform').describe('How service times spread.'),
  concurrency: z.int().min(1).max(100_000).nullable().default(null)
    .describe('Requests that one replica works on at once; the others wait in order. Default: no limit.'),
  bytes: z.int().min(0).max(16 * 1024 * 1024).default(256),
  errorRate: z.number().min(0).max(1).default(0).describe('Share of requests that are answered 500.'),
  trace: z.enum(traceConducts).optional().describe('What it makes of trace context: continue (the default), or drop, which begins a trace of its own and breaks the one it got.'),
}).superRefine(({ distribution, latency, jitter }, context) => {
  if (distribution === 'exponential' && jitter > 0) {
    context.addIssue({ code: 'custom', path: ['jitter'], message: 'means nothing to an exponential service time', params: { expected: 'no jitter: the mean says all' } })
  }
  if (distribution === 'lognormal' && latency === 0) {
    context.addIssue({ code: 'custom', path: ['latency'], message: 'is no median of a lognormal service time', params: { expected: 'more than 0s' } })
  }
})

const service = z.strictObject({
  name: z.string().regex(/^[a-z0-9][-a-z0-9]*\/[a-z0-9](?:[-a-z0-9]|\{n\})*:[1-9][0-9]{0,4}$/, 'namespace/name:port; with `count` the name holds {n}')
    .describe('namespace/name:port. With `count`, {n} in the name becomes the number.'),
  count: z.int().min(1).max(10_000).optional().describe('This entry stands for so many services, numbered from 1, with leading noughts to one width.'),
  regions: z.array(label).min(1).optional().describe('Default: every region.'),
  replicas: z.int().min(1).max(100).default(1),
  response: response.prefault({}),
}).superRefine(({ name, count }, context) => {
  const numbered = name.includes('{n}')
  if (numbered === (count !== undefined)) return
  context.addIssue(numbered
    ? { code: 'custom', path: ['name'], message: 'is numbered, and nobody says how many there are', params: { expected: 'a `count` beside it', hint: 'add `count`, or take {n} out of the name' } }
    : { code: 'custom', path: ['count'], message: 'asks for many services of one name', params: { expected: 'a name with {n}, which becomes the number', hint: `name: ${name.replace(/(?=:)/, '-{n}')}` } })
})

const place = z.templateLiteral([z.enum(['region', 'edge', 'clients']), ':', label])

const link = z.strictObject({
  between: z.tuple([place, place]),
  rtt: durationUs.describe('Round-trip time, both ways together, such as 90ms.'),
})

/** Read where regions become clusters; the other substrates take no notice. */
const clusters = z.strictObject({
  cni: z.enum(clusterNetworks).default(usualClusters.cni)
    .describe("default: kind's own network plugin. image: the node image brings one and applies it itself; kind applies none."),
  isolation: z.enum(isolations).default(usualClusters.isolation)
    .describe('How a region falls silent: pause freezes its nodes; disconnect takes them off their network while their processes run on.'),
  kubernetes: z.string().regex(/^v[1-9]\.[0-9]{1,2}(\.[0-9]{1,3})?$/, 'v and a version of Kubernetes, such as v1.34 or v1.34.0').nullable().default(usualClusters.kubernetes)
    .describe('Version of Kubernetes that the clusters must have. Default: whichever the node image has.'),
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
      config: z.array(z.string().min(1)).default([]).describe('Gateway configuration files, relative to this file.'),
      templates: z.array(z.strictObject({
        services: servicePatterns,
        config: z.array(z.string().min(1)).min(1).describe('Files of documents with {namespace}, {service}, {port} or {n} in their strings.'),
      })).default([]).describe('Documents written once for each matching service, or for each namespace when they name no more than that.'),
    }).refine(({ config, templates }) => config.length + templates.length > 0, {
      message: 'says nothing to the gateways', params: { expected: '`config`, `templates` or both' },
    }),
    mesh: label.default('none').describe('Mesh beside the gateways.'),
    failoverOwner: z.enum(['gateway', 'mesh']).default('gateway').describe('Who moves requests away from services that fail. mesh: the gateways stand back.'),
    meshSettings: label.optional().describe('One of the mesh\'s sets of settings, as docs/mesh.md lists them. Default: its first.'),
    clusters: clusters.prefault({}).describe('How regions become clusters (--on kind).'),
  }),
})

export type TopologyFile = z.output<typeof topologySchema>

/** JSON Schema of the file as people write it, for editors. */
export function topologyJsonSchema(): object {
  return z.toJSONSchema(topologySchema, { io: 'input' })
}
