// The gateway of a region: where clients, edges and other regions come in.

import type { V1Service, V1ServiceSpec } from '@kubernetes/client-node'
import { nameLabels, partLabels, type Manifest } from './labels.ts'
import { inServiceLabel, podPorts, type NodePorts, type RegionPlan } from './region.ts'
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

/**
 * Two Services. Clients are sent to a gateway that its probes call ready. Edges, other regions and the runner judge for
 * themselves, four times a second, whether it serves; the kubelet's slower word must not come between them.
 */
export function gatewayServices(plan: RegionPlan): Manifest<V1Service>[] {
  return [
    gatewayService(plan, 'gateway', ['ingress'], {}),
    gatewayService(plan, 'gateway-peers', ['eastWest', 'admin'], { publishNotReadyAddresses: true }),
  ]
}

function gatewayService(plan: RegionPlan, name: string, which: readonly (keyof NodePorts)[], more: Partial<V1ServiceSpec>): Manifest<V1Service> {
  return {
    apiVersion: 'v1', kind: 'Service',
    metadata: { name, namespace: plan.namespaces.system, labels: partLabels(plan, 'gateway') },
    spec: {
      type: 'NodePort',
      // `Local` would drop packets while there is no gateway, and Toxiproxy, which dials in its accept loop, would then
      // hang for minutes. With `Cluster` they are refused.
      externalTrafficPolicy: 'Cluster',
      selector: { ...nameLabels('gateway'), [inServiceLabel]: 'true' },
      ports: gatewayPorts.filter(({ of }) => which.includes(of)).map(({ name: port, port: number, of }) => ({
        name: port, port: number, targetPort: port, protocol: 'TCP', ...(plan.nodePorts === null ? {} : { nodePort: plan.nodePorts[of] }),
      })),
      ...more,
    },
  }
}
