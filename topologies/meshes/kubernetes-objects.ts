// What a plan for clusters is made of: objects in wire form, charts with their values, and what to wait for.

import type { KubernetesObject } from '@kubernetes/client-node'

export interface MeshObject extends KubernetesObject {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  spec?: object
  type?: string
  /** Of a Secret. */
  stringData?: Record<string, string>
}

export type Values = { [key: string]: Values | unknown }

export interface ChartPlan {
  release: string
  /** Below the folder of charts. */
  chart: string
  namespace: string
  values: Values
  wait: WaitFor[]
}

export type WaitFor = { kind: 'Deployment'; namespace: string; name: string } | { kind: 'CustomResourceDefinitions' }

/** What the second says wins; objects are merged, lists and all else replaced, as Helm does with several values files. */
export function mergeValues(ours: Values, theirs: Values | undefined): Values {
  const merged: Values = { ...ours }
  for (const [key, value] of Object.entries(theirs ?? {})) {
    const own = Object.hasOwn(merged, key) ? merged[key] : undefined
    const both = isValues(own) && isValues(value)
    Object.defineProperty(merged, key, { value: both ? mergeValues(own, value) : value, enumerable: true, configurable: true, writable: true })
  }
  return merged
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
