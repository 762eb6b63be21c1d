// Who may call a service, with which methods, on which paths: one policy, from which the gateways' refusals and the mesh's
// own rules both come. Pure: whoever asks brings the identity, the method, and the path as the service would get it.

/**
 * Who calls. `gateway`: any gateway of the federation, for clients that come without an identity of the mesh.
 * `service:NAMESPACE/NAME`: a workload of that service, in any region.
 */
export type Principal = 'gateway' | `service:${string}/${string}`

/** Methods that rules may name; rules without methods allow every other one, too. */
export const accessMethods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const

/** What an AccessPolicy says about one service. What no rule allows is refused; without a policy everything is allowed. */
export interface SnapshotAccess {
  /** `namespace/name` of the policies it comes from, sorted; the refusal names them. */
  policies: string[]
  rules: AccessRule[]
}

export interface AccessRule {
  /** At least one. */
  principals: Principal[]
  /** Upper case, of `accessMethods`; null = every method. */
  methods: string[] | null
  /** null = every path. */
  paths: AccessPath[] | null
}

/** `Exact`: the whole path. `PathPrefix`: by whole segments, as in the Gateway API. Both without query, case-sensitive. */
export interface AccessPath { type: 'Exact' | 'PathPrefix'; value: string }

/**
 * `path` is what the service would get, without its query. A path that meshes and gateways may read differently is allowed to
 * nobody. This is the meaning; gateways ask what `access-gate.ts` has made of it.
 */
export function allows({ rules }: SnapshotAccess, principal: Principal, method: string, path: string): boolean {
  return !isAmbiguous(path) && rules.some(({ principals, methods, paths }) =>
    principals.includes(principal) && (methods === null || methods.includes(method)) && (paths === null || paths.some((one) => matches(one, path))))
}

function matches({ type, value }: AccessPath, path: string): boolean {
  if (type === 'Exact') return path === value
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value
  return path === prefix || path.startsWith(`${prefix}/`)
}

const Code = { slash: 0x2f, dot: 0x2e, percent: 0x25, semicolon: 0x3b, backslash: 0x5c, question: 0x3f, hash: 0x23 } as const

/**
 * Whether two readers of the path may see different ones: dot segments (with path parameters behind them, too, which some
 * servers cut off first), doubled slashes, backslashes, percent-encoded unreserved characters or separators (RFC 3986,
 * section 6.2.2), broken escapes, a query or fragment, or anything beyond visible ASCII. Such paths are where policies are
 * got around. One walk over the characters: it is on the way of every request to a guarded service.
 */
export function isAmbiguous(path: string): boolean {
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at)
    if (code === Code.slash) {
      if (path.charCodeAt(at + 1) === Code.slash || isDotSegment(path, at + 1)) return true
    } else if (code === Code.percent) {
      if (isAmbiguousEscape(hexOf(path.charCodeAt(at + 1)), hexOf(path.charCodeAt(at + 2)))) return true
    } else if (code <= 0x20 || code >= 0x7f || code === Code.backslash || code === Code.question || code === Code.hash) return true
  }
  return false
}

/** Whether `.` or `..` stands at `from`, up to the end of its segment or to its parameters. */
function isDotSegment(path: string, from: number): boolean {
  if (path.charCodeAt(from) !== Code.dot) return false
  const end = path.charCodeAt(from + 1) === Code.dot ? from + 2 : from + 1
  const code = path.charCodeAt(end)
  return end === path.length || code === Code.slash || code === Code.semicolon
}

/** NaN for what is no hexadecimal digit, and past the end. */
function hexOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN
}

/** Broken, NUL, a separator, or unreserved: letters, digits, `-._~`. */
function isAmbiguousEscape(high: number, low: number): boolean {
  const code = high * 16 + low
  const lower = code | 0x20
  return Number.isNaN(code) || code === 0 || code === Code.slash || code === Code.backslash
    || (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x7a)
    || code === 0x2d || code === Code.dot || code === 0x5f || code === 0x7e
}
