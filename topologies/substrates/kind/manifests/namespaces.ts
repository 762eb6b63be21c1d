// Namespaces, each under the strictest of the pod security standards: what does not keep to it does not become a pod.

import type { V1Namespace } from '@kubernetes/client-node'
import { runLabels, type Manifest } from './labels.ts'
import type { RegionPlan } from './region.ts'

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const podSecurity = Object.fromEntries(['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']))

/** Our own first, then those of the configuration, each once. */
export function namespaceNames({ namespaces: { system, ofConfig } }: Pick<RegionPlan, 'namespaces'>): string[] {
  return [...new Set([system, ...Object.values(ofConfig)])]
}

export function namespaces(plan: RegionPlan): Manifest<V1Namespace>[] {
  return namespaceNames(plan).map((name) => ({
    apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...runLabels(plan), ...podSecurity } },
  }))
}
