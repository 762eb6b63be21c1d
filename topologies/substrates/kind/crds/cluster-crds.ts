// Every CRD that a region's cluster needs before it is given configuration: our own, and those of the kinds we take
// from the Gateway API and the Multi-Cluster Services API, in their own words where these can be had.

import { configSchemas } from '../../../../gateway/config/schemas.ts'
import type { Inventory, ToolPolicy } from '../../../substrate.ts'
import { bundles, defaultBundlePlaces, findBundle, type BundleName, type FindBundleOptions } from '../../../tools/bundles/index.ts'
import type { Crd } from './crd.ts'
import { policyCrds } from './policies.ts'
import { standInCrds } from './stand-ins.ts'

export interface ClusterCrdsRequest {
  policy: ToolPolicy
  progress(text: string): void
  signal: AbortSignal
  /** A Go module proxy, for machines without a Go toolchain. */
  moduleProxy?: string | null
  /** Tests bring their own. */
  places?: FindBundleOptions['places']
}

export interface ClusterCrds { crds: Crd[]; tools: Inventory['tools'] }

/** Kinds that belong to what we take without being configuration of ours. */
const beside = ['GatewayClass']

const groups: Partial<Record<BundleName, string>> = { 'gateway-api': 'gateway.networking.k8s.io', 'mcs-api': 'multicluster.x-k8s.io' }

/**
 * Of a bundle only what we use: the rest would be a megabyte for every API server of a small machine to digest.
 * Throws RGT_TOOL_MISSING when a bundle cannot be had and the policy wants no stand-ins.
 */
export async function clusterCrds({ policy, progress, signal, moduleProxy = null, places = { ...defaultBundlePlaces(), moduleOrigin: moduleProxy } }: ClusterCrdsRequest): Promise<ClusterCrds> {
  const used = new Set([...Object.keys(configSchemas()), ...beside])
  const crds = policyCrds()
  const tools: Inventory['tools'] = {}
  for (const [name, group] of Object.entries(groups) as [BundleName, string][]) {
    const found = await findBundle(name, policy, { signal, progress, places })
    if ('manifests' in found) {
      crds.push(...(found.manifests as Crd[]).filter(({ spec }) => spec.group === group && used.has(spec.names.kind)))
      tools[name] = { version: found.version, origin: found.origin }
      continue
    }
    if (!policy.allowEmbedded || policy.required?.includes(name) === true) throw found.error
    crds.push(...standInCrds([group]))
    tools[name] = { version: bundles[name].version, origin: 'embedded', reason: found.reason }
  }
  return { crds, tools }
}
