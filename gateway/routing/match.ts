// The route table: host and path → few candidates → one rule. Built once a snapshot, and from the one before where
// most is the same. Matching is synchronous and, on the common path, allocates nothing and runs no regular expression.
//
// Precedence (Gateway API HTTPRouteRule.matches; where the standard leaves it open, as said here):
//   1. host: exact, then the longest wildcard, then rules for every host
//   2. path: Exact, then the longest PathPrefix by whole elements, then RegularExpression (open; as Istio has it),
//      the longer pattern first, matched against the whole path
//   3. method, number of headers, number of query parameters, older route, route name, order inside the route
// A rule whose method, headers or query do not hold gives way to the next, to the least specific host.
// Percent-encoding of paths is compared as given: the data plane has normalised it.

import { defaultRouteFailover, type SnapshotRoute } from '../snapshot/snapshot.ts'
import { entriesOf, type MatchEntry } from './match-entry.ts'
import { PathIndex } from './match-paths.ts'
import type { HeaderView, MatchedRule, RouteTable } from './table.ts'

/**
 * A table over the routes of a snapshot. Routes that `previous` holds as the same objects cost next to nothing;
 * `previous` itself stays as it is and may go on serving. Throws SyntaxError on a pattern that does not compile.
 */
export function buildRouteTable(routes: readonly SnapshotRoute[], previous?: RouteTable): RouteTable {
  const base = previous instanceof Table ? previous : emptyTable
  const builder = new Builder(base)
  // Snapshots are sorted, so what changed lies between what both have at their start and at their end.
  const start = sameAtStart(base.routes, routes)
  const end = sameAtEnd(base.routes, routes, start)
  const before = new Map<SnapshotRoute, readonly MatchEntry[]>()
  for (let index = start; index < base.routes.length - end; index++) before.set(base.routes[index], base.entries[index])
  const middle = routes.slice(start, routes.length - end).map((route) => {
    const kept = before.get(route)
    before.delete(route)
    return kept ?? builder.add(route)
  })
  for (const [route, entries] of before) builder.remove(route, entries)
  const entries = [...base.entries.slice(0, start), ...middle, ...base.entries.slice(base.entries.length - end)]
  return builder.finish([...routes], entries, start)
}

class Table implements RouteTable {
  readonly index: PathIndex
  readonly routes: readonly SnapshotRoute[]
  /** Beside `routes`. */
  readonly entries: readonly (readonly MatchEntry[])[]
  /** By the slot of an entry. Entries are shared between tables; answers, with their route index, are not. */
  readonly rules: readonly MatchedRule[]
  readonly freeSlots: readonly number[]

  constructor(
    index: PathIndex, routes: readonly SnapshotRoute[], entries: readonly (readonly MatchEntry[])[],
    rules: readonly MatchedRule[], freeSlots: readonly number[],
  ) {
    this.index = index
    this.routes = routes
    this.entries = entries
    this.rules = rules
    this.freeSlots = freeSlots
  }

  match(host: string, path: string, query: string, method: string, headers: HeaderView): MatchedRule | null {
    const slot = this.index.find(host, path, query, method, headers)
    return slot < 0 ? null : this.rules[slot]
  }
}

class Builder {
  private readonly index: PathIndex
  private readonly rules: MatchedRule[]
  private readonly freeSlots: number[]

  constructor(base: Table) {
    this.index = base.index.draft()
    this.rules = [...base.rules]
    this.freeSlots = [...base.freeSlots]
  }

  add(route: SnapshotRoute): readonly MatchEntry[] {
    const entries = entriesOf(route)
    for (const entry of entries) {
      entry.slot = this.freeSlots.pop() ?? this.rules.length
      this.rules[entry.slot] = { routeIndex: -1, route, match: entry.match }
      for (const host of hostKeys(route)) this.index.add(host, entry)
    }
    return entries
  }

  remove(route: SnapshotRoute, entries: readonly MatchEntry[]): void {
    for (const entry of entries) {
      for (const host of hostKeys(route)) this.index.remove(host, entry)
      this.rules[entry.slot] = nobody
      this.freeSlots.push(entry.slot)
    }
  }

  /** From `start` on routes may have moved: answers whose index changed are made anew, the table before keeps its own. */
  finish(routes: readonly SnapshotRoute[], entries: readonly (readonly MatchEntry[])[], start: number): Table {
    for (let routeIndex = start; routeIndex < routes.length; routeIndex++) {
      for (const { slot, route, match } of entries[routeIndex]) {
        if (this.rules[slot].routeIndex !== routeIndex) this.rules[slot] = { routeIndex, route, match }
      }
    }
    return new Table(this.index.seal(), routes, entries, this.rules, this.freeSlots)
  }
}

/** How the index knows hosts: `shop.test`, `.shop.test` for `*.shop.test`, and '' for every host. */
function hostKeys({ hostnames }: SnapshotRoute): Iterable<string> {
  if (hostnames.length === 0) return everyHost
  return new Set(hostnames.map((host) => (host.startsWith('*.') ? host.slice(1) : host)))
}

const everyHost: readonly string[] = ['']

function sameAtStart(a: readonly unknown[], b: readonly unknown[]): number {
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same++
  return same
}

function sameAtEnd(a: readonly unknown[], b: readonly unknown[], start: number): number {
  const most = Math.min(a.length, b.length) - start
  let same = 0
  while (same < most && a[a.length - 1 - same] === b[b.length - 1 - same]) same++
  return same
}

/** Stands in a slot that nothing uses, so that a removed route can be freed. */
const nobody: MatchedRule = {
  routeIndex: -1,
  route: {
    id: '', hostnames: [], matches: [], filters: [], backends: [], timeouts: { requestMs: 0, backendRequestMs: 0 }, createdAt: '',
    failover: defaultRouteFailover, residency: { allowed: [], reason: '' },
  },
  match: { path: { type: 'Exact', value: '' }, method: null, headers: [], query: [] },
}

const emptyTable = new Table(new PathIndex(), [], [], [], [])
