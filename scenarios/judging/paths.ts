// What is normal on a path from a client group to the region that serves it: its latency as measured by pinned
// probes, and its round-trip time as the topology says.

import type { Requests } from '../../topologies/history/table.ts'
import { directionsOf, rttMs } from '../faults/paths.ts'
import type { Topology } from '../../topologies/topology.ts'
import type { PathLatency } from '../verdict.ts'
import { percentileOfSorted } from './statistics.ts'

/** Fewer probes than this make no normal latency (the design's section 4). */
export const minPathProbes = 200

export interface NormalLatencies {
  /** Every path that was probed, those with too few probes as well; sorted by group, then region. */
  all: PathLatency[]
  /** Normal latency by codes of the group and region columns, milliseconds; NaN when it is not known. */
  of(group: number, region: number): number
}

/** Medians of the pinned probes that were answered, in rows for which `steady` holds. */
export function normalLatencies(requests: Requests, steady: (row: number) => boolean, latencyMs: (row: number) => number): NormalLatencies {
  const probe = requests.source.codeOf('path-probe')
  const ok = requests.outcome.codeOf('ok')
  const { codes: sources } = requests.source
  const { codes: outcomes } = requests.outcome
  const regions = requests.region.values.length
  const samples = new Map<number, { group: number; region: number; values: number[] }>()
  for (let row = 0; row < sources.length; row++) {
    if (sources[row] !== probe || outcomes[row] !== ok || !steady(row)) continue
    if (requests.pinned.at(row) !== requests.region.at(row)) continue
    const [group, region] = [requests.group.codes[row], requests.region.codes[row]]
    const key = group * regions + region
    const path = samples.get(key) ?? { group, region, values: [] }
    path.values.push(latencyMs(row))
    samples.set(key, path)
  }
  const known = new Map<number, number>()
  const all = [...samples].map(([key, { group, region, values }]): PathLatency => {
    const sorted = Float64Array.from(values).sort()
    const normalMs = percentileOfSorted(sorted, 50)
    if (values.length >= minPathProbes) known.set(key, normalMs)
    return {
      group: requests.group.values[group], region: requests.region.values[region], samples: values.length,
      normalMs, p99Ms: percentileOfSorted(sorted, 99),
    }
  })
  return {
    all: all.sort((a, b) => compare(a.group, b.group) || compare(a.region, b.region)),
    of: (group, region) => known.get(group * regions + region) ?? Number.NaN,
  }
}

/**
 * Round-trip time of a request's path, milliseconds: to the gateway where it entered, and on to the region that served
 * it. NaN when the topology has no such path. With a list the row's gateway says which entry was used in the end.
 */
export function pathRttMs(topology: Topology, groupName: string, gateway: string, region: string): number {
  const group = topology.clients.find(({ name }) => name === groupName)
  if (group === undefined || region === '') return Number.NaN
  const { entry } = group
  const used = entry.kind === 'list' && entry.regions.includes(gateway) ? { ...group, entry: { kind: 'direct' as const, region: gateway } } : group
  const total = directionsOf(used, region).reduce((sum, { from, to }) => sum + rttMs(topology, from, to), 0)
  return Number.isFinite(total) ? total : Number.NaN
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
