// Where objects of a kind stand in an API server, as it says itself: `apps/v1` and `Deployment` become
// `/apis/apps/v1/namespaces/NAMESPACE/deployments/NAME`. Each group is asked for once, and again for a kind it lacked.

import { setTimeout as pause } from 'node:timers/promises'
import { topologyError } from '../../../errors.ts'
import type { ObjectRef } from './api.ts'
import type { Transport } from './transport.ts'

export interface Resource { plural: string; namespaced: boolean }

export interface Resources {
  /** null when the server has no such kind. `waitMs`: how long to wait for a kind that was defined a moment ago. */
  find(ref: Pick<ObjectRef, 'apiVersion' | 'kind'>, waitMs?: number): Promise<Resource | null>
  /** Path of an object. Throws RGT_KUBERNETES when the server has no such kind. */
  path(ref: ObjectRef, waitMs?: number): Promise<string>
}

interface ResourceList { resources: { name: string; kind: string; namespaced: boolean }[] }

const lookMs = 200

export const groupPath = (apiVersion: string): string => apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`

export function pathOf({ apiVersion, namespace, name }: ObjectRef, { plural, namespaced }: Resource): string {
  return `${groupPath(apiVersion)}${namespaced ? `/namespaces/${namespace ?? 'default'}` : ''}/${plural}/${encodeURIComponent(name)}`
}

export function openResources(transport: Transport): Resources {
  const groups = new Map<string, Promise<Map<string, Resource>>>()

  const ask = async (apiVersion: string): Promise<Map<string, Resource>> => {
    const list = await transport.jsonOrNull<ResourceList>({ method: 'GET', path: groupPath(apiVersion), purpose: `list the kinds of ${apiVersion}` })
    // `deployments/scale` is a part of an object, not a kind of its own.
    return new Map((list?.resources ?? []).filter(({ name }) => !name.includes('/')).map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]))
  }
  const known = (apiVersion: string): Promise<Map<string, Resource>> => {
    let kinds = groups.get(apiVersion)
    if (kinds === undefined) {
      kinds = ask(apiVersion)
      groups.set(apiVersion, kinds)
      kinds.catch(() => groups.delete(apiVersion))
    }
    return kinds
  }

  const find: Resources['find'] = async ({ apiVersion, kind }, waitMs = 0) => {
    const asked = known(apiVersion)
    for (let waitedMs = 0; ; waitedMs += lookMs) {
      const found = (await (waitedMs === 0 ? asked : known(apiVersion))).get(kind)
      if (found !== undefined) return found
      groups.delete(apiVersion)
      if (waitedMs >= waitMs) return null
      await pause(lookMs)
    }
  }
  return {
    find,
    async path(ref, waitMs) {
      const resource = await find(ref, waitMs)
      if (resource !== null) return pathOf(ref, resource)
      throw topologyError('RGT_KUBERNETES', `the API server has no kind ${ref.kind} of ${ref.apiVersion}`, {
        place: { file: transport.context }, found: `${ref.kind} ${ref.name}`, hint: 'its CRD must be installed first',
      })
    },
  }
}
