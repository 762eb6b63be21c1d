// Path modifiers of redirects and rewrites. Source: Gateway API, HTTPPathModifier and its table of examples.

import type { SnapshotMatch, SnapshotPathModifier } from '../snapshot/snapshot.ts'

/** The new path; `match` is what matched, whose prefix is replaced segment by segment. */
export function modifyPath(modifier: SnapshotPathModifier, path: string, match: SnapshotMatch): string {
  if (modifier.type === 'ReplaceFullPath') return rooted(modifier.value)
  const prefix = match.path.type === 'PathPrefix' ? trimSlash(match.path.value) : path
  const rest = path.slice(prefix.length)
  const replacement = trimSlash(modifier.value)
  return rooted(rest === '' ? modifier.value : replacement + rooted(rest))
}

const trimSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)
const rooted = (path: string): string => (path.startsWith('/') ? path : `/${path}`)
