// Our own `AccessPolicy`: who may call a service, with which methods, on which paths. Gateways refuse by it, and the rules of a
// mesh are made of it, so that the two agree. Policies on one service add up; what none allows is refused.

import { z } from 'zod'
import { metadata, namespaceName, objectName, status } from '../fields.ts'
import { accessMethods, isAmbiguous } from '../../security/access.ts'

const source = z.strictObject({
  gateway: z.literal(true).optional().describe('Any gateway of the federation, for clients that come from outside the mesh.'),
  service: z.strictObject({
    namespace: namespaceName.optional().describe('The policy\'s own by default.'),
    name: objectName,
  }).optional().describe('A workload of this service, in any region.'),
}).refine(({ gateway, service }) => (gateway === undefined) !== (service === undefined), {
  message: 'does not name one caller', params: { expected: 'either gateway: true or a service', hint: 'each caller is an entry of its own' },
})

const path = z.strictObject({
  type: z.enum(['Exact', 'PathPrefix']).describe('PathPrefix compares whole path elements: /foo allows /foo and /foo/bar, not /foobar.'),
  value: z.string().max(1024),
}).superRefine(({ value }, context) => {
  const problem = pathProblem(value)
  if (problem !== null) context.addIssue({ code: 'custom', path: ['value'], message: problem.message, params: problem })
}).describe('The path as the service gets it, after rewrites; without query, case-sensitive.')

const rule = z.strictObject({
  from: z.array(source).min(1).max(64).describe('Any of them.'),
  methods: z.array(z.enum(accessMethods)).min(1).max(accessMethods.length).optional().describe('Any of them; absent = every method. GET does not stand for HEAD.'),
  paths: z.array(path).min(1).max(64).optional().describe('Any of them; absent = every path.'),
})

export const accessPolicyKind = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('AccessPolicy'),
  metadata,
  spec: z.strictObject({
    targetRefs: z.array(z.strictObject({
      group: z.literal('').default('').describe('The core group.'),
      kind: z.literal('Service'),
      name: objectName,
    })).min(1).max(16).describe('What the policy guards (GEP-713): Services in its own namespace, on all of their ports.'),
    rules: z.array(rule).max(64).describe('What any rule allows, of any policy on the service, is allowed; nothing else is. An empty list allows nobody.'),
  }),
  status,
}).meta({
  title: 'AccessPolicy',
  description: 'Regatta\'s own policy: who may call a service. Not part of the Gateway API.',
})

export type AccessPolicy = z.output<typeof accessPolicyKind>
export type AccessSource = z.output<typeof source>

interface Problem { message: string; expected: string; hint: string }

function pathProblem(value: string): Problem | null {
  if (!value.startsWith('/')) {
    return { message: 'does not start with /', expected: 'an absolute path', hint: 'a path as the service gets it, such as /orders' }
  }
  if (!isAmbiguous(value)) return null
  return {
    message: 'may be read in more than one way', expected: 'a path without ., .., //, \\, ?, #, and without escapes of what needs none',
    hint: 'such a path is allowed to nobody: write it in its normal form (RFC 3986, section 6.2.2)',
  }
}
