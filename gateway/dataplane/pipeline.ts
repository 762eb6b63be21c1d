// From a request's head to where it goes: match, filters, backend, pin. Pure but for the random number that
// it is given; the exchange does what it says.

import { timingSafeEqual } from 'node:crypto'
import { changeHeaders } from '../filters/headers.ts'
import { modifyPath } from '../filters/path.ts'
import { redirectLocation, type RedirectFilter } from '../filters/redirect.ts'
import type { RequestHead } from '../protocols/message.ts'
import { RequestFlag } from '../routing/core.ts'
import type { SnapshotMatch } from '../snapshot/snapshot.ts'
import { noBackend, noRoute, type Answer } from './answers.ts'
import { header } from './bootstrap.ts'
import { backendOf, pickBackend, type BackendEntry, type PlaneState, type RouteEntry } from './state.ts'

export interface Routed {
  entry: RouteEntry
  backend: BackendEntry
  /** As the service gets it, without query. */
  path: string
  /** What to ask the upstream for: path and query. */
  target: string
  /** Host for the upstream. */
  authority: string
}

export interface Redirected { entry: RouteEntry; status: number; location: string }

/** Refused before it got a backend; `entry`: the rule that matched, absent when none did. */
export type Unrouted = Answer & { entry?: RouteEntry }

/** Where the request goes. A request over a link has been filtered by its entry gateway already. */
export function routeRequest(state: PlaneState, head: RequestHead, fromPeer: boolean, random: number): Routed | Redirected | Unrouted {
  const decided = fromPeer ? decidedByPeer(state, head) : null
  if (decided !== null) return decided
  const matched = state.table.match(head.host, head.path, head.query, head.method, head.fields)
  if (matched === null) return noRoute
  const entry = state.routes[matched.routeIndex]
  const { redirect } = entry.filters
  if (redirect !== null) return redirectTo(entry, redirect, head, matched.match)
  const backend = pickBackend(entry, random)
  if (backend === null) return { ...noBackend, entry }
  return applyFilters(entry, backend, head, matched.match)
}

/** The same rule and service in a newer snapshot, for a request whose body arrived meanwhile. */
export function routeAgain(state: PlaneState, routed: Routed): Routed | Answer {
  const entry = state.routeById.get(routed.entry.route.id)
  const backend = entry === undefined ? null : backendOf(state, entry, routed.backend.service)
  return entry === undefined || backend === null ? noRoute : { ...routed, entry, backend }
}

function decidedByPeer(state: PlaneState, head: RequestHead): Routed | null {
  const id = head.fields.get(header.route)
  const entry = id === undefined ? undefined : state.routeById.get(id)
  const service = head.fields.get(header.service)
  if (entry === undefined || service === undefined) return null
  const backend = backendOf(state, entry, service)
  return backend === null ? null : { entry, backend, path: head.path, target: targetOf(head.path, head), authority: head.authority }
}

function redirectTo(entry: RouteEntry, filter: RedirectFilter, head: RequestHead, match: SnapshotMatch): Redirected {
  return { entry, status: filter.statusCode, location: redirectLocation(filter, head, match, 'http') }
}

function applyFilters(entry: RouteEntry, backend: BackendEntry, head: RequestHead, match: SnapshotMatch): Routed {
  let path = head.path
  let authority = head.authority
  for (const { request, rewrite } of [entry.filters, backend.filters]) {
    if (request !== null) changeHeaders(head.fields, request)
    if (rewrite === null) continue
    if (rewrite.path !== null) path = modifyPath(rewrite.path, path, match)
    authority = rewrite.hostname ?? authority
  }
  return { entry, backend, path, target: targetOf(path, head), authority }
}

const targetOf = (path: string, head: RequestHead): string => (head.hasQuery ? `${path}?${head.query}` : path)

/** GET HEAD PUT DELETE OPTIONS may be sent twice (RFC 9110, section 9.2.2). */
export function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'PUT' || method === 'DELETE' || method === 'OPTIONS'
}

export interface Pin { region: number; flag: number }

export const notPinned: Pin = { region: -1, flag: 0 }

/** Region asked for with the right token; `notPinned` otherwise. A region that is not known has index -2. */
export function readPin(state: PlaneState, head: RequestHead, token: Buffer): Pin {
  const region = head.fields.get(header.pin)
  if (region === undefined || !sameToken(head.fields.get(header.token), token)) return notPinned
  return { region: state.regionIndex.get(region) ?? -2, flag: RequestFlag.Pinned }
}

/** Takes the same time wherever the first difference is. */
export function sameToken(given: string | undefined, token: Buffer): boolean {
  if (given === undefined) return false
  const bytes = Buffer.from(given)
  return bytes.length === token.length && timingSafeEqual(bytes, token)
}
