// The contract of route matching: a table built once per snapshot, asked once per request.

import type { SnapshotMatch, SnapshotRoute } from '../snapshot/snapshot.ts'

/** Read access to a request's headers, names in lower case. Values are as on the wire, trimmed; repeats are joined by ', '. */
export interface HeaderView {
  get(name: string): string | undefined
}

/** A matched rule. The object is made when the table is built, so that matching allocates nothing. */
export interface MatchedRule {
  /** Index into the snapshot's routes. */
  routeIndex: number
  route: SnapshotRoute
  match: SnapshotMatch
}

export interface RouteTable {
  /**
   * The most specific rule by Gateway API precedence (hostname, then path type and length, method, number of
   * headers, number of query parameters, age, name), or null.
   * `host` is lower case without port; `path` starts with '/' and has no query; `query` is without '?'.
   */
  match(host: string, path: string, query: string, method: string, headers: HeaderView): MatchedRule | null
}
