// Gateway API `ReferenceGrant`: the owner of a namespace lets routes of another one use its services.

import { z } from 'zod'
import { metadata, namespaceName, objectName } from '../fields.ts'

export const referenceGrantKind = z.strictObject({
  apiVersion: z.enum(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1']),
  kind: z.literal('ReferenceGrant'),
  metadata,
  spec: z.strictObject({
    from: z.array(z.strictObject({
      group: z.literal('gateway.networking.k8s.io'),
      kind: z.literal('HTTPRoute'),
      namespace: namespaceName,
    })).min(1).max(16),
    to: z.array(z.strictObject({
      group: z.enum(['', 'multicluster.x-k8s.io']),
      kind: z.enum(['Service', 'ServiceImport']),
      name: objectName.optional().describe('Absent = every object of that kind in the namespace.'),
    })).min(1).max(16),
  }),
}).meta({ title: 'ReferenceGrant', description: 'Kubernetes Gateway API ReferenceGrant.' })

export type ReferenceGrant = z.output<typeof referenceGrantKind>
