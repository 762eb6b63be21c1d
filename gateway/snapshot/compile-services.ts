// The services that a gateway's routes use, and where it can have them: endpoints of its own region, or the link to
// another region that exports them.

import { deepFreeze } from '../config/freeze.ts'
import { compareText } from '../config/parse.ts'
import type { GatewayView } from './view.ts'
import type { Discovery } from '../controlplane/protocol.ts'
import type { SnapshotRoute, SnapshotService } from './snapshot.ts'

/** Sorted by name. A service without any endpoint anywhere is listed too: requests to it fail with a reason. */
export function compileServices(names: ReadonlySet<string>, view: GatewayView): SnapshotService[] {
  const known = servicesKnownTo(view)
  const services: SnapshotService[] = []
  for (const name of names) {
    let service = known.get(name)
    if (service === undefined) known.set(name, (service = compileService(name, view)))
    services.push(service)
  }
  return services.sort((a, b) => compareText(a.name, b.name))
}

/** Names of the services that a route sends to or mirrors to. */
export function servicesOf(route: SnapshotRoute): string[] {
  const filters = [...route.filters, ...route.backends.flatMap((backend) => backend.filters)]
  const mirrors = filters.flatMap((filter) => (filter.type === 'RequestMirror' ? [filter.service] : []))
  return [...new Set([...route.backends.map(({ service }) => service), ...mirrors])]
}

const compiled = new WeakMap<Discovery, Map<string, Map<string, SnapshotService>>>()

function servicesKnownTo({ gateway, discovery }: GatewayView): Map<string, SnapshotService> {
  let gateways = compiled.get(discovery)
  if (gateways === undefined) compiled.set(discovery, (gateways = new Map()))
  const key = `${gateway.name} ${gateway.region}`
  let services = gateways.get(key)
  if (services === undefined) gateways.set(key, (services = new Map()))
  return services
}

function compileService(name: string, { gateway, discovery }: GatewayView): SnapshotService {
  const regions = discovery.endpoints[name] ?? {}
  const links = discovery.links[gateway.name] ?? {}
  const own = gateway.region === null ? [] : (regions[gateway.region] ?? [])
  return deepFreeze({
    name,
    endpoints: own.map(({ host, port }) => ({ host, port })).sort((a, b) => compareText(a.host, b.host) || a.port - b.port),
    remoteRegions: Object.entries(regions)
      .filter(([region, endpoints]) => region !== gateway.region && endpoints.length > 0 && (links[region]?.addresses.length ?? 0) > 0)
      .map(([region]) => region)
      .sort(compareText),
  })
}
