// Who may call whom: nobody, but for what is listed here.
//
// Two things cannot be said in this language. "From outside the cluster": an address block that leaves the pods out
// needs their range, which a manifest does not know, so ports for edges and people are open to all and guarded by the
// token of the run. "From the API server": it calls out of the node's own network, which no label selects, so the
// control port of services is open in the same way. Egress stays open: a gateway dials the fault proxy, which stands on
// an address that a restart may change, and name servers whose namespace differs from cluster to cluster.

import type { KubernetesObject, V1NetworkPolicyPeer, V1NetworkPolicyPort, V1NetworkPolicySpec } from '@kubernetes/client-node'
import { runLabels, type Manifest, type Part } from './labels.ts'
import { gatewayPorts } from './gateway.ts'
import { namespaceNames } from './namespaces.ts'
import { serviceNamespaces } from './rbac.ts'
import { partLabel, podPorts, type RegionPlan } from './region.ts'

/** client-node calls `from` `_from` and renames it as it sends; what is here is what is sent, and written to files. */
interface IngressRule { from?: V1NetworkPolicyPeer[]; ports: V1NetworkPolicyPort[] }
interface NetworkPolicy extends KubernetesObject { spec: Omit<V1NetworkPolicySpec, 'ingress' | 'egress'> & { ingress: IngressRule[] } }

/** Set by the API server on every namespace. */
const namespaceNameLabel = 'kubernetes.io/metadata.name'

export function networkPolicies(plan: RegionPlan): Manifest<NetworkPolicy>[] {
  const { system } = plan.namespaces
  return [
    ...namespaceNames(plan).map((namespace) => policy(plan, 'deny-ingress', namespace, null, [])),
    // The admin port is mapped to loopback of this machine and needs the token of the run.
    policy(plan, 'gateway', system, 'gateway', [{ ports: gatewayPorts.map(({ port }) => tcp(port)) }]),
    policy(plan, 'control-plane', system, 'control-plane', [{ ports: [tcp(podPorts.controlPlane)] }]),
    ...serviceNamespaces(plan).map((namespace) => policy(plan, 'services', namespace, 'services', [
      { from: [{ namespaceSelector: { matchLabels: { [namespaceNameLabel]: system } }, podSelector: { matchLabels: { [partLabel]: 'gateway' } } }], ports: [endpoints(plan, namespace)] },
      { ports: [tcp(podPorts.servicesControl)] },
    ])),
  ]
}

const tcp = (port: number): V1NetworkPolicyPort => ({ protocol: 'TCP', port })

function endpoints({ services, namespaces }: RegionPlan, namespace: string): V1NetworkPolicyPort {
  const ports = services.filter(({ configNamespace }) => namespaces.ofConfig[configNamespace] === namespace)
    .flatMap(({ bootstrap }) => bootstrap.endpoints.map(({ port }) => port))
  return { ...tcp(Math.min(...ports)), endPort: Math.max(...ports) }
}

function policy(plan: RegionPlan, name: string, namespace: string, part: Part | null, ingress: IngressRule[]): Manifest<NetworkPolicy> {
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace, labels: runLabels(plan) },
    spec: { podSelector: part === null ? {} : { matchLabels: { [partLabel]: part } }, policyTypes: ['Ingress'], ingress },
  }
}
