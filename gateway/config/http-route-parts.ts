// Parts of an HTTPRoute that its rules and its filters both use.

import { z } from 'zod'
import { namespaceName, objectName, portNumber } from './fields.ts'
import { regexProblem } from '../routing/match-regex.ts'

/** RFC 9110 field name. Header names compare without case; query parameter names with. */
export const valueMatch = z.strictObject({
  type: z.enum(['Exact', 'RegularExpression']).default('Exact'),
  name: z.string().min(1).max(256).regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, 'a token (RFC 9110)'),
  value: z.string().min(1).max(4096),
}).superRefine(({ type, value }, context) => {
  const problem = type === 'RegularExpression' ? regexProblem(value) : null
  if (problem !== null) context.addIssue({ code: 'custom', path: ['value'], message: problem.message, params: problem })
})

/** A Service, or a ServiceImport of the Multi-Cluster Services API; both name `namespace/name:port` across regions. */
export const backendReference = z.strictObject({
  group: z.enum(['', 'multicluster.x-k8s.io']).optional().describe('Empty for a Service; multicluster.x-k8s.io for a ServiceImport.'),
  kind: z.enum(['Service', 'ServiceImport']).default('Service'),
  name: objectName,
  namespace: namespaceName.optional().describe('The route\'s own by default; another one needs a ReferenceGrant there.'),
  port: portNumber,
})

export type BackendReference = z.output<typeof backendReference>
