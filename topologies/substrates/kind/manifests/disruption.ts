// What the cluster may do to a workload of its own accord. Each has one replica, so a budget that kept one available would
// forbid every drain of a node: one may go, and the drill that evicts it finds out what that costs.

import type { V1PodDisruptionBudget } from '@kubernetes/client-node'
import { nameLabels, partLabels, type Manifest } from './labels.ts'
import type { RegionPlan } from './region.ts'
import type { Workload } from './workload.ts'

export function disruptionBudget(plan: RegionPlan, { part, name, namespace }: Workload): Manifest<V1PodDisruptionBudget> {
  return {
    apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace, labels: partLabels(plan, part, name) },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: nameLabels(part, name) },
      // Counted as unavailable already, so moving it away takes nothing from anybody.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  }
}
