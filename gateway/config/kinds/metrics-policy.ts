// Our own `MetricsPolicy`: labels that metrics of requests take from the message, attached the GEP-713 way to a route, to a
// tenant's namespace or to a Gateway. The most specific one is in force, whole.

import { z } from 'zod'
import { metadata, routeOrTenantRefs, status } from '../fields.ts'
import { reservedLabels } from '../../telemetry/red/series-set.ts'

/** RFC 9110, section 5.6.2. */
const headerName = z.string().max(256).regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, 'the name of a header')
const nothing = z.strictObject({})

/** Prometheus data model: label names; those that begin with __ are its own. */
const labelName = z.string().max(64).regex(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/, 'letters, digits and _, not starting with a digit or __')
  .refine((name) => !reservedLabels.includes(name), {
    message: 'is a label that every series has', params: { expected: `none of ${reservedLabels.join(', ')}`, hint: 'choose another name' },
  })

const label = z.strictObject({
  name: labelName.describe('As it stands in the metrics.'),
  from: z.strictObject({
    requestHeader: headerName.optional(),
    responseHeader: headerName.optional(),
    graphqlOperation: nothing.optional().describe('Name of the operation that is asked for.'),
    grpcStatus: nothing.optional().describe('From trailers, or from the head of a response without a body.'),
  }).refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, {
    message: 'does not name one source', params: { expected: 'one of requestHeader, responseHeader, graphqlOperation, grpcStatus' },
  }).describe('Where its value comes from; a message without it has an empty one.'),
  maxValues: z.int().min(1).max(1000).default(50).describe('Values beyond so many are counted in the overflow series. Default: 50.'),
})

export const metricsPolicyKind = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('MetricsPolicy'),
  metadata,
  spec: z.strictObject({
    targetRefs: routeOrTenantRefs,
    labels: z.array(label).min(1).max(8).superRefine((labels, context) => {
      labels.forEach(({ name }, index) => {
        if (labels.findIndex((other) => other.name === name) === index) return
        context.addIssue({ code: 'custom', path: [index, 'name'], message: 'stands twice', params: { expected: 'each name once' } })
      })
    }).describe('Each multiplies the number of series: prefer few values.'),
  }),
  status,
}).meta({ title: 'MetricsPolicy', description: 'Regatta\'s own policy: labels that metrics take from messages. Not part of the Gateway API.' })

export type MetricsPolicy = z.output<typeof metricsPolicyKind>
export type MetricsLabel = MetricsPolicy['spec']['labels'][number]
