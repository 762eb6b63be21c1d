// Fields that the Kubernetes kinds share: metadata, names, hostnames, references, durations. Patterns are those
// of the Gateway API's own definitions, so that what passes here passes in a cluster.

import { z } from 'zod'
import { parseDurationUs } from './duration.ts'

/** RFC 1123 subdomain, as Kubernetes names objects. */
export const objectName = z.string().max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'a name of lower-case letters, digits, - and .')

export const namespaceName = z.string().max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'a namespace of lower-case letters, digits and -')

/** Gateway API `Hostname`: lower case, `*.` may stand for one or more leading labels. */
export const hostname = z.string().max(253)
  .regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'a lower-case host name, optionally starting with *.')
  .meta({ description: 'A host name in lower case; `*.example.com` stands for every host below example.com.' })

/** The same without a wildcard: what a redirect or a rewrite may name. */
export const preciseHostname = z.string().max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'a lower-case host name without a wildcard')

export const portNumber = z.int().min(1).max(65_535)

/** Name of a region as a topology or cluster set gives it. */
export const regionName = z.string().max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'the name of a region, such as eu-west')

/** Gateway API duration (GEP-2257): whole numbers of h, m, s, ms. Microseconds after parsing. */
export const standardDurationUs = z.string()
  .regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/, 'a Gateway API duration (GEP-2257) such as 90ms, 5s or 1m30s')
  .transform((text) => (/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text) ? parseDurationUs(text) : 0))
  .meta({ description: 'A Gateway API duration (GEP-2257): 90ms, 5s, 1m30s; 0s = none.', examples: ['500ms', '5s'] })

const text = z.record(z.string(), z.string())

/**
 * Object metadata. What a cluster adds (uid, managedFields, …) is accepted and ignored, so that the output of
 * `kubectl get -o yaml` is usable as it is.
 */
export const metadata = z.strictObject({
  name: objectName,
  namespace: namespaceName.default('default'),
  labels: text.optional(),
  annotations: text.optional(),
  creationTimestamp: z.iso.datetime({ offset: true }).optional()
    .transform((stamp) => (stamp === undefined || Number.isNaN(Date.parse(stamp)) ? undefined : new Date(stamp).toISOString()))
    .describe('RFC 3339. Breaks ties: the older one wins. Documents without one count as the oldest.'),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  managedFields: z.array(z.unknown()).optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(z.unknown()).optional(),
}).describe('Kubernetes object metadata.')

/** Status belongs to the cluster that wrote it: accepted and ignored. */
export const status = z.unknown().optional().describe('Written by a cluster; ignored.')

/** GEP-713 LocalPolicyTargetReference: the target lives in the policy's own namespace. */
export const targetRefs = z.array(z.strictObject({
  group: z.literal('gateway.networking.k8s.io').default('gateway.networking.k8s.io'),
  kind: z.enum(['Gateway', 'HTTPRoute']),
  name: objectName,
})).min(1).max(16).describe('What the policy applies to (GEP-713): Gateways or HTTPRoutes in its own namespace.')

/** The same, and the namespace itself: the tenant whose routes live in it. */
export const routeOrTenantRefs = z.array(z.discriminatedUnion('kind', [
  z.strictObject({
    group: z.literal('gateway.networking.k8s.io').default('gateway.networking.k8s.io'), kind: z.enum(['Gateway', 'HTTPRoute']), name: objectName,
  }),
  z.strictObject({ group: z.literal('').default(''), kind: z.literal('Namespace'), name: objectName.describe('The policy\'s own namespace: all routes of the tenant.') }),
])).min(1).max(16).describe('What the policy applies to (GEP-713), in its own namespace. HTTPRoute before Namespace before Gateway.')

export type TargetRef = z.output<typeof targetRefs>[number]
