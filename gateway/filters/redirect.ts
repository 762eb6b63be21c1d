// The Location of a RequestRedirect. What the filter leaves out is taken from the request; ports follow the
// rules of HTTPRequestRedirectFilter, with the port the client used standing for the listener's.

import type { RequestHead } from '../protocols/message.ts'
import type { SnapshotFilter, SnapshotMatch } from '../snapshot/snapshot.ts'
import { modifyPath } from './path.ts'

export type RedirectFilter = Extract<SnapshotFilter, { type: 'RequestRedirect' }>

const wellKnownPorts: Record<string, number> = { http: 80, https: 443 }

export function redirectLocation(filter: RedirectFilter, head: RequestHead, match: SnapshotMatch, scheme: string): string {
  const newScheme = filter.scheme ?? scheme
  const port = filter.port ?? (filter.scheme === null ? portOf(head.authority) : wellKnownPorts[newScheme] ?? portOf(head.authority))
  const shown = port === null || port === wellKnownPorts[newScheme] ? '' : `:${port}`
  const hostname = filter.hostname ?? head.host
  const path = filter.path === null ? head.path : modifyPath(filter.path, head.path, match)
  return `${newScheme}://${hostname}${shown}${path}${head.hasQuery ? `?${head.query}` : ''}`
}

function portOf(authority: string): number | null {
  const parts = /:(\d+)$/.exec(authority)
  return parts === null ? null : Number(parts[1])
}
