// The gateway of a region: where clients, edges and other regions come in.

import type { V1Service } from '@kubernetes/client-node'
import { nameLabels, partLabels, type Manifest } from './labels.ts'
import { inServiceLabel, podPorts, type RegionPlan } from './region.ts'
import type { Workload } from './workload.ts'

export const gatewayPorts = [
  { name: 'ingress', port: podPorts.ingress, of: 'ingress' },
  { name: 'east-west', port: podPorts.eastWest, of: 'eastWest' },
  { name: 'admin', port: podPorts.admin, of: 'admin' },
] as const

export function gatewayWorkload({ namespaces, images, gateway }: RegionPlan): Workload {
  return {
    part: 'gateway', name: 'gateway', namespace: namespaces.system, image: images.gateway, program: 'gateway.mjs',
    // So that a drill can force a collection and see what it costs.
    flags: ['--expose-gc'],
    bootstrap: gateway, stateDir: gateway.stateDir,
    ports: gatewayPorts.map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
    health: { port: 'admin', live: '/healthz', ready: '/readyz' },
    cpuRequest: '100m', memory: { request: '96Mi', limit: '512Mi' }, replacement: 'RollingUpdate',
  }
}

export function gatewayService(plan: RegionPlan): Manifest<V1Service> {
  return {
    apiVersion: 'v1', kind: 'Service',
    metadata: { name: 'gateway', namespace: plan.namespaces.system, labels: partLabels(plan, 'gateway') },
    spec: {
      type: 'NodePort',
      // Only the node where the gateway runs answers: no second hop, and the gateway sees who calls.
      externalTrafficPolicy: 'Local',
      selector: { ...nameLabels('gateway'), [inServiceLabel]: 'true' },
      ports: gatewayPorts.map(({ name, port, of }) => ({
        name, port, targetPort: name, protocol: 'TCP', ...(plan.nodePorts === null ? {} : { nodePort: plan.nodePorts[of] }),
      })),
    },
  }
}
