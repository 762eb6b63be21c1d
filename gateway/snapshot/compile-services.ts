// The services that a gateway's routes use, and where it can have them: endpoints of its own region, or the link to
// another region that exports them. What two gateways would say alike is one object: thirty gateways of a federation
// then hold thousands of services once, and each is hashed once.

import type { AccessByService } from '../config/access.ts'
import { deepFreeze } from '../config/freeze.ts'
import { compareText } from '../config/parse.ts'
import type { GatewayView } from './view.ts'
import type { Discovery } from '../controlplane/protocol.ts'
import type { SnapshotAccess } from '../security/access.ts'
import type { SnapshotRoute, SnapshotService } from './snapshot.ts'
import { partHash } from './version.ts'

/**
 * In the order of `names`. A service without any endpoint anywhere is listed too: requests to it fail with a reason.
 * Gateways with the same reach get the same list for the same `names` and `access`.
 */
export function compileServices(names: readonly string[], view: GatewayView, access: AccessByService): SnapshotService[] {
  const reach = reachOf(view)
  let known = lists.get(names)
  if (known?.discovery !== view.discovery || known.access !== access) lists.set(names, (known = { discovery: view.discovery, access, byReach: new Map() }))
  let services = known.byReach.get(reach.key)
  if (services === undefined) {
    const seen = servicesSeenIn(view.discovery)
    services = names.map((name) => serviceFor(name, reach, view.discovery, seen, accessTo(name, access)))
    Object.freeze(services)
    known.byReach.set(reach.key, services)
  }
  return services
}

const lists = new WeakMap<readonly string[], { discovery: Discovery; access: AccessByService; byReach: Map<string, SnapshotService[]> }>()

/** A policy is on a service, whichever its port. */
function accessTo(name: string, access: AccessByService): SnapshotAccess | undefined {
  return access.size === 0 ? undefined : access.get(name.slice(0, name.lastIndexOf(':')))
}

/** Names of the services that a route sends to or mirrors to. */
export function servicesOf(route: SnapshotRoute): string[] {
  const filters = [...route.filters, ...route.backends.flatMap((backend) => backend.filters)]
  const mirrors = filters.flatMap((filter) => (filter.type === 'RequestMirror' ? [filter.service] : []))
  return [...new Set([...route.backends.map(({ service }) => service), ...mirrors])]
}

/** What of the world a gateway can have: its own region's endpoints, and the regions it is linked to. */
interface Reach { key: string; own: string | null; linked: ReadonlySet<string> }

function reachOf({ gateway, discovery }: GatewayView): Reach {
  const links = discovery.links[gateway.name] ?? {}
  const linked = Object.keys(links).filter((region) => region !== gateway.region && links[region].addresses.length > 0).sort(compareText)
  return { key: `${gateway.region ?? ''} ${linked.join()}`, own: gateway.region, linked: new Set(linked) }
}

/** By name: the regions that run it, sorted, and what was made of it for one reach or another. */
type Seen = Map<string, { regions: string[]; made: Map<string, SnapshotService> }>

const seenIn = new WeakMap<Discovery, Seen>()

function servicesSeenIn(discovery: Discovery): Seen {
  let seen = seenIn.get(discovery)
  if (seen === undefined) seenIn.set(discovery, (seen = new Map()))
  return seen
}

function serviceFor(name: string, { own, linked }: Reach, discovery: Discovery, seen: Seen, access: SnapshotAccess | undefined): SnapshotService {
  const regions = discovery.endpoints[name] ?? {}
  let known = seen.get(name)
  if (known === undefined) {
    const running = Object.keys(regions).filter((region) => regions[region].length > 0).sort(compareText)
    seen.set(name, (known = { regions: running, made: new Map() }))
  }
  const home = own !== null && known.regions.includes(own) ? own : null
  const remoteRegions = known.regions.filter((region) => linked.has(region))
  const key = `${home ?? ''} ${remoteRegions.join()} ${access === undefined ? '' : partHash(access)}`
  let service = known.made.get(key)
  if (service === undefined) {
    const endpoints = home === null ? [] : regions[home]
    service = deepFreeze({
      name,
      endpoints: endpoints.map(({ host, port }) => ({ host, port })).sort((a, b) => compareText(a.host, b.host) || a.port - b.port),
      remoteRegions,
      ...(access === undefined ? {} : { access }),
    })
    known.made.set(key, service)
  }
  return service
}
