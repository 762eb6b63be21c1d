// What a gateway asks before it sends: an access policy made ready once a snapshot, so that a request costs one walk over its
// path and a look-up, and allocates nothing. It answers as `allows` does (access-gate.test.ts), which states the meaning.

import { accessMethods, isAmbiguous, type AccessPath, type Principal, type SnapshotAccess } from './access.ts'

/** Who calls, as a listener has found out. */
export interface Caller {
  /** null = an identity that is nobody's here: no rule allows it. */
  principal: Principal | null
  /** For people: the principal, or the identity that is not known. */
  name: string
}

/** Clients without an identity of the mesh, and what other gateways send. */
export const gatewayCaller: Caller = Object.freeze({ principal: 'gateway', name: 'gateway' })

export interface AccessGate {
  access: SnapshotAccess
  gateway: PathGate | null
  byPrincipal: ReadonlyMap<Principal, PathGate>
}

/** What one principal may: masks with a bit for each method. */
interface PathGate {
  /** Methods that may go anywhere. */
  anywhere: number
  exact: ReadonlyMap<string, number>
  /** Without the slash at the end; '' = every path. */
  prefixes: readonly string[]
  prefixMasks: readonly number[]
}

const methodBits = new Map<string, number>(accessMethods.map((method, index) => [method, 1 << index]))
/** A method that rules cannot name: allowed where they name none. */
const otherMethod = 1 << accessMethods.length
const everyMethod = (otherMethod << 1) - 1

const gates = new WeakMap<SnapshotAccess, AccessGate>()

/** Made once for each policy: parts of snapshots are frozen and known by identity. */
export function accessGateOf(access: SnapshotAccess): AccessGate {
  let gate = gates.get(access)
  if (gate === undefined) gates.set(access, (gate = buildGate(access)))
  return gate
}

function buildGate(access: SnapshotAccess): AccessGate {
  const building = new Map<Principal, { anywhere: number; exact: Map<string, number>; prefixes: Map<string, number> }>()
  for (const { principals, methods, paths } of access.rules) {
    const mask = methods === null ? everyMethod : methods.reduce((bits, method) => bits | (methodBits.get(method) ?? 0), 0)
    for (const principal of principals) {
      let part = building.get(principal)
      if (part === undefined) building.set(principal, (part = { anywhere: 0, exact: new Map(), prefixes: new Map() }))
      if (paths === null) part.anywhere |= mask
      for (const path of paths ?? []) widen(path.type === 'Exact' ? part.exact : part.prefixes, keyOf(path), mask)
    }
  }
  const byPrincipal = new Map([...building].map(([principal, { anywhere, exact, prefixes }]): [Principal, PathGate] =>
    [principal, { anywhere, exact, prefixes: [...prefixes.keys()], prefixMasks: [...prefixes.values()] }]))
  return { access, byPrincipal, gateway: byPrincipal.get('gateway') ?? null }
}

function keyOf({ type, value }: AccessPath): string {
  return type === 'PathPrefix' && value.endsWith('/') ? value.slice(0, -1) : value
}

function widen(masks: Map<string, number>, key: string, mask: number): void {
  masks.set(key, (masks.get(key) ?? 0) | mask)
}

/**
 * Whether a gateway may send `caller`'s request on. Whoever calls, the service's side of the mesh sees the gateway: both must
 * be allowed. `path` is what the service would get, without its query.
 */
export function admits(gate: AccessGate, caller: Caller, method: string, path: string): boolean {
  const { principal } = caller
  if (gate.gateway === null || principal === null || isAmbiguous(path)) return false
  const bit = methodBits.get(method) ?? otherMethod
  if (!opens(gate.gateway, bit, path)) return false
  if (principal === 'gateway') return true
  const own = gate.byPrincipal.get(principal)
  return own !== undefined && opens(own, bit, path)
}

function opens({ anywhere, exact, prefixes, prefixMasks }: PathGate, bit: number, path: string): boolean {
  if ((anywhere & bit) !== 0 || ((exact.get(path) ?? 0) & bit) !== 0) return true
  for (let index = 0; index < prefixes.length; index++) {
    const prefix = prefixes[index]
    if ((prefixMasks[index] & bit) === 0 || !path.startsWith(prefix)) continue
    if (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f) return true
  }
  return false
}
