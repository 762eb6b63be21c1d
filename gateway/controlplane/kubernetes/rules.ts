// What a control plane may do in its cluster, and nothing else: read the namespaces of its configuration, read its own
// ConfigRevision, and answer in that one's status. For Roles in these namespaces; no ClusterRole is needed.

import { configCollections, discoveryCollections, revisionCollection } from './collections.ts'
import { configRevisionName } from './revision.ts'

/** A rule of a Role (rbac.authorization.k8s.io/v1). */
export interface PolicyRule { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }

const read = ['get', 'list', 'watch']

function readRules(): PolicyRule[] {
  const byGroup = new Map<string, string[]>()
  for (const { group, plural } of [...Object.values(configCollections), ...discoveryCollections]) {
    byGroup.set(group, [...(byGroup.get(group) ?? []), plural])
  }
  return [...byGroup].map(([group, resources]) => ({ apiGroups: [group], resources: resources.sort(), verbs: read }))
}

export const controlPlaneRules: {
  /** In each namespace that stands for one of the configuration. */
  config: PolicyRule[]
  /** In the namespace where it runs. */
  system: PolicyRule[]
} = {
  config: readRules(),
  system: [
    { apiGroups: [revisionCollection.group], resources: [revisionCollection.plural], verbs: read },
    {
      apiGroups: [revisionCollection.group], resources: [`${revisionCollection.plural}/status`], verbs: ['patch'],
      resourceNames: [configRevisionName],
    },
  ],
}
