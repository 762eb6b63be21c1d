// A CustomResourceDefinition from the JSON Schema of a kind. Kept in wire form, as it stands in a manifest, because
// it is written to files as well as sent.

import type { KubernetesObject } from '@kubernetes/client-node'
import { structural, type StructuralSchema } from './structural.ts'

export interface Crd extends KubernetesObject {
  apiVersion: 'apiextensions.k8s.io/v1'
  kind: 'CustomResourceDefinition'
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: { kind: string; listKind: string; plural: string; singular: string; shortNames?: string[]; categories?: string[] }
    versions: CrdVersion[]
  }
}

export interface CrdVersion {
  name: string
  served: boolean
  storage: boolean
  schema: { openAPIV3Schema: StructuralSchema }
  subresources?: { status: Record<string, never> }
  additionalPrinterColumns?: PrinterColumn[]
}

export interface PrinterColumn { name: string; type: 'string' | 'integer' | 'date' | 'boolean'; jsonPath: string; priority?: number }

export interface CrdRequest {
  /** Of one document of the kind: `apiVersion`, `kind`, `metadata`, `spec`, perhaps `status`. */
  schema: Record<string, unknown>
  /** What a controller writes, where the schema itself leaves that open. */
  status: StructuralSchema
  shortNames?: string[]
  columns?: PrinterColumn[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** Every `apiVersion` of the schema becomes a version; the last one is stored. */
export function crdOf({ schema, status, shortNames, columns = [], labels, annotations }: CrdRequest): Crd {
  const { apiVersion, kind, spec, status: known } = schema.properties as Record<string, Record<string, unknown>>
  const [name] = valuesOf(kind)
  const versions = valuesOf(apiVersion).map((value) => value.split('/'))
  const [[group]] = versions
  const plural = pluralOf(name)
  const openAPIV3Schema: StructuralSchema = {
    ...(typeof schema.description === 'string' ? { description: schema.description } : {}),
    type: 'object', required: ['spec'],
    // The API server checks metadata itself, and allows next to nothing to be said of it here.
    properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' }, spec: structural(spec), status: known?.type === 'object' ? structural(known) : status },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      group, scope: 'Namespaced',
      names: { kind: name, listKind: `${name}List`, plural, singular: name.toLowerCase(), ...(shortNames === undefined ? {} : { shortNames }), categories: ['regatta'] },
      versions: versions.map(([, version], at) => ({
        name: version, served: true, storage: at === versions.length - 1,
        schema: { openAPIV3Schema }, subresources: { status: {} },
        additionalPrinterColumns: [...columns, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
      })),
    },
  }
}

function valuesOf(schema: Record<string, unknown>): string[] {
  return (schema.const === undefined ? schema.enum : [schema.const]) as string[]
}

/** `failoverpolicies`, `gateways`. */
export function pluralOf(kind: string): string {
  const word = kind.toLowerCase()
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`
}

/** metav1.Condition, as controllers report. */
export const conditions: StructuralSchema = {
  type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object', required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
    properties: {
      type: { type: 'string', maxLength: 316 },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
      lastTransitionTime: { type: 'string', format: 'date-time' },
      reason: { type: 'string', minLength: 1, maxLength: 1024 },
      message: { type: 'string', maxLength: 32_768 },
    },
  },
}
