// How everything of a run is marked, so that a person finds it and a removal takes exactly it.

import type { KubernetesObject, V1ObjectMeta } from '@kubernetes/client-node'
import { partLabel, runLabel, type RegionPlan } from './region.ts'

export type Part = 'gateway' | 'control-plane' | 'services'

/** An object that says what it is and where it stands: `KubernetesObject` leaves both open. */
export type Manifest<T extends KubernetesObject = KubernetesObject> = T & { apiVersion: string; kind: string; metadata: V1ObjectMeta & { name: string } }

export const runLabels = ({ run }: Pick<RegionPlan, 'run'>): Record<string, string> => ({
  'app.kubernetes.io/managed-by': 'regatta', 'app.kubernetes.io/part-of': 'regatta', [runLabel]: run,
})

export const partLabels = (plan: Pick<RegionPlan, 'run'>, part: Part, name: string = part): Record<string, string> => ({
  ...runLabels(plan), ...nameLabels(part, name),
})

/** Tells one workload from every other in its namespace; what selectors select by. A selector may not change later. */
export const nameLabels = (part: Part, name: string = part): Record<string, string> => ({ 'app.kubernetes.io/name': name, [partLabel]: part })
