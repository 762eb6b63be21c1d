// Pods as the API server tells of them, and what is read out of one: whether it serves, which container runs in it,
// and what keeps it from serving.

import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node'
import type { PodSelector, PodState } from './api.ts'
import type { Transport } from './transport.ts'

/** Times are text here: this is the server's JSON, not client-node's model of it. */
export type Pod = V1Pod

/** Set by meshes, whose own container may come first. */
const defaultContainer = 'kubectl.kubernetes.io/default-container'

export interface PodList { items: Pod[]; metadata: { resourceVersion: string } }

export async function listPods(transport: Transport, selector: PodSelector, options: { timeoutMs?: number; again?: boolean; signal?: AbortSignal } = {}): Promise<PodList> {
  return transport.json<PodList>({ method: 'GET', path: pathOf(selector), purpose: `list pods of ${selector.namespace}`, ...options })
}

/** Resolves when pods are no more as that list had them, or when a look is due: after `silenceMs`, or when the watch broke. */
export async function podsChanged(transport: Transport, selector: PodSelector, { metadata }: PodList, { silenceMs, signal }: { silenceMs: number; signal: AbortSignal }): Promise<void> {
  const path = `${pathOf(selector)}&watch=true&resourceVersion=${metadata.resourceVersion}`
  const changes = await transport.stream({ method: 'GET', path, purpose: `watch pods of ${selector.namespace}`, signal }, silenceMs)
  await new Promise<void>((resolve) => changes.once('data', () => resolve()).once('close', resolve))
  changes.destroy()
}

function pathOf({ namespace, labels }: PodSelector): string {
  const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(',')
  return `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`
}

/** The one container that is ours; null before the kubelet has taken the pod. */
export function containerOf({ metadata, spec, status }: Pod): { name: string; status: V1ContainerStatus | null } {
  const name = metadata?.annotations?.[defaultContainer] ?? spec!.containers[0].name
  return { name, status: status?.containerStatuses?.find((one) => one.name === name) ?? null }
}

export function isReady({ metadata, status }: Pod): boolean {
  return metadata?.deletionTimestamp === undefined && status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
}

export function stateOf(pod: Pod): PodState {
  return {
    namespace: pod.metadata!.namespace!, name: pod.metadata!.name!, node: pod.spec?.nodeName ?? '', ready: isReady(pod),
    address: pod.status?.podIP ?? '', containerId: (containerOf(pod).status?.containerID ?? '').replace(/^[a-z-]+:\/\//, ''),
  }
}
