// Which addresses a stream's requests go to, in order. Resolved before the first request, so that a missing
// address is an error at the start and never a lost row.

import { topologyError } from '../../../errors.ts'
import type { StreamSpec } from '../../../substrate.ts'
import type { Entry } from '../../../topology.ts'
import type { EntryAddress, GroupEntries } from './bootstrap.ts'

export interface WayIn {
  kind: Entry['kind']
  /** One for edge and direct; the order of trying for list. */
  addresses: EntryAddress[]
  /** Patience with one address of a list, milliseconds; Infinity for the others. */
  tryTimeoutMs: number
}

/** Throws RGT_GENERATOR_ENTRY. */
export function wayInOf(stream: Pick<StreamSpec, 'group' | 'entry'>, entries: Record<string, GroupEntries>): WayIn {
  const group = entries[stream.group]
  if (group === undefined) throw missing('group', stream.group, Object.keys(entries), stream.group)
  const entry = stream.entry ?? group.own
  const find = (what: 'edges' | 'regions', name: string): EntryAddress => {
    const address = group[what][name]
    if (address === undefined) throw missing(what === 'edges' ? 'edge' : 'region', name, Object.keys(group[what]), stream.group)
    return address
  }
  switch (entry.kind) {
    case 'edge': return { kind: 'edge', addresses: [find('edges', entry.edge)], tryTimeoutMs: Infinity }
    case 'direct': return { kind: 'direct', addresses: [find('regions', entry.region)], tryTimeoutMs: Infinity }
    case 'list':
      if (entry.regions.length === 0) throw missing('region', '(an empty list)', Object.keys(group.regions), stream.group)
      return { kind: 'list', addresses: entry.regions.map((region) => find('regions', region)), tryTimeoutMs: entry.timeoutMs }
  }
}

const missing = (what: string, name: string, known: string[], group: string) =>
  topologyError('RGT_GENERATOR_ENTRY', `clients ${group} have no address for ${what} ${name}`, {
    expected: known.length === 0 ? 'none is known' : `one of ${known.join(', ')}`, found: name,
  })
