// The port to whatever makes clusters. kind-cli.ts implements it with the `kind` command. Removing one needs Docker only.

import type { DockerDaemon } from './docker.ts'

export interface Clusters {
  readonly version: string
  /**
   * Makes one and waits until its node is ready. What was made of it is removed when it fails or is aborted.
   * Throws RGT_CLUSTER with the last words of kind, RGT_IMAGE when the node image is not to be had.
   */
  create(cluster: ClusterSpec, signal: AbortSignal): Promise<Cluster>
  /** Idempotent. */
  remove(name: string): Promise<void>
  /** Puts images of the Docker daemon into every node. Throws RGT_IMAGE. */
  load(name: string, images: string[]): Promise<void>
}

export interface ClusterSpec {
  name: string
  /** Docker network of its nodes. */
  network: string
  nodeImage: string | null
  /** `default`: kind's own; `image`: the node image brings one, and kind applies none. */
  cni: 'default' | 'image'
  /** Mapped on 127.0.0.1 only: node port → port of this machine. */
  publish: { nodePort: number; port: number }[]
  /** Where its kubeconfig is written. */
  kubeconfig: string
  readyTimeoutMs: number
}

export interface Cluster {
  name: string
  kubeconfig: string
  context: string
  /** Containers that are its nodes. */
  nodes: string[]
}

/** kind's own label on the containers that are its nodes; its value is the cluster's name. */
export const kindClusterLabel = 'io.x-k8s.kind.cluster'

/** Removes the containers that are its nodes, as `kind delete cluster` does. Idempotent. Gives their names. */
export async function removeCluster(docker: Pick<DockerDaemon, 'containers' | 'remove'>, name: string): Promise<string[]> {
  const removed: string[] = []
  for (;;) {
    // Looked for until there is none: another may have been asked for meanwhile.
    const nodes = (await docker.containers(`${kindClusterLabel}=${name}`)).filter((node) => !removed.includes(node))
    if (nodes.length === 0) return removed
    for (const node of nodes) await docker.remove(node)
    removed.push(...nodes)
  }
}
