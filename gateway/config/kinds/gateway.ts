// Gateway API `Gateway`: the listeners that routes attach to. Every process of the federation serves every Gateway;
// listener ports are those of the cluster and are not opened here (the bootstrap says what a process listens on).

import { z } from 'zod'
import { hostname, metadata, portNumber, status } from '../fields.ts'

const listener = z.strictObject({
  name: z.string().min(1).max(253).describe('Unique in the Gateway; `sectionName` of a parentRef points to it.'),
  hostname: hostname.optional().describe('Only hosts below it are served; absent = every host.'),
  port: portNumber,
  protocol: z.literal('HTTP').describe('HTTP only: TLS is not terminated here.'),
  allowedRoutes: z.strictObject({
    namespaces: z.strictObject({
      from: z.enum(['Same', 'All']).default('Same')
        .describe('Which namespaces may attach routes. `Selector` needs a cluster and is refused.'),
    }).prefault({}),
    kinds: z.array(z.strictObject({
      group: z.literal('gateway.networking.k8s.io').default('gateway.networking.k8s.io'),
      kind: z.literal('HTTPRoute'),
    })).max(8).optional(),
  }).prefault({}),
})

export const gatewayKind = z.strictObject({
  apiVersion: z.enum(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1']),
  kind: z.literal('Gateway'),
  metadata,
  spec: z.strictObject({
    gatewayClassName: z.string().min(1).max(253),
    listeners: z.array(listener).min(1).max(64).superRefine((listeners, context) => {
      listeners.forEach(({ name }, index) => {
        if (listeners.findIndex((other) => other.name === name) === index) return
        context.addIssue({
          code: 'custom', path: [index, 'name'], message: 'is already taken', params: { expected: 'a name that no other listener has' },
        })
      })
    }),
  }),
  status,
}).meta({ title: 'Gateway', description: 'Kubernetes Gateway API v1 Gateway.' })

export type Gateway = z.output<typeof gatewayKind>
export type Listener = z.output<typeof listener>
