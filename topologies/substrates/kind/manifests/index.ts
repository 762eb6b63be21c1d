// Everything that one region's cluster is asked to run, as Kubernetes objects, in the order in which they need each
// other. Pure: the same plan gives the same objects.

import type { KubernetesObject } from '@kubernetes/client-node'
import { controlPlaneService, controlPlaneWorkload } from './control-plane.ts'
import { disruptionBudget } from './disruption.ts'
import { gatewayServices, gatewayWorkload } from './gateway.ts'
import type { Manifest } from './labels.ts'
import { namespaces } from './namespaces.ts'
import { networkPolicies } from './network-policies.ts'
import { roles, serviceAccounts } from './rbac.ts'
import type { RegionPlan } from './region.ts'
import { services, servicesWorkloads } from './services.ts'
import { bootstrapSecret, deployment } from './workload.ts'

export function regionManifests(plan: RegionPlan): Manifest<KubernetesObject>[] {
  // Services first: while they start the gateway looks for its control plane, and the control plane for the API server.
  const workloads = [...servicesWorkloads(plan), controlPlaneWorkload(plan), gatewayWorkload(plan)]
  return [
    ...namespaces(plan),
    ...serviceAccounts(plan),
    ...roles(plan),
    ...networkPolicies(plan),
    ...gatewayServices(plan), controlPlaneService(plan), ...services(plan),
    ...workloads.map((workload) => bootstrapSecret(plan, workload)),
    ...workloads.map((workload) => disruptionBudget(plan, workload)),
    ...workloads.map((workload) => deployment(plan, workload)),
  ]
}
