// Namespaces, each under the strictest of the pod security standards: what does not keep to it does not become a pod. Where a
// mesh puts its proxies into pods they must be let in: the container that turns traffic to them changes the pod's network.

import type { V1Namespace } from '@kubernetes/client-node'
import { runLabels, type Manifest } from './labels.ts'
import type { RegionPlan } from './region.ts'

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const podSecurity = (level: 'restricted' | 'privileged'): Record<string, string> =>
  Object.fromEntries(['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, level]))

/** Our own first, then those of the configuration, each once. */
export function namespaceNames({ namespaces: { system, ofConfig } }: Pick<RegionPlan, 'namespaces'>): string[] {
  return [...new Set([system, ...Object.values(ofConfig)])]
}

export function namespaces(plan: RegionPlan): Manifest<V1Namespace>[] {
  return namespaceNames(plan).map((name) => ({
    apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...runLabels(plan), ...podSecurity(plan.sidecars === undefined ? 'restricted' : 'privileged') } },
  }))
}
