// Multi-Cluster Services API `ServiceImport` (KEP-1645): a service that several clusters export under one name.

import { z } from 'zod'
import { metadata, portNumber, status } from '../fields.ts'

export const serviceImportKind = z.strictObject({
  apiVersion: z.enum(['multicluster.x-k8s.io/v1alpha1', 'multicluster.x-k8s.io/v1beta1']),
  kind: z.literal('ServiceImport'),
  metadata,
  spec: z.strictObject({
    type: z.enum(['ClusterSetIP', 'Headless']).default('ClusterSetIP'),
    ports: z.array(z.strictObject({
      name: z.string().optional(),
      protocol: z.literal('TCP').default('TCP'),
      appProtocol: z.string().optional(),
      port: portNumber,
    })).min(1),
    ips: z.array(z.string()).optional().describe('Written by a cluster; ignored, gateways dial endpoints.'),
  }),
  status,
}).meta({ title: 'ServiceImport', description: 'Multi-Cluster Services API ServiceImport.' })

export type ServiceImport = z.output<typeof serviceImportKind>
