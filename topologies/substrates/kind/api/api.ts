// The port to one region's API server. client.ts implements it with @kubernetes/client-node; tests stand in for it.

import type { KubernetesObject } from '@kubernetes/client-node'

/** Objects are as the API server reads and writes them: `from` and `x-kubernetes-…`, times as text; client-node's model of some differs. */
export interface RegionApi {
  readonly region: string
  readonly context: string
  /** Host of its address, as a pod hears it when it is called through the API server. */
  readonly host: string
  /** `v1.34.4`. Throws RGT_KUBERNETES when it does not answer within a bounded time. */
  version(): Promise<string>
  /**
   * Server-side apply under the field manager `regatta`, forced, in the order given (namespaces and CRDs first; a CRD is
   * waited for until it is established). Gives the objects as they are then. Throws RGT_KUBERNETES with the server's words and
   * its status in `details.found`.
   */
  apply(objects: readonly KubernetesObject[]): Promise<KubernetesObject[]>
  /** null when there is none. */
  read(ref: ObjectRef): Promise<KubernetesObject | null>
  /** Whether the cluster holds any object of a kind, in whatever namespace. */
  any(kind: Pick<ObjectRef, 'apiVersion' | 'kind'>): Promise<boolean>
  /** Idempotent; returns at once unless `wait`. */
  remove(ref: ObjectRef, options?: { wait?: boolean; graceSeconds?: number }): Promise<void>
  /** Merge patch of a part of an object, or of its `scale` or `status`. */
  patch(ref: ObjectRef, patch: object, part?: 'scale' | 'status'): Promise<void>
  pods(selector: PodSelector): Promise<PodState[]>
  /** The Eviction API, which respects disruption budgets. Throws RGT_KUBERNETES when one forbids it for too long. */
  evict(pod: { namespace: string; name: string }): Promise<void>
  /**
   * Resolves when the Deployments, and every pod that matches, are ready. Throws RGT_WORKLOAD that names what is not, with the
   * reason of its container (image missing, crash and last words, unschedulable) and its last events.
   */
  ready(deployments: readonly { namespace: string; name: string }[], timeoutMs: number, signal: AbortSignal): Promise<void>
  /**
   * Every line that matching pods write to standard output, from the first on, in the order of each pod: through
   * restarts of containers, new pods, and losses of the API server, each line once.
   */
  follow(selector: PodSelector, line: (pod: string, line: string) => void): { stop(): void }
  /** A request to a pod's port through the API server. Throws RGT_KUBERNETES when no answer came; any status is an answer. */
  call(pod: { namespace: string; name: string; port: number }, request: PodRequest): Promise<{ status: number; body: string }>
  close(): void
}

export interface ObjectRef { apiVersion: string; kind: string; namespace?: string; name: string }

export interface PodSelector { namespace: string; labels: Record<string, string> }

export interface PodState { namespace: string; name: string; node: string; ready: boolean; address: string; containerId: string }

export interface PodRequest { method: string; path: string; headers: Record<string, string>; body?: string; timeoutMs: number }
