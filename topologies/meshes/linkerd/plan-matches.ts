// Access rules as matches of which each request has exactly one. Linkerd asks only the most specific route whether a caller
// is allowed, while our rules are alternatives: so every path and method that any rule names becomes a match of its own, and
// whoever any of the rules lets through there is listed with it.

import type { AccessPath, AccessRule, Principal } from '../../../gateway/security/access.ts'

/** `method` null: those that no other match of this path names. */
export interface AccessMatch { path: AccessPath; method: string | null }

/** Matches for which the same callers are allowed; both sorted. */
export interface AllowedMatches { principals: Principal[]; matches: AccessMatch[] }

const everything: AccessPath = { type: 'PathPrefix', value: '/' }

/** Those that allow nobody are there too, so that no wider match answers for them. */
export function matchesOf(rules: readonly AccessRule[]): AllowedMatches[] {
  const paths = unique(rules.flatMap(({ paths }) => (paths ?? [everything]).map(normal)))
  const methods = [...new Set(rules.flatMap(({ methods }) => methods ?? []))].sort()
  const groups = new Map<string, AllowedMatches>()
  for (const path of paths) {
    for (const method of [...methods, null]) {
      const allowing = rules.filter((rule) => (rule.methods === null || (method !== null && rule.methods.includes(method))) && (rule.paths === null || rule.paths.some((one) => covers(normal(one), path))))
      const principals = [...new Set(allowing.flatMap(({ principals }) => principals))].sort()
      const key = principals.join(' ')
      if (!groups.has(key)) groups.set(key, { principals, matches: [] })
      groups.get(key)!.matches.push({ path, method })
    }
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

/** Whether whatever has `path` for its most specific is matched by `wide`. */
function covers(wide: AccessPath, path: AccessPath): boolean {
  if (wide.type === 'Exact') return path.type === 'Exact' && wide.value === path.value
  return wide.value === '/' || path.value === wide.value || path.value.startsWith(`${wide.value}/`)
}

/** Gateway API: a trailing slash of a prefix means nothing. */
function normal({ type, value }: AccessPath): AccessPath {
  return { type, value: type === 'PathPrefix' && value.length > 1 && value.endsWith('/') ? value.slice(0, -1) : value }
}

function unique(paths: readonly AccessPath[]): AccessPath[] {
  const byKey = new Map(paths.map((path) => [`${path.value} ${path.type}`, path]))
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path)
}
