// One thing that can match: a rule's match on one path, with everything about it worked out beforehand. And the
// order among those that meet on the same host and path, written once for every place that needs it.

import type { SnapshotMatch, SnapshotRoute, SnapshotValueMatch } from '../snapshot/snapshot.ts'
import { compilePattern, testPattern } from './match-regex.ts'
import type { HeaderView } from './table.ts'

export interface MatchEntry {
  route: SnapshotRoute
  match: SnapshotMatch
  /** Position among the matches of its rule. */
  matchIndex: number
  /** Where the table keeps its answer for this entry. */
  slot: number
  /** Nothing but the path counts. */
  plain: boolean
  method: string | null
  headers: readonly ValueTest[]
  query: readonly ValueTest[]
  /** For a regular expression path, else null. */
  pattern: RegExp | null
  /** Route's id without the rule index, and the rule index: the last steps of precedence. */
  routeName: string
  ruleIndex: number
}

interface ValueTest { name: string; exact: string | null; pattern: RegExp | null }

/** What an empty list of matches stands for. */
const everyPath: SnapshotMatch = { path: { type: 'PathPrefix', value: '/' }, method: null, headers: [], query: [] }

/** The entries of one rule, slots still to be given. */
export function entriesOf(route: SnapshotRoute): MatchEntry[] {
  const [, routeName, ruleIndex] = /^(.*)\/(\d+)$/.exec(route.id) ?? ['', route.id, '0']
  return (route.matches.length === 0 ? [everyPath] : route.matches).map((match, matchIndex) => ({
    route,
    match,
    matchIndex,
    slot: -1,
    plain: match.method === null && match.headers.length === 0 && match.query.length === 0,
    method: match.method,
    headers: match.headers.map(valueTest),
    query: match.query.map(valueTest),
    pattern: match.path.type === 'RegularExpression' ? compilePattern(match.path.value) : null,
    routeName,
    ruleIndex: Number(ruleIndex),
  }))
}

function valueTest({ type, name, value }: SnapshotValueMatch): ValueTest {
  return type === 'Exact' ? { name, exact: value, pattern: null } : { name, exact: null, pattern: compilePattern(value) }
}

/**
 * Gateway API precedence among entries of one host and one path: a method counts first, then the number of headers,
 * then of query parameters, then the older route, the route's name, and the order inside the route.
 */
export function compareEntries(a: MatchEntry, b: MatchEntry): number {
  return Number(b.method !== null) - Number(a.method !== null)
    || b.headers.length - a.headers.length
    || b.query.length - a.query.length
    || compare(a.route.createdAt, b.route.createdAt)
    || compare(a.routeName, b.routeName)
    || a.ruleIndex - b.ruleIndex
    || a.matchIndex - b.matchIndex
}

/** The same among regular expressions of one host, where the longer pattern goes first (the standard leaves it open). */
export function compareRegexEntries(a: MatchEntry, b: MatchEntry): number {
  return b.match.path.value.length - a.match.path.value.length || compareEntries(a, b)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Method, headers and query; the path is known to match. */
export function holds(entry: MatchEntry, query: string, method: string, headers: HeaderView): boolean {
  if (entry.plain) return true
  if (entry.method !== null && entry.method !== method) return false
  for (let i = 0; i < entry.headers.length; i++) {
    const test = entry.headers[i]
    const value = headers.get(test.name)
    if (value === undefined || !passes(test, value)) return false
  }
  for (let i = 0; i < entry.query.length; i++) {
    const test = entry.query[i]
    const value = queryValue(query, test.name)
    if (value === undefined || !passes(test, value)) return false
  }
  return true
}

function passes(test: ValueTest, value: string): boolean {
  return test.exact === null ? testPattern(test.pattern!, value) : test.exact === value
}

/** The first value of a parameter, decoded (`+` is a space); undefined when it is not there. Names compare with case. */
export function queryValue(query: string, name: string): string | undefined {
  for (let start = 0; start < query.length;) {
    let end = query.indexOf('&', start)
    if (end === -1) end = query.length
    let equals = query.indexOf('=', start)
    if (equals === -1 || equals > end) equals = end
    if (decoded(query.slice(start, equals)) === name) return decoded(query.slice(Math.min(equals + 1, end), end))
    start = end + 1
  }
  return undefined
}

function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
