// CRDs for kinds of the Gateway API and the Multi-Cluster Services API where their own distribution cannot be had
// (a machine without network). They take exactly what our control plane takes, and say of themselves what they are.

import { configSchemas } from '../../../../gateway/config/schemas.ts'
import { configRevisionApi } from '../../../../gateway/controlplane/kubernetes/revision.ts'
import { crdOf, type Crd } from './crd.ts'

/** API servers refuse CRDs of `*.k8s.io` groups without it; `unapproved` is the form for those that are not official. */
const unapproved = { 'api-approved.kubernetes.io': 'unapproved, regatta stand-in' }

/** Of the kinds in the registry that are not ours, those of these groups. */
export function standInCrds(groups: readonly string[]): Crd[] {
  return Object.values(configSchemas())
    .map((schema) => ({ schema, group: groupOf(schema) }))
    .filter(({ group }) => group !== configRevisionApi.group && groups.includes(group))
    .map(({ schema }) => crdOf({ schema, annotations: unapproved, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }))
}

function groupOf(schema: Record<string, unknown>): string {
  const { apiVersion } = schema.properties as { apiVersion: { const?: string; enum?: string[] } }
  return (apiVersion.const ?? apiVersion.enum![0]).split('/')[0]
}
