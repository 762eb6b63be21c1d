// Which requests a rule looks at: the routes that its policy is attached to, known by how their ids begin.

import type { RedLabels } from '../red/report.ts'

export interface RouteScope {
  /** `namespace/` or `namespace/route/`; null = every route. */
  readonly prefixes: readonly string[] | null
  covers(labels: Partial<RedLabels>): boolean
}

export function routeScope(prefixes: readonly string[] | null): RouteScope {
  if (prefixes === null) return { prefixes, covers: () => true }
  const known = new Set(prefixes)
  return {
    prefixes,
    covers({ route }) {
      // What overflowed has no route; nobody can say whose it is.
      if (route === undefined) return false
      const namespace = route.indexOf('/') + 1
      const name = route.indexOf('/', namespace) + 1
      return known.has(route.slice(0, namespace)) || known.has(route.slice(0, name))
    },
  }
}
