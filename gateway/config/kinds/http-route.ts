// Gateway API `HTTPRoute` v1: hosts, matches, filters, weighted backends, timeouts. Limits and cross-field rules
// are the standard's own; what is not built is not accepted, so that nothing is dropped in silence.

import { z } from 'zod'
import { hostname, metadata, namespaceName, objectName, portNumber, standardDurationUs, status } from '../fields.ts'
import { httpFilter, type HttpFilter } from '../http-route-filters.ts'
import { backendReference, valueMatch } from '../http-route-parts.ts'
import { regexProblem } from '../../routing/match-regex.ts'

const path = z.strictObject({
  type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).default('PathPrefix')
    .describe('PathPrefix compares whole path elements: /foo matches /foo and /foo/bar, not /foobar. '
      + 'RegularExpression matches the whole path, after Exact and PathPrefix.'),
  value: z.string().max(1024).default('/'),
}).superRefine(({ type, value }, context) => {
  const problem = type === 'RegularExpression' ? regexProblem(value) : pathProblem(value)
  if (problem !== null) context.addIssue({ code: 'custom', path: ['value'], message: problem.message, params: problem })
})

const match = z.strictObject({
  path: path.prefault({}),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']).optional(),
  headers: z.array(valueMatch).max(16).default([]),
  queryParams: z.array(valueMatch).max(16).default([]),
}).describe('All parts must hold.')

const backendRef = backendReference.extend({
  weight: z.int().min(0).max(1_000_000).default(1).describe('Share of requests, relative to the other backends of the rule; 0 = none.'),
  filters: z.array(httpFilter).max(16).default([]),
})

const timeouts = z.strictObject({
  request: standardDurationUs.optional().describe('From the request to the end of the response; 0s = no limit.'),
  backendRequest: standardDurationUs.optional().describe('One attempt at one backend; 0s = no limit.'),
}).refine(({ request = 0, backendRequest = 0 }) => request === 0 || backendRequest <= request, {
  path: ['backendRequest'], message: 'is longer than the whole request', params: { expected: 'at most timeouts.request' },
})

const rule = z.strictObject({
  name: z.string().max(253).optional(),
  matches: z.array(match).max(64).prefault([{}]).describe('Any of them; by default every path.'),
  filters: z.array(httpFilter).max(16).default([]),
  backendRefs: z.array(backendRef).max(16).default([]),
  timeouts: timeouts.optional(),
}).superRefine((value, context) => {
  const redirects = value.filters.some(({ type }) => type === 'RequestRedirect')
  const weight = value.backendRefs.reduce((sum, backend) => sum + backend.weight, 0)
  const add = (path: (string | number)[], message: string, expected: string): void => {
    context.addIssue({ code: 'custom', path, message, params: { expected } })
  }
  if (redirects && value.backendRefs.length > 0) {
    add(['backendRefs'], 'stand beside a RequestRedirect', 'no backendRefs in a rule that redirects')
  }
  if (!redirects && weight === 0) add(['backendRefs'], 'lead nowhere', 'at least one backend with a weight above 0, or a RequestRedirect')
  for (const [where, filters] of filterLists(value)) {
    for (const [index, problem] of filterProblems(filters, value.matches)) add([...where, index], problem.message, problem.expected)
  }
})

export const httpRouteKind = z.strictObject({
  apiVersion: z.enum(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1']),
  kind: z.literal('HTTPRoute'),
  metadata,
  spec: z.strictObject({
    parentRefs: z.array(z.strictObject({
      group: z.literal('gateway.networking.k8s.io').default('gateway.networking.k8s.io'),
      kind: z.literal('Gateway').default('Gateway'),
      namespace: namespaceName.optional(),
      name: objectName,
      sectionName: z.string().min(1).max(253).optional(),
      port: portNumber.optional(),
    })).min(1).max(32).describe('The Gateways that serve this route.'),
    hostnames: z.array(hostname).max(16).default([]).describe('None = every host of the listener.'),
    rules: z.array(rule).min(1).max(16),
  }),
  status,
}).meta({ title: 'HTTPRoute', description: 'Kubernetes Gateway API v1 HTTPRoute.' })

export type HttpRoute = z.output<typeof httpRouteKind>
export type HttpRule = z.output<typeof rule>
export type HttpMatch = z.output<typeof match>

interface Problem { message: string; expected: string }

/** Gateway API rules for Exact and PathPrefix values. */
function pathProblem(value: string): Problem | null {
  if (!value.startsWith('/')) return { message: 'does not start with /', expected: 'an absolute path' }
  if (/\/\/|\/\.\.?(\/|$)|%2f|%2F|[#?]/.test(value)) {
    return { message: 'could never match', expected: 'a path without //, /./, /../, %2f, # and ?' }
  }
  return null
}

type PlacedFilters = [(string | number)[], HttpFilter[]]

function filterLists(value: { filters: HttpFilter[]; backendRefs: { filters: HttpFilter[] }[] }): PlacedFilters[] {
  const ofBackends = value.backendRefs.map(({ filters }, index): PlacedFilters => [['backendRefs', index, 'filters'], filters])
  return [[['filters'], value.filters], ...ofBackends]
}

function filterProblems(filters: HttpFilter[], matches: HttpMatch[]): [number, Problem][] {
  const problems: [number, Problem][] = []
  filters.forEach((filter, index) => {
    const again = filters.findIndex(({ type }) => type === filter.type) !== index
    if (again && filter.type !== 'RequestMirror') {
      problems.push([index, { message: 'repeats a filter', expected: `one ${filter.type} at most` }])
    }
    if (filter.type === 'URLRewrite' && filters.some(({ type }) => type === 'RequestRedirect')) {
      problems.push([index, { message: 'stands beside a RequestRedirect', expected: 'either of the two' }])
    }
    const modifier = filter.type === 'URLRewrite' ? filter.urlRewrite.path
      : filter.type === 'RequestRedirect' ? filter.requestRedirect.path : undefined
    if (modifier?.type === 'ReplacePrefixMatch' && matches.some((match) => match.path.type !== 'PathPrefix')) {
      problems.push([index, {
        message: 'replaces a prefix that not every match has', expected: 'only PathPrefix matches in a rule with ReplacePrefixMatch',
      }])
    }
  })
  return problems
}
