// Our own `FailoverPolicy`, attached the GEP-713 way. On a Gateway it sets the health settings and the defaults of
// every route below; on an HTTPRoute it sets that route's failover, field by field over the Gateway's.

import { z } from 'zod'
import { durationUs } from '../duration.ts'
import { metadata, regionName, status, targetRefs } from '../fields.ts'

const share = z.number().min(0).max(1)
const count = z.int().min(1)

const health = z.strictObject({
  outlier: z.strictObject({
    connectionFailures: count.optional().describe('Refused, reset or timed-out connections in a row that eject.'),
    consecutive5xx: count.optional().describe('5xx responses in a row that eject.'),
    counterReset: durationUs.optional().describe('Counters start again each time this passes; 0s = only a success resets them.'),
    maxEjectedShare: share.optional().describe('Highest share of a service\'s targets that may be ejected; 1 = a whole region may go.'),
    panicShare: share.optional().describe('Below this healthy share health is ignored inside the allowed set; 0 = never.'),
  }).optional().describe('Passive detection.'),
  silence: z.strictObject({
    minOutstanding: count.optional(),
    p99Multiple: z.number().positive().optional(),
    min: durationUs.optional(),
    max: durationUs.optional(),
  }).optional()
    .describe('No byte back for clamp(p99Multiple × recent p99, min, max) with at least minOutstanding requests out = suspect.'),
  probe: z.strictObject({
    interval: durationUs.optional(),
    minTimeout: durationUs.optional(),
    p99Margin: durationUs.optional(),
    misses: count.optional(),
    maxPerSecond: z.number().positive().optional(),
  }).optional().describe('Active detection.'),
  retry: z.strictObject({
    budgetShare: share.optional(),
    budgetWindow: durationUs.optional(),
    minPerSecond: z.number().min(0).optional(),
  }).optional().describe('Budget of retries and hedges for the whole gateway.'),
  recovery: z.strictObject({
    successes: count.optional(),
    min: durationUs.optional(),
    ramp: durationUs.optional(),
    rampStart: share.optional(),
  }).optional().describe('How an ejected target comes back.'),
  overprovisioning: z.number().min(1).optional(),
  maxLoopLag: durationUs.optional().describe('A verdict reached while the event loop was later than this is discarded.'),
  failoverOwner: z.enum(['gateway', 'mesh']).optional()
    .describe('mesh: services that fail are left to the mesh behind the gateway; links to other regions stay the gateway\'s. Default: gateway.'),
})

export const failoverPolicyKind = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('FailoverPolicy'),
  metadata,
  spec: z.strictObject({
    targetRefs,
    enabled: z.boolean().optional().describe('false: every request goes to the nearest allowed region, whatever its health, once.'),
    prefer: z.array(regionName).optional().describe('Regions in preferred order; none = by measured latency.'),
    maxAttempts: z.int().min(1).max(10).optional().describe('Upstream attempts of one request in all, the first included.'),
    maxBodyBytes: z.int().min(0).max(16 * 1024 * 1024).optional()
      .describe('Bodies up to this size are kept, so that the request may be sent again.'),
    health: health.optional().describe('Detection and recovery, one set a gateway. Only on a Gateway.'),
  }).superRefine((spec, context) => {
    if (spec.health === undefined || spec.targetRefs.every(({ kind }) => kind === 'Gateway')) return
    context.addIssue({
      code: 'custom', path: ['health'], message: 'may not be set on an HTTPRoute',
      params: {
        expected: 'health on a policy whose targetRefs are all Gateways',
        hint: 'health is kept once for all routes of a gateway: attach a second FailoverPolicy to the Gateway',
      },
    })
  }),
  status,
}).meta({
  title: 'FailoverPolicy',
  description: 'Regatta\'s own policy: how requests leave a failing region. Not part of the Gateway API.',
})

export type FailoverPolicy = z.output<typeof failoverPolicyKind>
export type HealthSpec = z.output<typeof health>
