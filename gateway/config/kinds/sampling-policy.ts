// Our own `SamplingPolicy`: which traces are kept, attached the GEP-713 way to a route, to a tenant's namespace or to a Gateway.
// The most specific one is in force, whole: what it leaves out has its default, and is not taken from a wider one.

import { z } from 'zod'
import { durationUs } from '../duration.ts'
import { metadata, routeOrTenantRefs, status } from '../fields.ts'
import { protocols } from '../../protocols/index.ts'
import { promotionReasons } from '../../telemetry/spans/span.ts'

const nothing = z.strictObject({})

const sampler = z.strictObject({
  alwaysOn: nothing.optional().describe('Every trace is kept.'),
  alwaysOff: nothing.optional().describe('None is; trace context is passed on.'),
  probability: z.strictObject({ probability: z.number().min(0).max(1) }).optional().describe('Each with this probability, the same traces at all gateways (`ot=th`).'),
  adaptive: z.strictObject({
    spansPerSecond: z.number().positive().max(1_000_000).describe('Budget of one gateway for all that the policy reaches.'),
    window: durationUs.default(15_000_000).describe('Averages of arrivals are taken over it. Default: 15s.'),
    burst: z.number().min(1).max(100).default(2).describe('At so many times the expected arrivals it acts at once. Default: 2.'),
  }).optional().describe('As many as a budget of spans a second allows, by tenant and route.'),
}).refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, {
  message: 'does not name one sampler', params: { expected: 'one of alwaysOn, alwaysOff, probability, adaptive' },
})

export const samplingPolicyKind = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('SamplingPolicy'),
  metadata,
  spec: z.strictObject({
    targetRefs: routeOrTenantRefs,
    protocols: z.array(z.enum(Object.keys(protocols) as [string, ...string[]])).min(1).optional()
      .describe('Only requests over these protocols; on one target it is before a policy without. Default: all.'),
    sampler,
    retroactive: z.strictObject({
      keep: z.array(z.enum(promotionReasons)).min(1).default([...promotionReasons]).describe('Default: all of them.'),
      slow: durationUs.default(500_000).describe('A request that takes longer is slow. Default: 500ms.'),
    }).optional().describe('Traces that are not sampled wait in a ring and are kept after the fact when one of these shows.'),
    anomaly: z.strictObject({
      factor: z.number().min(1).max(10_000).default(10).describe('The rate is multiplied by it. Default: 10.'),
      halfLife: durationUs.default(8_000_000).describe('Of the way back. Default: 8s.'),
    }).optional().describe('Raises the rate while errors, latency or traffic are out of the ordinary.'),
    honourClients: z.boolean().default(false).describe('Obeys the sampled flag of clients. Default: only that of gateways.'),
  }),
  status,
}).meta({ title: 'SamplingPolicy', description: 'Regatta\'s own policy: which traces are kept. Not part of the Gateway API.' })

export type SamplingPolicy = z.output<typeof samplingPolicyKind>
