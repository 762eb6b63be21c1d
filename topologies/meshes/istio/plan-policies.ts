// Who may call a service, as Istio says it: mutual TLS everywhere, and one AuthorizationPolicy a service. Services share
// pods, so a policy names the port too; whatever no policy of a pod allows, Istio refuses.

import type { AccessPath, AccessRule, Principal, SnapshotAccess } from '../../../gateway/security/access.ts'
import { topologyError } from '../../errors.ts'
import { letsProbe, serviceHealthPath } from '../access.ts'
import type { MeshObject } from '../kubernetes-objects.ts'

/** security.istio.io/v1, Source and Operation. */
export interface IstioRule {
  from?: { source: { principals: string[] } }[]
  to: { operation: { ports: string[]; methods?: string[]; paths?: string[] } }[]
}

export interface ServicePolicyRequest {
  name: string
  namespace: string
  /** Labels that its pods have, and the port on which they serve it: a sidecar sees the pod's port, not the Service's. */
  pods: { labels: Record<string, string>; port: number }
  /** false: the law forbids the service here, so nobody may call it. */
  lawful: boolean
  /** undefined = everybody in the mesh. */
  access: SnapshotAccess | undefined
  /** `TRUSTDOMAIN/ns/NAMESPACE/sa/ACCOUNT` */
  principalOf(principal: Principal): string
}

/** Throws RGT_UNSUPPORTED for a path that Istio would read as a pattern. */
export function servicePolicy({ name, namespace, pods, lawful, access, principalOf }: ServicePolicyRequest): MeshObject {
  const ports = [String(pods.port)]
  const rules = !lawful ? [] : access === undefined ? [{ to: [{ operation: { ports } }] }] : [
    ...access.rules.map((rule) => ruleOf(rule, ports, principalOf)),
    // Whoever sends a service requests must know whether it lives.
    ...(letsProbe(access) ? [{ from: [{ source: { principals: [principalOf('gateway')] } }], to: [{ operation: { ports, methods: ['GET'], paths: [serviceHealthPath] } }] }] : []),
  ]
  return {
    apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata: { name, namespace },
    // ALLOW without rules allows nothing (security.istio.io/v1, AuthorizationPolicy).
    spec: { selector: { matchLabels: pods.labels }, action: 'ALLOW', ...(rules.length === 0 ? {} : { rules }) },
  }
}

function ruleOf({ principals, methods, paths }: AccessRule, ports: string[], principalOf: (principal: Principal) => string): IstioRule {
  return {
    from: [{ source: { principals: [...new Set(principals.map(principalOf))].sort() } }],
    to: [{ operation: { ports, ...(methods === null ? {} : { methods }), ...(paths === null ? {} : { paths: paths.flatMap(istioPaths) }) } }],
  }
}

/** Istio's `/a/*` is a prefix of characters, so the segment itself is named beside it. */
export function istioPaths({ type, value }: AccessPath): string[] {
  // `*` at either end, and `{*}` or `{**}` anywhere, are patterns to Istio.
  if (/\*|\{|\}/.test(value)) {
    throw topologyError('RGT_UNSUPPORTED', `path ${value} of an access policy cannot be said to Istio`, { expected: 'a path without `*`, `{` and `}`', found: value })
  }
  if (type === 'Exact') return [value]
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value
  return prefix === '' ? ['/*'] : [prefix, `${prefix}/*`]
}

/** A percent sign without two hexadecimal digits after it (RFC 3986, 2.1). */
const brokenEscape = '.*%(?:[^0-9A-Fa-f].*|[0-9A-Fa-f][^0-9A-Fa-f].*|[0-9A-Fa-f]?)'

/**
 * What cannot be brought into a normal form is read by everybody as he likes, so gateways refuse it. Istio's own policies have
 * no word for it; Envoy's filter for access has.
 */
export function refuseBrokenEscapes(rootNamespace: string): MeshObject {
  return {
    apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', metadata: { name: 'refuse-broken-escapes', namespace: rootNamespace },
    spec: {
      configPatches: [{
        applyTo: 'HTTP_FILTER',
        match: { context: 'SIDECAR_INBOUND', listener: { filterChain: { filter: { name: 'envoy.filters.network.http_connection_manager' } } } },
        patch: {
          operation: 'INSERT_FIRST',
          value: {
            name: 'regatta.refuse-broken-escapes',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
              rules: { action: 'DENY', policies: { 'broken-escapes': { permissions: [{ url_path: { path: { safe_regex: { regex: brokenEscape } } } }], principals: [{ any: true }] } } },
            },
          },
        },
      }],
    },
  }
}

/** In the root namespace it holds for the whole mesh. */
export function strictMutualTls(rootNamespace: string): MeshObject {
  return { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', metadata: { name: 'default', namespace: rootNamespace }, spec: { mtls: { mode: 'STRICT' } } }
}
