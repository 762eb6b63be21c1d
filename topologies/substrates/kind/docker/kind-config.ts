// Pure: what kind is told about one cluster. One node a region, and nothing of it listens beyond loopback.

import { stringify } from 'yaml'
import type { ClusterSpec } from './clusters.ts'
import { kubeadmPatches, patchesFolder, patchesPatch } from './quiet.ts'

/** The longest name that leaves room for `-control-plane` in a host name (RFC 1123: 63 characters a label). */
export const longestClusterName = 63 - '-control-plane'.length

/** `patches`: folder of this machine with patches for kubeadm; null where the daemon does not see this machine's files. */
export function kindConfig({ cni, publish }: Pick<ClusterSpec, 'cni' | 'publish'>, patches: string | null): string {
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { apiServerAddress: '127.0.0.1', ...(cni === 'image' ? { disableDefaultCNI: true } : {}) },
    kubeadmConfigPatches: [...kubeadmPatches, ...patches === null ? [] : [patchesPatch]].map((patch) => stringify(patch)),
    nodes: [{
      role: 'control-plane',
      extraPortMappings: publish.map(({ nodePort, port }) => ({ containerPort: nodePort, hostPort: port, listenAddress: '127.0.0.1', protocol: 'TCP' })),
      ...patches === null ? {} : { extraMounts: [{ hostPath: patches, containerPath: patchesFolder, readOnly: true }] },
    }],
  })
}
