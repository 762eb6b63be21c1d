// Pure: what kind is told about one cluster. One node a region, and nothing of it listens beyond loopback.

import { stringify } from 'yaml'
import type { ClusterSpec } from './clusters.ts'

/** The longest name that leaves room for `-control-plane` in a host name (RFC 1123: 63 characters a label). */
export const longestClusterName = 63 - '-control-plane'.length

export function kindConfig({ cni, publish }: Pick<ClusterSpec, 'cni' | 'publish'>): string {
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { apiServerAddress: '127.0.0.1', ...(cni === 'image' ? { disableDefaultCNI: true } : {}) },
    // Evidence is read from pod logs, and what is rotated out while an API server is away is lost.
    kubeadmConfigPatches: [stringify({ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', containerLogMaxSize: '500Mi' })],
    nodes: [{
      role: 'control-plane',
      extraPortMappings: publish.map(({ nodePort, port }) => ({ containerPort: nodePort, hostPort: port, listenAddress: '127.0.0.1', protocol: 'TCP' })),
    }],
  })
}
