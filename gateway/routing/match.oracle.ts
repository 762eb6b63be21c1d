// The slow, obvious reading of Gateway API matching, for tests: look at every match of every route, keep those that
// hold, sort them by the precedence rules one after another, take the first.

import type { SnapshotMatch, SnapshotRoute, SnapshotValueMatch } from '../snapshot/snapshot.ts'
import type { HeaderView } from './table.ts'

export interface Found { routeIndex: number; matchIndex: number }

interface Candidate extends Found {
  hostRank: number
  pathRank: number
  pathLength: number
  match: SnapshotMatch
  route: SnapshotRoute
}

export function findByScanning(
  routes: readonly SnapshotRoute[], host: string, path: string, query: string, method: string, headers: HeaderView,
): Found | null {
  const candidates: Candidate[] = []
  routes.forEach((route, routeIndex) => {
    const hostRank = Math.max(...(route.hostnames.length === 0 ? ['*'] : route.hostnames).map((name) => rankOfHost(name, host)))
    if (hostRank < 0) return
    const matches = route.matches.length === 0 ? [everyPath] : route.matches
    matches.forEach((match, matchIndex) => {
      if (!pathHolds(match, path)) return
      if (match.method !== null && match.method !== method) return
      if (!match.headers.every((header) => valueHolds(header, headers.get(header.name)))) return
      if (!match.query.every((parameter) => valueHolds(parameter, firstParameter(query, parameter.name)))) return
      const pathRank = { Exact: 2, PathPrefix: 1, RegularExpression: 0 }[match.path.type]
      const pathLength = match.path.type === 'PathPrefix' ? withoutTrailingSlashes(match.path.value).length : match.path.value.length
      candidates.push({ routeIndex, matchIndex, hostRank, pathRank, pathLength, match, route })
    })
  })
  candidates.sort((a, b) => {
    if (a.hostRank !== b.hostRank) return b.hostRank - a.hostRank
    if (a.pathRank !== b.pathRank) return b.pathRank - a.pathRank
    if (a.pathLength !== b.pathLength) return b.pathLength - a.pathLength
    if ((a.match.method === null) !== (b.match.method === null)) return a.match.method === null ? 1 : -1
    if (a.match.headers.length !== b.match.headers.length) return b.match.headers.length - a.match.headers.length
    if (a.match.query.length !== b.match.query.length) return b.match.query.length - a.match.query.length
    if (a.route.createdAt !== b.route.createdAt) return a.route.createdAt < b.route.createdAt ? -1 : 1
    const [nameA, ruleA] = splitId(a.route.id)
    const [nameB, ruleB] = splitId(b.route.id)
    if (nameA !== nameB) return nameA < nameB ? -1 : 1
    if (ruleA !== ruleB) return ruleA - ruleB
    return a.matchIndex - b.matchIndex
  })
  return candidates[0] ?? null
}

const everyPath: SnapshotMatch = { path: { type: 'PathPrefix', value: '/' }, method: null, headers: [], query: [] }

/** -1 no match, 0 every host, 1 + length of the suffix for a wildcard, above all wildcards when exact. */
function rankOfHost(name: string, host: string): number {
  if (name === '*') return 0
  if (name.startsWith('*.')) return host.endsWith(name.slice(1)) && host.length > name.length - 1 ? name.length : -1
  return name === host ? 1_000_000 : -1
}

function pathHolds({ path: { type, value } }: SnapshotMatch, path: string): boolean {
  if (type === 'Exact') return path === value
  if (type === 'RegularExpression') return path.length <= 2048 && new RegExp(`^(?:${value})$`).test(path)
  const prefix = withoutTrailingSlashes(value)
  return path === prefix || path.startsWith(`${prefix}/`)
}

function withoutTrailingSlashes(value: string): string {
  return value.endsWith('/') ? withoutTrailingSlashes(value.slice(0, -1)) : value
}

function valueHolds({ type, value }: SnapshotValueMatch, actual: string | undefined): boolean {
  if (actual === undefined) return false
  return type === 'Exact' ? actual === value : new RegExp(`^(?:${value})$`).test(actual)
}

function firstParameter(query: string, name: string): string | undefined {
  for (const part of query.split('&').filter((text) => text !== '')) {
    const [key, ...rest] = part.split('=')
    if (decodeURIComponent(key.replaceAll('+', ' ')) === name) return decodeURIComponent(rest.join('=').replaceAll('+', ' '))
  }
  return undefined
}

function splitId(id: string): [string, number] {
  const parts = id.split('/')
  return [parts.slice(0, -1).join('/'), Number(parts.at(-1))]
}
