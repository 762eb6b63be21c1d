// The object that says which documents of a cluster make up one revision of the configuration, and what the region's
// control plane made of it. Without it a control plane that watches several kinds could serve half of a change.

import { z } from 'zod'
import { metadata, namespaceName, objectName } from '../../config/fields.ts'

/** On each published document: the revision that put it last. What a person applies by hand has none. */
export const revisionAnnotation = 'regatta.dev/revision'
/** On a published document that has a time of creation of its own: the API server keeps only when *it* made the object. */
export const createdAtAnnotation = 'regatta.dev/created-at'

export const configRevisionApi = {
  group: 'regatta.dev', version: 'v1alpha1', apiVersion: 'regatta.dev/v1alpha1', kind: 'ConfigRevision', plural: 'configrevisions',
} as const

/** One a region, in our own namespace. */
export const configRevisionName = 'active'

const revision = z.int().min(1)

const listedDocument = z.strictObject({
  kind: z.string().min(1).max(63),
  namespace: namespaceName.describe('Of the configuration, which may stand in the cluster under another name.'),
  name: objectName,
  revision: revision.describe('The revision that put the document last, as its annotation says.'),
  uid: z.string().max(128).optional()
    .describe('`metadata.uid` when it was put; with `generation` it tells a document from one that was refused before under the same revision.'),
  generation: z.int().min(1).optional().describe('`metadata.generation` when it was put.'),
})

const statusError = z.strictObject({
  code: z.string(),
  message: z.string(),
  expected: z.string().optional(),
  found: z.string().optional(),
  hint: z.string().optional(),
  place: z.string().optional(),
})

const revisionStatus = z.strictObject({
  observedGeneration: z.int().min(0).describe('`metadata.generation` that this answers.'),
  revision: z.int().min(0).describe('The revision that was asked for.'),
  outcome: z.enum(['accepted', 'refused', 'gap']),
  held: z.int().min(0).describe('The revision in force; above `revision` when somebody changed documents by hand since.'),
  errors: z.array(statusError).describe('What is wrong with what was asked for last, by publication or by hand.'),
})

export const configRevisionKind = z.strictObject({
  apiVersion: z.literal(configRevisionApi.apiVersion),
  kind: z.literal(configRevisionApi.kind),
  metadata,
  spec: z.strictObject({
    revision: revision.describe('Counts up with each publication.'),
    documents: z.array(listedDocument).max(100_000).describe('Exactly what makes up the configuration.'),
  }),
  status: revisionStatus.optional(),
}).meta({ title: 'ConfigRevision', description: 'Regatta\'s own: the documents of one revision of the configuration, and what became of it.' })

export type ConfigRevision = z.output<typeof configRevisionKind>
export type ConfigRevisionStatus = z.output<typeof revisionStatus>
export type ListedDocument = z.output<typeof listedDocument>
