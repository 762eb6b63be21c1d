// Which regions may serve a request template, from the configuration that run.json holds, by the gateway's own
// compiler and matcher: residency policies attach to routes, and which route a request meets is theirs to say.

import { federate, fromObjects } from '../../gateway/config/federate.ts'
import { buildRouteTable } from '../../gateway/routing/match.ts'
import { compileSnapshot } from '../../gateway/snapshot/compile.ts'
import type { SnapshotRoute } from '../../gateway/snapshot/snapshot.ts'
import type { RequestTemplate } from '../../topologies/substrate.ts'
import type { RunRecord } from '../run-record.ts'

export interface Lawful {
  /** null = residency says nothing of it. */
  allowed: string[] | null
  /** Allowed regions that run a service of the route. */
  serving: string[]
}

/** By name of the template. One that meets no route is not in the map. */
export type LawfulRegions = Map<string, Lawful>

/** Null when the record does not hold the configuration. Throws what the compiler throws when it holds a broken one. */
export function lawfulRegions({ plan, config }: RunRecord): LawfulRegions | null {
  if (config === undefined) return null
  const { regions, services } = plan.topology
  const discovery = { regions: regions.map(({ name, jurisdiction }) => ({ name, jurisdiction })), endpoints: {}, links: {} }
  const view = { gateway: { name: 'judge', role: 'edge' as const, region: null }, discovery }
  const table = buildRouteTable(compileSnapshot(federate(fromObjects(config, 'run.json')), view, 1).routes)
  const serves = (route: SnapshotRoute, region: string): boolean =>
    route.backends.some(({ service }) => services.some(({ name, regions: runs }) => name === service && runs.includes(region)))
  const lawful: LawfulRegions = new Map()
  for (const template of plan.loads.flatMap((load) => load.streams.flatMap((stream) => stream.templates))) {
    const route = routeOf(table, template)
    if (route === null || lawful.has(template.name)) continue
    const { allowed } = route.residency
    const serving = (allowed ?? regions.map(({ name }) => name)).filter((region) => serves(route, region))
    lawful.set(template.name, { allowed, serving })
  }
  return lawful
}

function routeOf(table: ReturnType<typeof buildRouteTable>, { host, path, method, headers }: RequestTemplate): SnapshotRoute | null {
  const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const [before, query = ''] = path.split('?', 2)
  return table.match(host.toLowerCase().replace(/:\d+$/, ''), before, query, method, given)?.route ?? null
}
