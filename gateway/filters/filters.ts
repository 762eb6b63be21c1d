// The filters of a rule, sorted once per snapshot by when they act, so that a request without filters pays
// for a few null checks only.

import type { SnapshotFilter, SnapshotPathModifier } from '../snapshot/snapshot.ts'
import { headerChanges, type HeaderChanges } from './headers.ts'
import type { RedirectFilter } from './redirect.ts'

export interface Filters {
  redirect: RedirectFilter | null
  rewrite: { hostname: string | null; path: SnapshotPathModifier | null } | null
  request: HeaderChanges[] | null
  response: HeaderChanges[] | null
  mirrors: { service: string; fraction: number }[] | null
}

export function sortFilters(filters: readonly SnapshotFilter[]): Filters {
  const mirrors = filters.filter((filter) => filter.type === 'RequestMirror')
  return {
    redirect: filters.find((filter) => filter.type === 'RequestRedirect') ?? null,
    rewrite: filters.find((filter) => filter.type === 'URLRewrite') ?? null,
    request: headerChanges(filters, 'RequestHeaderModifier'),
    response: headerChanges(filters, 'ResponseHeaderModifier'),
    mirrors: mirrors.length === 0 ? null : mirrors,
  }
}

export const noFilters: Filters = sortFilters([])
