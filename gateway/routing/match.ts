// The route table: host → index of paths → few candidates. Built once a snapshot, and from the one before where most
// is the same. Matching is synchronous and, on the common path, allocates nothing and runs no regular expression.
//
// Precedence (Gateway API HTTPRouteRule.matches; where the standard leaves it open, as said here):
//   1. host: exact, then the longest wildcard, then rules for every host
//   2. path: Exact, then the longest PathPrefix by whole elements, then RegularExpression (open; as Istio has it),
//      the longer pattern first, matched against the whole path
//   3. method, number of headers, number of query parameters, older route, route name, order inside the route
// A rule whose method, headers or query do not hold gives way to the next, to the least specific host.
// Percent-encoding of paths is compared as given: the data plane has normalised it.

import type { SnapshotRoute } from '../snapshot/snapshot.ts'
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
  const unwanted = new Set(base.held.keys())
  for (const route of routes) {
    if (!unwanted.delete(route)) builder.add(route)
  }
  for (const route of unwanted) builder.remove(route)
  return builder.finish(routes)
}

interface Hosts {
  exact: Map<string, PathIndex>
  /** Keyed by the suffix with its dot: `.example.com`. */
  wildcards: Map<string, PathIndex>
  every: PathIndex
}

type Held = Map<SnapshotRoute, readonly MatchEntry[]>

class Table implements RouteTable {
  readonly hosts: Hosts
  readonly held: Held
  /** By the slot of an entry. Entries are shared between tables, answers (with their route index) are not. */
  readonly rules: readonly MatchedRule[]
  readonly freeSlots: readonly number[]

  constructor(hosts: Hosts, held: Held, rules: readonly MatchedRule[], freeSlots: readonly number[]) {
    this.hosts = hosts
    this.held = held
    this.rules = rules
    this.freeSlots = freeSlots
  }

  match(host: string, path: string, query: string, method: string, headers: HeaderView): MatchedRule | null {
    const { exact, wildcards, every } = this.hosts
    const index = exact.get(host)
    let slot = index === undefined ? -1 : index.find(path, query, method, headers)
    if (slot < 0 && wildcards.size > 0) slot = this.findBelowWildcard(host, path, query, method, headers)
    if (slot < 0) slot = every.find(path, query, method, headers)
    return slot < 0 ? null : this.rules[slot]
  }

  /** From the longest suffix; a wildcard stands for one or more labels. */
  private findBelowWildcard(host: string, path: string, query: string, method: string, headers: HeaderView): number {
    for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const index = this.hosts.wildcards.get(host.slice(dot))
      const slot = index === undefined ? -1 : index.find(path, query, method, headers)
      if (slot >= 0) return slot
    }
    return -1
  }
}

class Builder {
  private readonly hosts: Hosts
  private readonly held: Held
  private readonly rules: MatchedRule[]
  private readonly freeSlots: number[]
  /** Indices that this build made and may still change; all others belong to the table before. */
  private readonly drafts = new Set<PathIndex>()

  constructor(base: Table) {
    const { exact, wildcards, every } = base.hosts
    this.hosts = { exact: new Map(exact), wildcards: new Map(wildcards), every }
    this.held = new Map(base.held)
    this.rules = [...base.rules]
    this.freeSlots = [...base.freeSlots]
  }

  add(route: SnapshotRoute): void {
    const entries = entriesOf(route)
    for (const entry of entries) {
      entry.slot = this.freeSlots.pop() ?? this.rules.length
      this.rules[entry.slot] = { routeIndex: -1, route, match: entry.match }
    }
    this.edit(route, (index) => entries.forEach((entry) => index.add(entry)))
    this.held.set(route, entries)
  }

  remove(route: SnapshotRoute): void {
    const entries = this.held.get(route) ?? []
    this.edit(route, (index) => entries.forEach((entry) => index.remove(entry)))
    for (const { slot } of entries) this.freeSlots.push(slot)
    this.held.delete(route)
  }

  /** Answers whose index stayed are kept; the others are made anew, because the table before goes on using its own. */
  finish(routes: readonly SnapshotRoute[]): Table {
    for (let routeIndex = 0; routeIndex < routes.length; routeIndex++) {
      const route = routes[routeIndex]
      for (const { slot, match } of this.held.get(route)!) {
        if (this.rules[slot].routeIndex !== routeIndex) this.rules[slot] = { routeIndex, route, match }
      }
    }
    for (const draft of this.drafts) draft.seal()
    return new Table(this.hosts, this.held, this.rules, this.freeSlots)
  }

  private edit(route: SnapshotRoute, change: (index: PathIndex) => void): void {
    if (route.hostnames.length === 0) change((this.hosts.every = this.draftOf(this.hosts.every)))
    for (const host of new Set(route.hostnames)) {
      const wildcard = host.startsWith('*.')
      const indices = wildcard ? this.hosts.wildcards : this.hosts.exact
      const key = wildcard ? host.slice(1) : host
      const index = this.draftOf(indices.get(key))
      change(index)
      if (index.isEmpty) indices.delete(key)
      else indices.set(key, index)
    }
  }

  private draftOf(index: PathIndex | undefined): PathIndex {
    if (index !== undefined && this.drafts.has(index)) return index
    const draft = index === undefined ? new PathIndex() : index.draft()
    this.drafts.add(draft)
    return draft
  }
}

const emptyTable = new Table({ exact: new Map(), wildcards: new Map(), every: new PathIndex() }, new Map(), [], [])
