// Server-side apply of many objects: a few at a time, what others stand on first. One field manager for all, so that
// applying again mends what was changed by hand and takes away what is no longer said.

import { setTimeout as pause } from 'node:timers/promises'
import type { KubernetesObject } from '@kubernetes/client-node'
import { topologyError } from '../../../errors.ts'
import type { ObjectRef } from './api.ts'
import { pathOf, type Resources } from './resources.ts'
import type { Transport } from './transport.ts'

export const fieldManager = 'regatta'
const atOnce = 8
/** After its definition is established, a kind shows up in discovery within this, milliseconds; less when nothing was defined just now. */
const newKindMs = 10_000
const kindMs = 1_000
const establishedMs = 30_000
const lookMs = 100

const ranks = [
  ['Namespace', 'CustomResourceDefinition'],
  ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding', 'Secret', 'ConfigMap', 'NetworkPolicy', 'PodDisruptionBudget', 'Service'],
]
/** What has a lower one is there before what has a higher one is applied. */
export const rankOf = (kind: string): number => {
  const rank = ranks.findIndex((kinds) => kinds.includes(kind))
  return rank < 0 ? ranks.length : rank
}

/** Throws RGT_KUBERNETES for an object without a kind or a name: nobody could find it again. */
export function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  if (apiVersion === undefined || kind === undefined || metadata?.name === undefined) {
    throw topologyError('RGT_KUBERNETES', 'an object lacks what names it', { expected: 'apiVersion, kind and metadata.name', found: JSON.stringify({ apiVersion, kind, metadata }) })
  }
  return { apiVersion, kind, name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) }
}

/** As the server has them then, in the order given. `dryRun`: everything but keeping them. */
export async function applyObjects(
  transport: Transport, resources: Resources, objects: readonly KubernetesObject[], { dryRun = false } = {},
): Promise<KubernetesObject[]> {
  const results: KubernetesObject[] = new Array(objects.length)
  const ordered = objects.map((object, index) => ({ object, index, ref: refOf(object), rank: rankOf(object.kind ?? '') }))
  const waitMs = objects.some(({ kind }) => kind === 'CustomResourceDefinition') ? newKindMs : kindMs
  for (let rank = 0; rank <= ranks.length; rank++) {
    const waiting = ordered.filter((one) => one.rank === rank)
    const defined = waiting.filter(({ ref }) => ref.kind === 'CustomResourceDefinition')
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { ref, object, index } = next
        try {
          results[index] = await applyOne(transport, await resources.path(ref, waitMs), ref, object, dryRun)
        } catch (error) {
          // The others end what they have begun, and begin nothing more.
          waiting.length = 0
          throw error
        }
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, waiting.length) }, worker))
    const failed = ended.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    if (!dryRun) for (const { index, ref } of defined) results[index] = await established(transport, resources, ref)
  }
  return results
}

function applyOne(transport: Transport, path: string, ref: ObjectRef, object: KubernetesObject, dryRun: boolean): Promise<KubernetesObject> {
  return transport.json<KubernetesObject>({
    method: 'PATCH', path: `${path}?fieldManager=${fieldManager}&force=true${dryRun ? '&dryRun=All' : ''}`,
    purpose: `apply ${ref.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`,
    // JSON is YAML.
    headers: { 'content-type': 'application/apply-patch+yaml' }, body: JSON.stringify(object),
  })
}

interface Definition extends KubernetesObject { status?: { conditions?: { type: string; status: string; message?: string }[] } }

/** Throws RGT_KUBERNETES when the definition is not taken in time. */
async function established(transport: Transport, resources: Resources, ref: ObjectRef): Promise<KubernetesObject> {
  const resource = await resources.find(ref)
  for (let waitedMs = 0; ; waitedMs += lookMs) {
    const definition = await transport.json<Definition>({ method: 'GET', path: pathOf(ref, resource!), purpose: `read ${ref.kind} ${ref.name}` })
    const conditions = definition.status?.conditions ?? []
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return definition
    if (waitedMs >= establishedMs) {
      throw topologyError('RGT_KUBERNETES', `${ref.kind} ${ref.name} is not established`, {
        place: { file: transport.context }, expected: `within ${establishedMs / 1000} s`,
        found: conditions.map(({ type, status, message }) => `${type} ${status}: ${message ?? ''}`).join('; ') || 'no condition',
      })
    }
    await pause(lookMs)
  }
}
