// Which route of the configuration a request template meets, by the gateway's own compiler and matcher: policies attach to
// routes, and what they say of a request is not ours to guess.

import { federate, fromObjects } from '../../gateway/config/federate.ts'
import { buildRouteTable } from '../../gateway/routing/match.ts'
import { compileSnapshot } from '../../gateway/snapshot/compile.ts'
import type { SnapshotRoute } from '../../gateway/snapshot/snapshot.ts'
import type { ConfigDocument, RequestTemplate } from '../../topologies/substrate.ts'
import type { Topology } from '../../topologies/topology.ts'

/** Null = it meets none. Throws what the compiler throws for a configuration that it refuses. */
export function routesOf(config: readonly ConfigDocument[], { regions }: Topology): (template: RequestTemplate) => SnapshotRoute | null {
  const discovery = { regions: regions.map(({ name, jurisdiction }) => ({ name, jurisdiction })), endpoints: {}, links: {} }
  const view = { gateway: { name: 'judge', role: 'edge' as const, region: null }, discovery }
  const table = buildRouteTable(compileSnapshot(federate(fromObjects(config, 'run.json')), view, 1).routes)
  return ({ host, path, method, headers }) => {
    const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const [before, query = ''] = path.split('?', 2)
    return table.match(host.toLowerCase().replace(/:\d+$/, ''), before, query, method, given)?.route ?? null
  }
}
