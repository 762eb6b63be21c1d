// What a run makes in clusters that were there before it: namespaces, and CRDs that were missing. They are labelled with
// the run and removed with it; what is there already is somebody else's, whatever it is called, and is not touched.

import type { KubernetesObject, V1CustomResourceDefinition } from '@kubernetes/client-node'
import { topologyError } from '../../errors.ts'
import type { Undo } from '../sockets/stages.ts'
import type { ObjectRef, RegionApi } from './api/api.ts'
import type { Ground } from './grounds.ts'
import { namespaceNames } from './manifests/namespaces.ts'
import { runLabel, type RegionPlan } from './manifests/region.ts'

export interface OwnNamespaces {
  /**
   * Refuses namespaces that are there; notes in the claim what will be made; removes it when undone. Gives the CRDs that are
   * missing, labelled. Throws RGT_NAMESPACE.
   */
  claim(ground: Ground, plan: RegionPlan, crds: readonly V1CustomResourceDefinition[], undo: Undo[]): Promise<V1CustomResourceDefinition[]>
}

export function ownNamespaces(run: string, note: (made: { kubeconfig: string; context: string; names: string[]; crds: string[] }) => void): OwnNamespaces {
  return {
    async claim({ region, api, kubeconfig, context }, plan, crds, undo) {
      const names = namespaceNames(plan)
      for (const name of names) {
        if (await api.read({ apiVersion: 'v1', kind: 'Namespace', name }) === null) continue
        throw topologyError('RGT_NAMESPACE', `the cluster of ${region} has a namespace ${name} already`, {
          expected: 'none of that name, because the run makes and removes its own', found: `one in context ${context}`,
          hint: `\`regatta down --stale\` removes what dead runs left; what people made is theirs to remove`,
        })
      }
      const there = await Promise.all(crds.map(({ metadata }) => api.read(crdRef(metadata!.name!))))
      const missing = crds.filter((_, index) => there[index] === null)
      const made = { names, crds: missing.map(({ metadata }) => metadata!.name!) }
      note({ kubeconfig, context, ...made })
      undo.push(() => removeOwn(run, api, made).then(() => {}))
      return missing.map((crd) => ({ ...crd, metadata: { ...crd.metadata, labels: { ...crd.metadata?.labels, [runLabel]: run } } }))
    },
  }
}

const crdRef = (name: string) => ({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name })

/** Whatever of it is still labelled with the run: namespaces whole, and CRDs that nobody else uses by now. Gives what was removed. */
export async function removeOwn(run: string, api: RegionApi, { names, crds = [] }: { names: readonly string[]; crds?: readonly string[] }): Promise<string[]> {
  const removed: string[] = []
  const remove = async (ref: ObjectRef, unless: (found: KubernetesObject) => Promise<boolean> = async () => false): Promise<void> => {
    const found = await api.read(ref)
    if (found?.metadata?.labels?.[runLabel] !== run || await unless(found)) return
    await api.remove(ref, { wait: true })
    removed.push(ref.name)
  }
  for (const name of names) await remove({ apiVersion: 'v1', kind: 'Namespace', name })
  // A CRD takes its objects along, so one that others began to use stays.
  for (const name of crds) await remove(crdRef(name), (crd) => api.any(definedBy(crd as V1CustomResourceDefinition)))
  return removed
}

function definedBy({ spec: { group, names, versions } }: V1CustomResourceDefinition): Pick<ObjectRef, 'apiVersion' | 'kind'> {
  return { apiVersion: `${group}/${versions.find(({ served }) => served)!.name}`, kind: names.kind }
}
