// Pure: what kind is told about one cluster. One node a region, and nothing of it listens beyond loopback.

import { stringify } from 'yaml'
import type { ClusterSpec } from './clusters.ts'

/** The longest name that leaves room for `-control-plane` in a host name (RFC 1123: 63 characters a label). */
export const longestClusterName = 63 - '-control-plane'.length

/**
 * What a cluster does for itself while nothing happens: a drill shares the processors with it. One node that lives for
 * minutes has nobody to elect a leader against, and nothing on disk that has to survive its machine.
 */
const quiet = [
  {
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration',
    // Evidence is read from pod logs, and what is rotated out while an API server is away is lost.
    containerLogMaxSize: '500Mi', containerLogMonitorInterval: '5m',
  },
  {
    kind: 'ClusterConfiguration',
    controllerManager: { extraArgs: { 'leader-elect': 'false' } },
    scheduler: { extraArgs: { 'leader-elect': 'false' } },
    etcd: { local: { extraArgs: { 'unsafe-no-fsync': 'true' } } },
  },
  // How often it looks at the use of every container.
  { kind: 'InitConfiguration', nodeRegistration: { kubeletExtraArgs: { 'housekeeping-interval': '60s' } } },
]

export function kindConfig({ cni, publish }: Pick<ClusterSpec, 'cni' | 'publish'>): string {
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { apiServerAddress: '127.0.0.1', ...(cni === 'image' ? { disableDefaultCNI: true } : {}) },
    kubeadmConfigPatches: quiet.map((patch) => stringify(patch)),
    nodes: [{
      role: 'control-plane',
      extraPortMappings: publish.map(({ nodePort, port }) => ({ containerPort: nodePort, hostPort: port, listenAddress: '127.0.0.1', protocol: 'TCP' })),
    }],
  })
}
