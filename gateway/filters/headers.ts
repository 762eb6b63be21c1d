// Header modifiers of the Gateway API: set replaces, add appends, remove deletes, in this order of effect
// for names that differ (the API forbids naming one header twice in a filter).

import type { Fields } from '../protocols/fields.ts'
import type { SnapshotFilter } from '../snapshot/snapshot.ts'

export interface HeaderChanges {
  set: readonly (readonly [string, string])[]
  add: readonly (readonly [string, string])[]
  remove: readonly string[]
}

export function changeHeaders(fields: Fields, changes: readonly HeaderChanges[]): void {
  for (const { set, add, remove } of changes) {
    for (const name of remove) fields.remove(name)
    for (const [name, value] of set) fields.set(name, value)
    for (const [name, value] of add) fields.append(name, value)
  }
}

/** The changes of one type among filters, or null when there are none. */
export function headerChanges(filters: readonly SnapshotFilter[], type: 'RequestHeaderModifier' | 'ResponseHeaderModifier'): HeaderChanges[] | null {
  const found = filters.filter((filter): filter is Extract<SnapshotFilter, { type: typeof type }> => filter.type === type)
  return found.length === 0 ? null : found
}
