// The one place where the environment is read: explicit paths of tools, as `REGATTA_TOOL_K6=/opt/k6`, and where images
// and clusters come from.

import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterOptions } from '../topologies/substrate.ts'

export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)))

/** Tool name → path, from `REGATTA_TOOL_<NAME>`; dashes are written as underscores. */
export function explicitTools(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => {
    const match = /^REGATTA_TOOL_([A-Z0-9_]+)$/.exec(name)
    return match === null || value === undefined ? [] : [[match[1].toLowerCase().replaceAll('_', '-'), value]]
  }))
}

/** As typed: `charts` and `values` are paths. */
export interface MeshEnvironment { hub?: string; tag?: string; charts?: string; values?: string }

/**
 * REGATTA_KIND_NODE_IMAGE, REGATTA_GATEWAY_BASE_IMAGE, REGATTA_GATEWAY_IMAGE and REGATTA_TESTBED_IMAGE, REGATTA_K6_IMAGE and
 * REGATTA_K6_STARTER_IMAGE, REGATTA_MESH_HUB, _TAG, _CHARTS and _VALUES (as their options), DOCKER_HOST, KUBECONFIG (its first file) and GOPROXY (its first address); those that are set.
 */
export function clusterEnvironment(): Omit<ClusterOptions, 'contexts' | 'network' | 'loadContext' | 'parallelism' | 'mesh'> & { mesh: MeshEnvironment } {
  const {
    REGATTA_KIND_NODE_IMAGE: nodeImage, REGATTA_GATEWAY_BASE_IMAGE: baseImage, REGATTA_GATEWAY_IMAGE: gatewayImage,
    REGATTA_TESTBED_IMAGE: testbedImage, REGATTA_K6_IMAGE: k6Image, REGATTA_K6_STARTER_IMAGE: k6StarterImage, DOCKER_HOST: dockerHost, KUBECONFIG, GOPROXY,
    REGATTA_MESH_HUB: hub, REGATTA_MESH_TAG: tag, REGATTA_MESH_CHARTS: charts, REGATTA_MESH_VALUES: values,
  } = process.env
  const set = (variables: Record<string, string | undefined>): Record<string, string> =>
    Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== '')) as Record<string, string>
  const kubeconfig = KUBECONFIG?.split(delimiter).find((file) => file !== '')
  // As Go reads it: a list, in which words are no addresses.
  const moduleProxy = GOPROXY?.split(/[,|]/).find((entry) => /^https?:\/\//.test(entry))?.replace(/\/+$/, '')
  return { ...set({ nodeImage, baseImage, gatewayImage, testbedImage, k6Image, k6StarterImage, dockerHost, kubeconfig, moduleProxy }), mesh: set({ hub, tag, charts, values }) }
}
