// Load for routes that residency locks and that the scenario's own load never meets: a promise about a route that
// nobody asks for cannot be seen to break. Ordinary load of the scenario, so a replay has it too.

import { federate, fromObjects } from '../../gateway/config/federate.ts'
import { buildRouteTable } from '../../gateway/routing/match.ts'
import { compileSnapshot } from '../../gateway/snapshot/compile.ts'
import type { SnapshotMatch, SnapshotRoute } from '../../gateway/snapshot/snapshot.ts'
import type { ConfigDocument } from '../../topologies/substrate.ts'
import type { Topology } from '../../topologies/topology.ts'
import type { LoadBlock, Scenario } from '../scenario.ts'

/** All groups together, requests a second: enough for one to be under way whenever something changes. */
const ratePerSecond = 30
/** Routes that are asked for at most. */
const mostRoutes = 20
const loadName = 'search-locked-routes'

type Template = LoadBlock['mix'][number]

/** The scenario with that load beside its own, and what it could not be given. `config`: what the gateways start with. */
export function widened(scenario: Scenario, topology: Topology, config: readonly ConfigDocument[]): { scenario: Scenario; limits: string[] } {
  const discovery = { regions: topology.regions.map(({ name, jurisdiction }) => ({ name, jurisdiction })), endpoints: {}, links: {} }
  const { routes } = compileSnapshot(federate(fromObjects([...config], 'search')), { gateway: { name: 'search', role: 'edge', region: null }, discovery }, 1)
  const table = buildRouteTable(routes)
  const met = ({ host, path, method, headers }: Template): SnapshotRoute | null =>
    table.match(host.toLowerCase(), path, '', method, new Map(Object.entries(headers)))?.route ?? null
  const asked = new Set(scenario.loads.flatMap((load) => load.mix).map((template) => met({ ...template, path: template.path.split('?')[0] })?.id))
  const silent = routes.filter((route) => route.residency.allowed !== null && !asked.has(route.id))
  const templates = silent.slice(0, mostRoutes).map((route, index) => ({ route, template: templateFor(route, index) }))
  const reached = templates.flatMap(({ route, template }) => (template !== null && met(template)?.id === route.id ? [template] : []))
  const left = silent.length - reached.length
  const limits = left === 0 ? [] : [`${left} of ${silent.length} routes under residency are asked for by no load`]
  if (reached.length === 0) return { scenario, limits }
  const load: LoadBlock = {
    name: loadName, kind: 'open-loop', ratePerSecond, arrivals: 'poisson', groups: null, timeoutMs: 2000, suite: null, mix: reached,
  }
  return { scenario: { ...scenario, loads: [...scenario.loads, load] }, limits }
}

/** null when the route cannot be met without a pattern being solved. */
function templateFor({ hostnames: [hostname = 'search.example'], matches }: SnapshotRoute, index: number): Template | null {
  const simple = (match: SnapshotMatch): boolean =>
    match.path.type !== 'RegularExpression' && match.query.length === 0 && match.headers.every(({ type }) => type === 'Exact')
  const match = matches.length === 0 ? null : matches.find(simple)
  if (match === undefined) return null
  return {
    name: `locked-${index + 1}`, weight: 1, method: match?.method ?? 'GET', host: hostname.replace('*', 'search'),
    path: match?.path.value ?? '/', headers: Object.fromEntries((match?.headers ?? []).map(({ name, value }) => [name, value])), bodyBytes: 0,
  }
}
