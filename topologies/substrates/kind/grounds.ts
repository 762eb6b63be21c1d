// The ground that a region stands on: a cluster that the run makes, or one that was there before. What comes after
// does not know which.

import { topologyError } from '../../errors.ts'
import type { ClusterOptions } from '../../substrate.ts'
import type { Region, Topology } from '../../topology.ts'
import { openRegionApi } from './api/client.ts'
import type { RegionApi } from './api/api.ts'
import type { Clusters } from './docker/clusters.ts'
import type { Docker } from './docker/docker.ts'
import { cannotLoad, kindNameOf } from './existing.ts'
import { fixedNodePorts, partLabel, type NodePorts } from './manifests/region.ts'
import { openNodes, type Nodes } from './nodes.ts'

export interface Ground {
  region: string
  context: string
  kubeconfig: string
  api: RegionApi
  /** null where the machines belong to somebody else. */
  nodes: Nodes | null
}

export const apiOf = (grounds: readonly Ground[], { region }: { region: string }): RegionApi => grounds.find((ground) => ground.region === region)!.api

export interface Grounds {
  /** Makes or finds the cluster of a region and waits until its API server answers. */
  provide(region: Region, signal: AbortSignal): Promise<Ground>
  /** Puts images into its nodes. */
  load(ground: Ground, images: string[], signal: AbortSignal): Promise<void>
  /** A node and its ports, as the fault proxy's container dials them; known when the workloads run. */
  reach(ground: Ground, systemNamespace: string): Promise<{ host: string; nodePorts: NodePorts }>
}

export interface OwnParts {
  topology: Topology
  run: string
  network: string
  docker: Docker
  clusters: Clusters
  options: ClusterOptions
  workDir: string
  /** Ports of this machine for a region's ingress and admin. */
  published: Record<string, { ingress: number; admin: number }>
  /** Noted before it is made. */
  claimCluster(name: string): void
}

/** How long a cluster may take, and then its workloads, milliseconds. */
export const readyTimeoutOf = ({ readyTimeoutMs = 180_000 }: ClusterOptions): number => readyTimeoutMs

/** Name of a region's cluster: the run's name keeps it apart from everybody else's. */
export const clusterName = (run: string, region: string): string => `${run}-${region}`

export function ownGrounds({ topology, run, network, docker, clusters, options, workDir, published, claimCluster }: OwnParts): Grounds {
  return {
    async provide({ name: region }, signal) {
      const name = clusterName(run, region)
      const { ingress, admin } = published[region]
      claimCluster(name)
      const made = await clusters.create({
        name, network, nodeImage: options.nodeImage ?? null, cni: topology.clusters.cni, readyTimeoutMs: readyTimeoutOf(options),
        publish: [{ nodePort: fixedNodePorts.ingress, port: ingress }, { nodePort: fixedNodePorts.admin, port: admin }],
        kubeconfig: `${workDir}/${region}.kubeconfig`,
      }, signal)
      const api = await openRegionApi({ region, kubeconfig: made.kubeconfig, context: made.context })
      return { region, context: made.context, kubeconfig: made.kubeconfig, api, nodes: openNodes(docker, region, made.nodes) }
    },
    load: ({ region }, images) => clusters.load(clusterName(run, region), images),
    reach: async ({ region }) => ({ host: `${clusterName(run, region)}-control-plane`, nodePorts: fixedNodePorts }),
  }
}

export interface ExistingParts {
  options: ClusterOptions
  /** null when no kind is here; then images must be in the clusters, or to be pulled by them. */
  clusters: Clusters | null
}

export function existingGrounds({ options, clusters }: ExistingParts): Grounds {
  const { contexts = {}, kubeconfig = '' } = options
  return {
    async provide({ name: region }) {
      const context = contexts[region]
      const api = await openRegionApi({ region, kubeconfig, context })
      await api.version()
      return { region, context, kubeconfig, api, nodes: null }
    },
    async load({ context, region }, images) {
      const name = kindNameOf(context)
      if (clusters === null || name === null) throw cannotLoad(region, context)
      return clusters.load(name, images)
    },
    async reach({ api, region }, systemNamespace) {
      const ports = async (name: string): Promise<Map<string, number>> => {
        const service = await api.read({ apiVersion: 'v1', kind: 'Service', namespace: systemNamespace, name }) as ServicePorts | null
        return new Map(service?.spec.ports.map((port) => [port.name, port.nodePort]))
      }
      const [gateway, peers, controlPlane, host] = await Promise.all([ports('gateway'), ports('gateway-peers'), ports('control-plane'), nodeAddress(api, region, systemNamespace)])
      const port = (from: Map<string, number>, name: string): number => {
        const found = from.get(name)
        if (found === undefined) throw topologyError('RGT_KUBERNETES', `the API server of ${region} gave no node port for ${name}`)
        return found
      }
      return {
        host,
        nodePorts: { ingress: port(gateway, 'ingress'), eastWest: port(peers, 'east-west'), admin: port(peers, 'admin'), controlPlane: port(controlPlane, 'control-plane') },
      }
    },
  }
}

/** Of the node where the gateway runs. */
async function nodeAddress(api: RegionApi, region: string, namespace: string): Promise<string> {
  const [pod] = await api.pods({ namespace, labels: { [partLabel]: 'gateway' } })
  const node = pod === undefined ? null : await api.read({ apiVersion: 'v1', kind: 'Node', name: pod.node }) as NodeAddresses | null
  const address = node?.status.addresses.find(({ type }) => type === 'InternalIP')?.address
  if (address !== undefined) return address
  throw topologyError('RGT_KUBERNETES', `the node of ${region}'s gateway has no internal address`, { found: pod?.node ?? 'no gateway pod' })
}

interface NodeAddresses { status: { addresses: { type: string; address: string }[] } }
interface ServicePorts { spec: { ports: { name: string; nodePort: number }[] } }
