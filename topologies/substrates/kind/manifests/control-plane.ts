// The control plane of a region: one at a time, because two would answer for the same revision.

import type { V1Service } from '@kubernetes/client-node'
import { nameLabels, partLabels, type Manifest } from './labels.ts'
import { inServiceLabel, podPorts, type RegionPlan } from './region.ts'
import type { Workload } from './workload.ts'

const defaultStateDir = '/var/lib/regatta'
export const controlPlanePort = 'control-plane'

export function controlPlaneWorkload({ namespaces, images, controlPlane }: RegionPlan): Workload {
  return {
    part: 'control-plane', name: 'control-plane', namespace: namespaces.system, image: images.gateway, program: 'control-plane.mjs',
    bootstrap: controlPlane, stateDir: controlPlane.stateDir ?? defaultStateDir,
    ports: [{ name: controlPlanePort, containerPort: podPorts.controlPlane, protocol: 'TCP' }],
    health: { port: controlPlanePort, live: '/healthz', ready: '/readyz' },
    cpuRequest: '50m', memory: { request: '96Mi', limit: '384Mi' }, replacement: 'Recreate', speaksToApiServer: true,
  }
}

/** For the gateway of the cluster by name, for edges outside it by any node's port. */
export function controlPlaneService(plan: RegionPlan): Manifest<V1Service> {
  return {
    apiVersion: 'v1', kind: 'Service',
    metadata: { name: 'control-plane', namespace: plan.namespaces.system, labels: partLabels(plan, 'control-plane') },
    spec: {
      type: 'NodePort',
      selector: { ...nameLabels('control-plane'), [inServiceLabel]: 'true' },
      ports: [{
        name: controlPlanePort, port: podPorts.controlPlane, targetPort: controlPlanePort, protocol: 'TCP',
        ...(plan.nodePorts === null ? {} : { nodePort: plan.nodePorts.controlPlane }),
      }],
    },
  }
}
