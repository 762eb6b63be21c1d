// Who may call a service, as Linkerd says it: a Server a port that refuses whoever is not named, a route for all matches with
// the same callers, and an authorization that ties the route to their identities.

import type { Principal, SnapshotAccess } from '../../../gateway/security/access.ts'
import type { MeshObject } from '../kubernetes-objects.ts'
import { matchesOf, type AccessMatch } from './plan-matches.ts'

const group = 'policy.linkerd.io'
const routeGroup = 'gateway.networking.k8s.io'
/** Gateway API, HTTPRoute: matches a rule, rules a route (the older, smaller bounds). */
const [mostMatches, mostRules] = [8, 16]

export interface ServerRequest {
  /** A DNS label with room for a number behind it. */
  name: string
  namespace: string
  pods: { labels: Record<string, string>; port: number }
  /** false: the law forbids the service here, so nobody may call it. */
  lawful: boolean
  /** undefined = everybody in the mesh. */
  access: SnapshotAccess | undefined
  identityOf(principal: Principal): string
  /**
   * The identity of the multicluster gateway, where peers fail over to here: behind it all callers look alike (linkerd.io,
   * Multi-cluster communication). It stands for the federation's gateways, and for nobody else. null = no peer calls.
   */
  peers: string | null
}

/** `*`: everybody with an identity of the mesh. */
const everybody = '*'

export function serverPolicy({ name, namespace, pods, lawful, access, identityOf, peers }: ServerRequest): MeshObject[] {
  const server: MeshObject = {
    apiVersion: `${group}/v1beta3`, kind: 'Server', metadata: { name, namespace },
    spec: { podSelector: { matchLabels: pods.labels }, port: pods.port, proxyProtocol: 'HTTP/1', accessPolicy: 'deny' },
  }
  if (!lawful) return [server]
  if (access === undefined) return [server, identities(name, namespace, [everybody]), authorization(name, namespace, { group, kind: 'Server', name })]
  const routes = matchesOf(access.rules).flatMap(({ principals, matches }) => chunks(matches, mostMatches * mostRules).map((some) => ({ principals, matches: some })))
  return [server, ...routes.flatMap(({ principals, matches }, index) => {
    const own = `${name}-${index}`
    // A match that allows nobody has a route without an authorization, or a wider one would answer for it.
    if (principals.length === 0) return [route(own, namespace, name, matches)]
    const callers = [...new Set([...principals.map(identityOf), ...(peers !== null && principals.includes('gateway') ? [peers] : [])])].sort()
    return [route(own, namespace, name, matches), identities(own, namespace, callers), authorization(own, namespace, { group: routeGroup, kind: 'HTTPRoute', name: own })]
  })]
}

function route(name: string, namespace: string, server: string, matches: readonly AccessMatch[]): MeshObject {
  return {
    apiVersion: `${routeGroup}/v1`, kind: 'HTTPRoute', metadata: { name, namespace },
    spec: {
      parentRefs: [{ group, kind: 'Server', name: server }],
      rules: chunks(matches, mostMatches).map((some) => ({ matches: some.map(({ path, method }) => ({ path, ...(method === null ? {} : { method }) })) })),
    },
  }
}

function identities(name: string, namespace: string, callers: string[]): MeshObject {
  return { apiVersion: `${group}/v1alpha1`, kind: 'MeshTLSAuthentication', metadata: { name, namespace }, spec: { identities: callers } }
}

function authorization(name: string, namespace: string, targetRef: { group: string; kind: string; name: string }): MeshObject {
  return {
    apiVersion: `${group}/v1alpha1`, kind: 'AuthorizationPolicy', metadata: { name, namespace },
    spec: { targetRef, requiredAuthenticationRefs: [{ group, kind: 'MeshTLSAuthentication', name }] },
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}
