// The CRDs of our own kinds, generated from the very schemas that check the files, so that `kubectl apply` refuses
// what `regatta validate` refuses, as far as an API server can tell. `npm run generate` writes them to
// `schemas/crds/`, for clusters that people look after themselves.

import { stringify } from 'yaml'
import { z } from 'zod'
import { configSchemas } from '../../../../gateway/config/schemas.ts'
import { configRevisionApi, configRevisionKind } from '../../../../gateway/controlplane/kubernetes/revision.ts'
import { conditions, crdOf, type Crd, type CrdRequest, type PrinterColumn } from './crd.ts'

/** GEP-713: how tools find policies, and that these do not reach further than what they are attached to. */
const policyLabel = { 'gateway.networking.k8s.io/policy': 'Direct' }

const policyColumns: PrinterColumn[] = [
  { name: 'Targets', type: 'string', jsonPath: '.spec.targetRefs[*].name' },
  { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
]

const shortNames: Record<string, string[]> = { FailoverPolicy: ['fop'], ResidencyPolicy: ['resp'], AccessPolicy: ['accp'], SamplingPolicy: ['sap'], MetricsPolicy: ['mep'], AlertPolicy: ['alp'] }

/** Every kind of ours in the registry of configuration kinds, and the object that ties a revision together. */
export function policyCrds(): Crd[] {
  const ours = Object.entries(configSchemas()).filter(([, schema]) =>
    (schema.properties as { apiVersion: { const?: string } }).apiVersion.const === configRevisionApi.apiVersion)
  const policies = ours.map(([kind, schema]) => crdOf({
    schema, columns: policyColumns, labels: policyLabel,
    status: { type: 'object', properties: { conditions } },
    ...(shortNames[kind] === undefined ? {} : { shortNames: shortNames[kind] }),
  }))
  return [...policies, crdOf(revision())]
}

function revision(): CrdRequest {
  return {
    schema: z.toJSONSchema(configRevisionKind, { io: 'input' }) as Record<string, unknown>,
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    shortNames: ['cfgrev'],
    columns: [
      { name: 'Revision', type: 'integer', jsonPath: '.spec.revision' },
      { name: 'Held', type: 'integer', jsonPath: '.status.held' },
      { name: 'Outcome', type: 'string', jsonPath: '.status.outcome' },
    ],
  }
}

/** File name → text, as they are committed. */
export function crdFiles(): Record<string, string> {
  return Object.fromEntries(policyCrds().map((crd) => [
    `crds/${crd.metadata.name}.yaml`,
    `# Generated from the schemas of \`gateway/config/kinds\` and \`gateway/controlplane/kubernetes\`: npm run generate\n${stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false })}`,
  ]))
}
