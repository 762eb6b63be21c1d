// What joins the clusters of a mesh: a Link a peer, with its credentials and this region's own way to its gateway.

import type { MeshObject } from '../kubernetes-objects.ts'
import type { LinkerdSettings } from './plan-settings.ts'

export const multiclusterNamespace = 'linkerd-multicluster'
export const gatewayName = 'linkerd-gateway'
/** On a Service: peers mirror it. */
export const exportedLabel = 'mirror.linkerd.io/exported'
/** Whose token a peer's credentials carry; made by the multicluster chart. */
export const mirrorAccount = 'linkerd-service-mirror-remote-access-default'

/** One region's own way to a peer's gateway: one host, because a Link has one address for requests and probes. */
export interface GatewayWay { host: string; port: number; probePort: number }

export function identityOf(account: string, namespace: string, trustDomain: string): string {
  return `${account}.${namespace}.serviceaccount.identity.linkerd.${trustDomain}`
}

export function credentialsName(peer: string): string {
  return `cluster-credentials-${peer}`
}

export function link(peer: string, { host, port, probePort }: GatewayWay, trustDomain: string, { probe }: LinkerdSettings): MeshObject {
  return {
    apiVersion: 'multicluster.linkerd.io/v1alpha2', kind: 'Link', metadata: { name: peer, namespace: multiclusterNamespace },
    spec: {
      targetClusterName: peer, targetClusterDomain: 'cluster.local', targetClusterLinkerdNamespace: 'linkerd', clusterCredentialsSecret: credentialsName(peer),
      gatewayAddress: host, gatewayPort: String(port), gatewayIdentity: identityOf(gatewayName, multiclusterNamespace, trustDomain),
      probeSpec: { path: '/ready', port: String(probePort), period: `${probe.periodS}s`, timeout: `${probe.timeoutMs}ms`, failureThreshold: String(probe.failures) },
      selector: { matchLabels: { [exportedLabel]: 'true' } },
    },
  }
}

export interface PeerCluster {
  peer: string
  server: string
  /** A name that the API server's certificate carries, because the address belongs to a proxy in between. */
  tlsServerName: string
  token: string
  /** Base64 of PEM, as in a kubeconfig. */
  caData: string
}

/** For the namespace of the mirror and that of the destination controller. JSON is YAML. */
export function credentials({ peer, server, tlsServerName, token, caData }: PeerCluster): MeshObject[] {
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': peer,
    clusters: [{ name: peer, cluster: { server, 'tls-server-name': tlsServerName, 'certificate-authority-data': caData } }],
    users: [{ name: peer, user: { token } }], contexts: [{ name: peer, context: { cluster: peer, user: peer } }],
  })
  return [multiclusterNamespace, 'linkerd'].map((namespace) => ({
    apiVersion: 'v1', kind: 'Secret', type: 'mirror.linkerd.io/remote-kubeconfig',
    metadata: { name: credentialsName(peer), namespace, labels: { 'multicluster.linkerd.io/cluster-name': peer }, annotations: { 'multicluster.linkerd.io/cluster-domain': 'cluster.local' } },
    stringData: { kubeconfig },
  }))
}
