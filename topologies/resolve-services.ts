// The services of a topology file in their resolved form: an entry with a `count` becomes that many services.

import type { DocumentPath } from '../gateway/config/document.ts'
import type { TopologyFile } from './schema.ts'
import type { Region, Service } from './topology.ts'

type Entry = TopologyFile['spec']['services'][number]

/**
 * In the order of the file, those of one entry by number. What they have in common is shared, not copied: thousands of
 * services are a handful of behaviours. `twice` is told the path and name of an entry that brings a name once more.
 */
export function resolveServices(entries: readonly Entry[], regions: readonly Region[], twice: (path: DocumentPath, name: string) => void): Service[] {
  const everywhere = regions.map((region) => region.name)
  const taken = new Set<string>()
  return entries.flatMap((entry, index) => {
    const { latency, jitter, ...response } = entry.response
    const shared = {
      regions: entry.regions ?? everywhere,
      replicas: entry.replicas,
      response: { latencyMs: latency / 1000, jitterMs: jitter / 1000, ...response },
    }
    const services = namesOf(entry).map((names): Service => ({ ...names, ...shared }))
    const again = services.find(({ name }) => taken.has(name))
    if (again !== undefined) twice(['spec', 'services', index, 'name'], again.name)
    for (const { name } of services) taken.add(name)
    return services
  })
}

/** 1 to `count`, with leading noughts to the width of `count`, so that order by name is order by number. */
function namesOf({ name, count }: Entry): { name: string; number?: string }[] {
  if (count === undefined) return [{ name }]
  const width = String(count).length
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(width, '0')
    return { name: name.replaceAll('{n}', number), number }
  })
}
