// Which regions may serve a request template, from the configuration that run.json holds, by the gateway's own
// compiler and matcher: residency policies attach to routes, and which route a request meets is theirs to say.

import type { ConfigDocument, RequestTemplate } from '../../topologies/substrate.ts'
import type { Topology } from '../../topologies/topology.ts'
import { scenarioError } from '../errors.ts'
import type { RunRecord } from '../run-record.ts'
import { routesOf } from './routes.ts'

export interface Lawful {
  /** null = residency says nothing of it. */
  allowed: string[] | null
  /** Allowed regions that run a service of the route. */
  serving: string[]
}

/** By name of the template. One that meets no route is not in the map. */
export type LawfulRegions = Map<string, Lawful>

/** Templates of one name that may be served in different regions, in words. */
export interface Difference { name: string; message: string; expected: string; found: string; hint: string }

/**
 * Null when the record does not hold the configuration. Throws what the compiler throws when it holds a broken one, and
 * RGT_SCENARIO_REFERENCE for a difference.
 */
export function lawfulRegions({ plan, config }: RunRecord): LawfulRegions | null {
  if (config === undefined) return null
  const lists = plan.loads.flatMap((load) => load.streams.map((stream) => stream.templates))
  return lawfulTemplates(config, plan.topology, lists, ({ name, message, ...details }) => {
    throw scenarioError('RGT_SCENARIO_REFERENCE', message, { place: { file: 'run.json', path: `plan.loads: ${name}` }, ...details })
  })
}

/**
 * The same for lists of templates. `differs` is told when templates of one name may be served in different regions:
 * checks know requests by that name, so neither answer would be true of all.
 */
export function lawfulTemplates(
  config: readonly ConfigDocument[], topology: Topology, lists: readonly (readonly RequestTemplate[])[],
  differs: (difference: Difference) => void,
): LawfulRegions {
  const { regions, services } = topology
  const routeOf = routesOf(config, topology)
  const everywhere = regions.map(({ name }) => name)
  const runs = new Map(services.map((service) => [service.name, service.regions]))
  const lawful: LawfulRegions = new Map()
  const first = new Map<string, RequestTemplate>()
  // Streams of one load share their list.
  for (const template of new Set(lists).values().flatMap((list) => list)) {
    const route = routeOf(template)
    if (route === null) continue
    const { allowed } = route.residency
    const serving = (allowed ?? everywhere).filter((region) => route.backends.some(({ service }) => runs.get(service)?.includes(region)))
    const known = lawful.get(template.name)
    if (known === undefined) {
      lawful.set(template.name, { allowed, serving })
      first.set(template.name, template)
    } else if (said(known) !== said({ allowed, serving })) differs(difference(first.get(template.name)!, known, template, { allowed, serving }))
  }
  return lawful
}

function said({ allowed, serving }: Lawful): string {
  return `${allowed?.join() ?? '*'} ${serving.join()}`
}

function difference(one: RequestTemplate, here: Lawful, other: RequestTemplate, there: Lawful): Difference {
  const tell = ({ host, path }: RequestTemplate, { allowed, serving }: Lawful): string =>
    `${host}${path} in ${serving.join(', ') || 'no region'}${allowed === null ? '' : ' by law'}`
  return {
    name: one.name,
    message: `requests called ${one.name} may be served in different regions`,
    expected: 'the same regions for all requests of one name, because verdicts are told by it',
    found: `${tell(one, here)}; ${tell(other, there)}`,
    hint: 'give them names of their own, or narrow the pattern of services',
  }
}
