// Whether gateways, a mesh and the access policies say the same: which requests to try, and what their answers mean. Pure:
// who asks, over which sockets and as whom, is each substrate's own matter.

import type { CodedError } from '../../gateway/errors.ts'
import { readTarget } from '../../gateway/protocols/http1/target.ts'
import { buildRouteTable } from '../../gateway/routing/match.ts'
import type { RouteTable } from '../../gateway/routing/table.ts'
import { accessMethods, allows, type Principal, type SnapshotAccess } from '../../gateway/security/access.ts'
import type { SnapshotRoute } from '../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../errors.ts'
import { withoutPort } from '../service-name.ts'

/** One request to one service, and what the policy says to it. */
export interface Cell {
  /** As a topology names it. */
  service: string
  principal: Principal
  method: string
  path: string
  allowed: boolean
  /** null: no gateway takes such a request to the service alone, or it is not the gateway that asks. */
  way: WayIn | null
}

/** How a client has a gateway send the request. */
export interface WayIn {
  host: string
  /** Whether the policy allows what the service would get: gateways bring paths into their normal form (RFC 3986, 6.2.2). */
  allowed: boolean
}

/** `stopped`: the gateway let it through, and the mesh did not. `elsewhere`: there is no way in. */
export type GatewayAnswer = 'open' | 'shut' | 'stopped' | 'elsewhere'
export type MeshAnswer = 'open' | 'shut'

export interface Answered { cell: Cell; region: string; mesh: MeshAnswer; gateway: GatewayAnswer }

export interface AgreementRequest {
  /** Service of the topology → what the policies on it say. */
  access: ReadonlyMap<string, SnapshotAccess>
  /** All of the topology: one of them is the identity that no rule names. */
  services: readonly string[]
  routes: readonly SnapshotRoute[]
}

/** Named in no rule, and nobody's where no service is left. */
const stranger: Principal = 'service:regatta/stranger'
/** Those that a client sends as any other: CONNECT has no path, and TRACE is answered by whoever is first on the way. */
const tried = accessMethods.filter((method) => method !== 'CONNECT' && method !== 'TRACE')

/**
 * What to ask about the guarded services: identities named in rules and one that is not, methods likewise, and paths at, below,
 * beside and around what rules name.
 */
export function matrixOf({ access, services, routes }: AgreementRequest): Cell[] {
  const wayIn = waysIn(routes)
  return [...access].flatMap(([service, own]) => {
    const methods = methodsTried(own)
    const paths = pathsTried(own)
    return identitiesTried(own, services).flatMap((principal) => methods.flatMap((method) => paths.map((path): Cell => ({
      service, principal, method, path, allowed: allows(own, principal, method, path),
      way: principal === 'gateway' ? wayIn(service, own, method, path) : null,
    }))))
  })
}

function identitiesTried({ rules }: SnapshotAccess, services: readonly string[]): Principal[] {
  const known = new Set(services.map((service): Principal => `service:${withoutPort(service)}`))
  const named = new Set<Principal>(['gateway', ...rules.flatMap(({ principals }) => principals)])
  const unnamed = [...known].find((one) => !named.has(one)) ?? stranger
  // Nobody can speak as a service that does not run here.
  return [...[...named].filter((one) => one === 'gateway' || known.has(one)), unnamed]
}

function methodsTried({ rules }: SnapshotAccess): string[] {
  const named = new Set(rules.flatMap(({ methods }) => methods ?? ['GET']))
  const unnamed = tried.find((method) => !named.has(method))
  return [...tried.filter((method) => named.has(method)), ...(unnamed === undefined ? [] : [unnamed])]
}

function pathsTried({ rules }: SnapshotAccess): string[] {
  const values = rules.flatMap(({ paths }) => (paths ?? []).map(({ value }) => value.replace(/\/$/, '')))
  return [...new Set(['/', outside, ...[...new Set([...values, '/any'])].flatMap(aroundPath)])].filter((path) => path.startsWith('/'))
}

const outside = '/outside'

/** Plain neighbours, then forms that some readers take for the path, and some for another (OWASP, Path Traversal). */
function aroundPath(base: string): string[] {
  const first = base.charCodeAt(1)
  return [
    base, `${base}/`, `${base}/below`, `${base}x`, base.toUpperCase(), `${base};v=1`,
    `${base}/..${outside}`, `${outside}/..${base}`, `${base}/.`, `${base}/..;${outside}`, `/${base}`, `${base}//below`,
    `${base}%2fbelow`, `${base}/%2e%2e${outside}`, `${base}%5cbelow`, `${base}\\below`, `${base}%00`, `${base}/%zz`,
    ...(Number.isNaN(first) ? [] : [`/%${first.toString(16)}${base.slice(2)}`]),
  ]
}

type FindWayIn = (service: string, access: SnapshotAccess, method: string, path: string) => WayIn | null

/** A host by which a request reaches this service and no other, with nothing rewritten: other ways say nothing of the cell. */
function waysIn(routes: readonly SnapshotRoute[]): FindWayIn {
  const table = buildRouteTable(routes)
  const hosts = [...new Set(routes.flatMap(({ hostnames }) => hostnames.length === 0 ? ['agreement.test'] : hostnames.map((name) => name.replace(/^\*/, 'agreement'))))]
  return (service, access, method, path) => {
    const target = readTarget(path, method)
    if (!('path' in target)) return null
    const host = hosts.find((one) => leadsTo(table, { host: one, method, path: target.path }, service))
    return host === undefined ? null : { host, allowed: allows(access, 'gateway', method, target.path) }
  }
}

const noFields = { get: () => undefined }

function leadsTo(table: RouteTable, { host, method, path }: { host: string; method: string; path: string }, service: string): boolean {
  const route = table.match(host, path, '', method, noFields)?.route
  if (route === undefined) return false
  const backends = route.backends.filter(({ weight }) => weight > 0)
  const changes = [...route.filters, ...backends.flatMap(({ filters }) => filters)].some(({ type }) => type === 'URLRewrite' || type === 'RequestRedirect')
  return !changes && backends.length > 0 && backends.every((backend) => backend.service === service)
}

/**
 * Whether policy, mesh and gateway say different things. `excepted`: the mesh is to let this one in although no rule allows
 * it, which is what a gateway's own probe needs.
 */
export function disagrees({ cell: { allowed, way }, mesh, gateway }: Answered, excepted: boolean): boolean {
  return mesh !== wordOf(allowed || excepted) || (way !== null && gateway !== wordOf(way.allowed))
}

const wordOf = (allowed: boolean): MeshAnswer => (allowed ? 'open' : 'shut')

/** How many are told of. */
const mostTold = 10

/** RGT_MESH_POLICY for cells of which there is at least one. */
export function disagreement(cells: readonly Answered[], asked: number): CodedError {
  const told = cells.slice(0, mostTold).map(({ region, cell: { service, principal, method, path, allowed }, gateway, mesh }) =>
    `${region}: ${service}, ${principal}, ${method} ${path}: policy ${wordOf(allowed)}, gateway ${gateway}, mesh ${mesh}`)
  return topologyError('RGT_MESH_POLICY', `gateway, mesh and policy disagree in ${cells.length} of ${asked} cells`, {
    expected: 'open at both where an AccessPolicy allows it, shut at both where none does',
    found: [...told, ...(cells.length > mostTold ? [`and ${cells.length - mostTold} more`] : [])].join('\n  '),
    hint: 'somebody has changed the rules of the mesh, or a proxy has not heard of them; stopped = the mesh refused what a gateway let through, elsewhere = no gateway leads there',
  })
}
