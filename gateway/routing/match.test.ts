// Route matching against the oracle of match.oracle.ts, on random routes and requests over small alphabets, where
// collisions of hosts, prefixes and precedence are the rule.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultRouteFailover, type SnapshotMatch, type SnapshotRoute, type SnapshotValueMatch } from '../snapshot/snapshot.ts'
import { buildRouteTable } from './match.ts'
import { findByScanning } from './match.oracle.ts'
import type { RouteTable } from './table.ts'

function route(id: string, over: Partial<SnapshotRoute> = {}): SnapshotRoute {
  return {
    id, hostnames: [], matches: [], filters: [], backends: [], timeouts: { requestMs: 0, backendRequestMs: 0 }, createdAt: '',
    failover: defaultRouteFailover, residency: { allowed: null, reason: '' }, ...over,
  }
}

function matching(type: SnapshotMatch['path']['type'], value: string, over: Partial<SnapshotMatch> = {}): SnapshotMatch {
  return { path: { type, value }, method: null, headers: [], query: [], ...over }
}

const headerView = (headers: Record<string, string> = {}) => ({ get: (name: string) => headers[name] })

function idOf(table: RouteTable, host: string, path: string, query = '', method = 'GET', headers: Record<string, string> = {}): string | undefined {
  return table.match(host, path, query, method, headerView(headers))?.route.id
}

const hosts = ['a.test', 'b.a.test', 'c.b.a.test', 'xa.test', 'test']
const names = ['a.test', 'b.a.test', '*.a.test', '*.test', '*.b.a.test']
const element = fc.constantFrom('a', 'b', 'ab', 'abc', 'a-b', 'é', '')
const anyPath = fc.array(element, { maxLength: 4 }).map((elements) => `/${elements.join('/')}`)
const someValue = fc.oneof(
  fc.record({ type: fc.constant('Exact' as const), value: fc.constantFrom('1', '2', 'x y') }),
  fc.record({ type: fc.constant('RegularExpression' as const), value: fc.constantFrom('[0-9]', '1|2', 'x.*') }),
)
const values = (known: string[]): fc.Arbitrary<SnapshotValueMatch[]> => fc.uniqueArray(fc.tuple(fc.constantFrom(...known), someValue).map(([name, value]) => ({ name, ...value })), {
  maxLength: 2, selector: ({ name }) => name,
})
const none: fc.Arbitrary<SnapshotValueMatch[]> = fc.constant([])
const anyMatch: fc.Arbitrary<SnapshotMatch> = fc.record({
  path: fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('Exact' as const, 'PathPrefix' as const), value: anyPath }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('RegularExpression' as const), value: fc.constantFrom('/a.*', '/[ab]+', '/a|/b', '.*', '/ab?c?/.*') }) },
  ),
  method: fc.option(fc.constantFrom('GET', 'POST'), { freq: 2 }),
  headers: fc.oneof({ weight: 3, arbitrary: none }, { weight: 1, arbitrary: values(['x-a', 'x-b']) }),
  query: fc.oneof({ weight: 3, arbitrary: none }, { weight: 1, arbitrary: values(['p', 'q']) }),
})
const anyRoutes = fc.uniqueArray(
  fc.record({
    id: fc.tuple(fc.constantFrom('n/a', 'n/b', 'n/a-b'), fc.nat(11)).map(([name, rule]) => `${name}/${rule}`),
    hostnames: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
    matches: fc.array(anyMatch, { maxLength: 4 }),
    createdAt: fc.constantFrom('', '2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'),
  }).map(({ id, ...over }) => route(id, over)),
  { maxLength: 14, selector: ({ id }) => id },
)
const anyRequest = fc.record({
  host: fc.constantFrom(...hosts),
  path: anyPath,
  query: fc.constantFrom('', 'p=1', 'q=2&p=1', 'p=2&p=1', 'p=x+y', 'p=%31', 'q', '&&q=1&'),
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  headers: fc.record({ 'x-a': fc.constantFrom('1', '2', 'x y'), 'x-b': fc.constantFrom('1', 'xx') }, { requiredKeys: [] }) as fc.Arbitrary<Record<string, string>>,
})
type Request = typeof anyRequest extends fc.Arbitrary<infer R> ? R : never

function expectAgreement(table: RouteTable, routes: readonly SnapshotRoute[], { host, path, query, method, headers }: Request): void {
  const expected = findByScanning(routes, host, path, query, method, headerView(headers))
  const found = table.match(host, path, query, method, headerView(headers))
  expect(found === null ? null : { id: found.route.id, index: found.routeIndex }).toEqual(
    expected === null ? null : { id: routes[expected.routeIndex].id, index: expected.routeIndex })
  if (found === null || expected === null) return
  expect(found.route).toBe(routes[expected.routeIndex])
  if (found.route.matches.length > 0) expect(found.route.matches.indexOf(found.match)).toBe(expected.matchIndex)
}

describe('matching', () => {
  it('agrees with the oracle on any routes and requests', () => {
    fc.assert(fc.property(anyRoutes, fc.array(anyRequest, { minLength: 20, maxLength: 40 }), (routes, requests) => {
      const table = buildRouteTable(routes)
      for (const request of requests) expectAgreement(table, routes, request)
    }), { numRuns: 2000 })
  })

  it('agrees with the oracle after any run of changes, and leaves earlier tables as they were', () => {
    fc.assert(fc.property(fc.array(anyRoutes, { minLength: 2, maxLength: 6 }), fc.array(anyRequest, { minLength: 10, maxLength: 20 }), (steps, requests) => {
      const held: { table: RouteTable; routes: SnapshotRoute[] }[] = []
      for (const step of steps) {
        const before = held.at(-1)
        // Half of the old routes stay as the same objects, beside the new ones.
        const ids = new Set(step.map(({ id }) => id))
        const kept = (before?.routes ?? []).filter(({ id }, index) => index % 2 === 0 && !ids.has(id))
        const routes = [...kept, ...step].sort((a, b) => (a.id < b.id ? -1 : 1))
        held.push({ routes, table: buildRouteTable(routes, before?.table) })
      }
      for (const { table, routes } of held) for (const request of requests) expectAgreement(table, routes, request)
    }), { numRuns: 500 })
  })

  it('agrees with the oracle on thousands of routes of one host that come and go one by one', () => {
    const all = Array.from({ length: 3000 }, (_, index) => route(`n/r-${String(index).padStart(4, '0')}/0`, {
      hostnames: ['a.test'], matches: [matching(index % 3 === 0 ? 'Exact' : 'PathPrefix', `/s${index % 700}/v${index % 5}`)],
    }))
    let routes: SnapshotRoute[] = []
    let table = buildRouteTable(routes)
    for (let step = 0; step < 600; step++) {
      const next = all[(step * 7919) % all.length]
      routes = step % 4 === 3 ? routes.filter((_, index) => index !== step % routes.length) : [...routes, next].sort((a, b) => (a.id < b.id ? -1 : 1))
      table = buildRouteTable(routes, table)
    }
    for (let index = 0; index < 3000; index += 7) {
      expectAgreement(table, routes, { host: 'a.test', path: `/s${index % 700}/v${index % 5}${index % 2 === 0 ? '' : '/x'}`, query: '', method: 'GET', headers: {} })
    }
    expect(routes.length).toBe(300)
  })

  it('compares prefixes by whole elements', () => {
    const table = buildRouteTable([route('n/a/0', { matches: [matching('PathPrefix', '/foo')] })])
    expect(['/foo', '/foo/', '/foo/bar', '/foobar', '/fo', '/'].map((path) => idOf(table, 'x', path))).toEqual(
      ['n/a/0', 'n/a/0', 'n/a/0', undefined, undefined, undefined])
  })

  it('falls back to wildcards and to every host when nothing on the exact host holds', () => {
    const table = buildRouteTable([
      route('n/a/0', { hostnames: ['b.a.test'], matches: [matching('PathPrefix', '/', { method: 'POST' })] }),
      route('n/b/0', { hostnames: ['*.a.test'], matches: [matching('PathPrefix', '/w')] }),
      route('n/c/0'),
    ])
    expect(idOf(table, 'b.a.test', '/w', '', 'POST')).toBe('n/a/0')
    expect(idOf(table, 'b.a.test', '/w')).toBe('n/b/0')
    expect(idOf(table, 'b.a.test', '/')).toBe('n/c/0')
    expect(idOf(table, 'a.test', '/w')).toBe('n/c/0')
  })

  it('holds paths of one hash apart', () => {
    // Two texts of one length with the same FNV-1a hash, found by search, and a request that ends in neither.
    const [one, other] = collidingTexts('/')
    const table = buildRouteTable([route('n/a/0', { matches: [matching('Exact', one)] }), route('n/b/0', { matches: [matching('Exact', other)] })])
    expect(idOf(table, 'x', one)).toBe('n/a/0')
    expect(idOf(table, 'x', other)).toBe('n/b/0')
    const lone = buildRouteTable([route('n/a/0', { matches: [matching('Exact', one)] })])
    expect(idOf(lone, 'x', other)).toBeUndefined()
  })

  it('holds hosts of one hash apart', () => {
    const [one, other] = collidingTexts('h')
    const table = buildRouteTable([route('n/a/0', { hostnames: [one, `*.${one}`], matches: [matching('Exact', '/a')] })])
    expect(idOf(table, one, '/a')).toBe('n/a/0')
    expect(idOf(table, other, '/a')).toBeUndefined()
    expect(idOf(table, `x.${one}`, '/a')).toBe('n/a/0')
  })

  it('does not run regular expressions on paths that are too long', () => {
    const table = buildRouteTable([route('n/a/0', { matches: [matching('RegularExpression', '/.*')] })])
    expect(idOf(table, 'x', `/${'a'.repeat(2047)}`)).toBe('n/a/0')
    expect(idOf(table, 'x', `/${'a'.repeat(2048)}`)).toBeUndefined()
  })

  it('keeps the answers of routes that stay, and renumbers those that move', () => {
    const [a, b, c] = ['n/a/0', 'n/b/0', 'n/c/0'].map((id) => route(id, { matches: [matching('Exact', `/${id[2]}`)] }))
    const before = buildRouteTable([a, c])
    const after = buildRouteTable([a, b, c], before)
    expect(after.match('x', '/a', '', 'GET', headerView())).toBe(before.match('x', '/a', '', 'GET', headerView()))
    expect(after.match('x', '/c', '', 'GET', headerView())?.routeIndex).toBe(2)
    expect(before.match('x', '/c', '', 'GET', headerView())?.routeIndex).toBe(1)
    expect(before.match('x', '/b', '', 'GET', headerView())).toBeNull()
  })
})

/** Birthday search: with 32 bits about 80,000 texts give a pair. */
function collidingTexts(start: string): [string, string] {
  const seen = new Map<number, string>()
  for (let index = 0; ; index++) {
    const text = `${start}${String(index).padStart(9, '0')}`
    let hash = 0x811c9dc5 | 0
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    const twin = seen.get(hash)
    if (twin !== undefined) return [twin, text]
    seen.set(hash, text)
  }
}
