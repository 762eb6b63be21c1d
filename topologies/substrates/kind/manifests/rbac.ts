// Who may do what: an account for each part, and rights for the control plane alone, namespace by namespace. Gateways
// and services never speak to the API server, so they are not given a token to lose.

import type { V1Role, V1RoleBinding, V1ServiceAccount } from '@kubernetes/client-node'
import { controlPlaneRules, type PolicyRule } from '../../../../gateway/controlplane/kubernetes/rules.ts'
import { partLabels, runLabels, type Manifest, type Part } from './labels.ts'
import type { RegionPlan } from './region.ts'

const rbacVersion = 'rbac.authorization.k8s.io/v1'
const rbacGroup = 'rbac.authorization.k8s.io'

export function serviceAccounts(plan: RegionPlan): Manifest<V1ServiceAccount>[] {
  const { system } = plan.namespaces
  const account = (part: Part, namespace: string, name: string = part): Manifest<V1ServiceAccount> => ({
    apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels: partLabels(plan, part) },
    // Pods say for themselves whether they take the token; nothing else in the namespace does.
    automountServiceAccountToken: false,
  })
  return [account('gateway', system), account('control-plane', system), ...accountsOfServices(plan).map(([namespace, name]) => account('services', namespace, name))]
}

function accountsOfServices({ services, namespaces }: RegionPlan): [namespace: string, name: string][] {
  const all = services.map(({ configNamespace, account = 'services' }) => `${namespaces.ofConfig[configNamespace]}/${account}`)
  return [...new Set(all)].map((one) => one.split('/') as [string, string])
}

/** Namespaces of the cluster in which services run. */
export function serviceNamespaces({ services, namespaces }: RegionPlan): string[] {
  return [...new Set(services.map(({ configNamespace }) => namespaces.ofConfig[configNamespace]))]
}

export function roles(plan: RegionPlan): Manifest<V1Role | V1RoleBinding>[] {
  const { system, ofConfig } = plan.namespaces
  return [
    ...granted(plan, 'control-plane', system, controlPlaneRules.system),
    ...[...new Set(Object.values(ofConfig))].flatMap((namespace) => granted(plan, 'control-plane-config', namespace, controlPlaneRules.config)),
  ]
}

function granted(plan: RegionPlan, name: string, namespace: string, rules: PolicyRule[]): Manifest<V1Role | V1RoleBinding>[] {
  const metadata = { name, namespace, labels: runLabels(plan) }
  return [
    { apiVersion: rbacVersion, kind: 'Role', metadata, rules },
    {
      apiVersion: rbacVersion, kind: 'RoleBinding', metadata,
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: 'control-plane', namespace: plan.namespaces.system }],
    },
  ]
}
