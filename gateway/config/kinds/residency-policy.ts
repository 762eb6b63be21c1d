// Our own `ResidencyPolicy`: which regions may serve at all. Policies that reach one route intersect, and whatever
// cannot be resolved allows nothing: residency fails closed.

import { z } from 'zod'
import { metadata, regionName, status, targetRefs } from '../fields.ts'

export const residencyPolicyKind = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('ResidencyPolicy'),
  metadata,
  spec: z.strictObject({
    targetRefs,
    allowedJurisdictions: z.array(z.string().min(1)).optional()
      .describe('Only regions of these jurisdictions may serve. An empty list allows none.'),
    allowedRegions: z.array(regionName).optional()
      .describe('Only these regions may serve; with allowedJurisdictions both must hold. An empty list allows none.'),
    reason: z.string().min(1).max(256).describe('Told to clients that are refused, and to auditors: the law or contract behind it.'),
  }).refine((spec) => spec.allowedJurisdictions !== undefined || spec.allowedRegions !== undefined, {
    message: 'allows nothing and forbids nothing', params: { expected: 'allowedJurisdictions, allowedRegions, or both' },
  }),
  status,
}).meta({ title: 'ResidencyPolicy', description: 'Regatta\'s own policy: where data may be served. Not part of the Gateway API.' })

export type ResidencyPolicy = z.output<typeof residencyPolicyKind>
