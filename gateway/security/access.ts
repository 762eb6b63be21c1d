// Who may call a service, with which methods, on which paths: one policy, from which the gateways' refusals and the mesh's
// own rules both come. Pure: whoever asks brings the identity, the method, and the path as the service would get it.

/**
 * Who calls. `gateway`: any gateway of the federation, for clients that come without an identity of the mesh.
 * `service:NAMESPACE/NAME`: a workload of that service, in any region.
 */
export type Principal = 'gateway' | `service:${string}/${string}`

/** What an AccessPolicy says about one service. What no rule allows is refused; without a policy everything is allowed. */
export interface SnapshotAccess {
  /** `namespace/name` of the policies it comes from, sorted; the refusal names them. */
  policies: string[]
  rules: AccessRule[]
}

export interface AccessRule {
  /** At least one. */
  principals: Principal[]
  /** Upper case; null = every method. */
  methods: string[] | null
  /** null = every path. */
  paths: AccessPath[] | null
}

/** `Exact`: the whole path. `PathPrefix`: by whole segments, as in the Gateway API. Both without query, case-sensitive. */
export interface AccessPath { type: 'Exact' | 'PathPrefix'; value: string }

/** `path` is what the service would get, without its query. A path that meshes and gateways may read differently is allowed to nobody. */
export function allows({ rules }: SnapshotAccess, principal: Principal, method: string, path: string): boolean {
  return !isAmbiguous(path) && rules.some(({ principals, methods, paths }) =>
    principals.includes(principal) && (methods === null || methods.includes(method)) && (paths === null || paths.some((one) => matches(one, path))))
}

function matches({ type, value }: AccessPath, path: string): boolean {
  if (type === 'Exact') return path === value
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value
  return path === prefix || path.startsWith(`${prefix}/`)
}

/**
 * Whether two readers of the path may see different ones: dot segments, doubled slashes, backslashes, percent-encoded
 * unreserved characters or separators (RFC 3986, section 6.2.2), or anything beyond ASCII. Such paths are where policies are got around.
 */
export function isAmbiguous(path: string): boolean {
  const segments = path.split('/').slice(1)
  return segments.some((segment, at) => segment === '.' || segment === '..' || (segment === '' && at < segments.length - 1))
    || /[\\\u0000-\u0020\u007f-\uffff]/.test(path) || /%(2[def]|5[cf]|7e|[46][1-9a-f]|[57][0-9a]|3[0-9]|00)/i.test(path)
}
