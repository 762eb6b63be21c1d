// What joins the clusters of a mesh: the shared root, the gateway that lets other networks in, and what istiod needs to read
// another cluster's endpoints.

import type { MeshAuthority } from '../certificates.ts'
import type { MeshObject } from '../kubernetes-objects.ts'
import { eastWestPort, rootNamespace } from './plan-values.ts'

/** Made by the base chart; it may read services, endpoints and pods, and change nothing. */
export const readerAccount = 'istio-reader-service-account'
export const readerToken = 'istio-reader-token'

/** Istiod says whose network it is by the label on its own namespace. */
export function rootNamespaceObject(region: string, labels: Record<string, string>): MeshObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: rootNamespace, labels: { ...labels, 'topology.istio.io/network': region } } }
}

/** istio.io, Plug in CA Certificates: istiod signs with this instead of an authority of its own making. */
export function authoritySecret({ caCert, caKey, rootCert, certChain }: MeshAuthority): MeshObject {
  return {
    apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cacerts', namespace: rootNamespace }, type: 'Opaque',
    stringData: { 'ca-cert.pem': caCert, 'ca-key.pem': caKey, 'root-cert.pem': rootCert, 'cert-chain.pem': certChain },
  }
}

/** Lets workloads of other networks in by the name in their handshake, which stays encrypted end to end. */
export function crossNetworkGateway(): MeshObject {
  return {
    apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata: { name: 'cross-network-gateway', namespace: rootNamespace },
    spec: {
      selector: { istio: 'eastwestgateway' },
      servers: [{ port: { number: eastWestPort, name: 'tls', protocol: 'TLS' }, tls: { mode: 'AUTO_PASSTHROUGH' }, hosts: ['*.local'] }],
    },
  }
}

/** Asks the API server for a token of the reader; it appears under `data` of the same Secret. */
export function readerTokenSecret(): MeshObject {
  return {
    apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token',
    metadata: { name: readerToken, namespace: rootNamespace, annotations: { 'kubernetes.io/service-account.name': readerAccount } },
  }
}

export interface RemoteCluster {
  /** Name of the cluster that is to be read, which is its region's. */
  cluster: string
  /** As the reading istiod dials it, such as `https://172.18.0.5:20031`. */
  server: string
  /** A name that the API server's certificate carries, because the address belongs to a proxy in between. */
  tlsServerName: string
  token: string
  /** Base64 of PEM, as in a kubeconfig. */
  caData: string
}

/** To be applied in the reading cluster. JSON is YAML, and the form that a kubeconfig may have. */
export function remoteSecret({ cluster, server, tlsServerName, token, caData }: RemoteCluster): MeshObject {
  const kubeconfig = {
    apiVersion: 'v1', kind: 'Config', 'current-context': cluster,
    clusters: [{ name: cluster, cluster: { server, 'tls-server-name': tlsServerName, 'certificate-authority-data': caData } }],
    users: [{ name: cluster, user: { token } }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
  }
  return {
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque',
    metadata: { name: `istio-remote-secret-${cluster}`, namespace: rootNamespace, labels: { 'istio/multiCluster': 'true' }, annotations: { 'networking.istio.io/cluster': cluster } },
    stringData: { [cluster]: JSON.stringify(kubeconfig) },
  }
}
