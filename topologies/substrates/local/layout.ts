// Pure: which processes, ports and fault-proxy entries a topology becomes on one machine. Every address is
// known before anything starts, so everything starts at once.
//
//   clients:G ──entry──► edge:E ──entry──► region:R east-west      clients:G ──entry──► region:R ingress
//   edge:E ──entry──► control plane of R                           region:A ──entry──► region:B east-west

import type { ControlPlaneBootstrap, Discovery } from '../../../gateway/controlplane/protocol.ts'
import { defaultLimits, type GatewayBootstrap } from '../../../gateway/dataplane/bootstrap.ts'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import type { PlaceRef, Topology } from '../../topology.ts'
import type { GroupEntries } from '../sockets/generator/bootstrap.ts'
import type { ServicesBootstrap } from '../sockets/services/bootstrap.ts'
import type { LinkEntry } from '../sockets/links.ts'
import type { PortBlock } from '../sockets/ports.ts'

export const loopback = '127.0.0.1'

export interface Layout {
  gateways: GatewayBootstrap[]
  controlPlanes: ControlPlaneBootstrap[]
  services: ServicesBootstrap[]
  entries: LinkEntry[]
  faultProxyApiPort: number
  /** group → the ways in that it may be told to use. */
  waysIn: Record<string, GroupEntries>
}

export interface LayoutRequest {
  topology: Topology
  ports: PortBlock
  token: string
  seed: number
  stateDir: string
}

/** Upper bound of the ports that `layOutProcesses` takes. */
export function portsNeeded({ regions, edges, services, links }: Topology): number {
  const endpoints = services.reduce((sum, service) => sum + service.regions.length * service.replicas, 0)
  return 1 + regions.length * 5 + edges.length * 2 + endpoints + links.length + edges.length * regions.length
}

export function layOutProcesses(request: LayoutRequest): Layout {
  const { topology, ports, token, seed, stateDir } = request
  const at = (port: number): SnapshotAddress => ({ host: loopback, port })
  const faultProxyApiPort = ports.next()
  const regionPorts = new Map(topology.regions.map(({ name }) => [name, {
    ingress: ports.next(), eastWest: ports.next(), admin: ports.next(), controlPlane: ports.next(), services: ports.next(),
  }]))
  const edgePorts = new Map(topology.edges.map(({ name }) => [name, { ingress: ports.next(), admin: ports.next() }]))
  const services = topology.regions.map(({ name }, index) => servicesOf(topology, name, regionPorts.get(name)!.services, { ports, token, seed: seed + index }))
  const entries = linkEntries(topology, ports, regionPorts, edgePorts)
  const entry = (from: PlaceRef, to: PlaceRef, channel: LinkEntry['channel'] = 'data'): LinkEntry | undefined =>
    entries.find((one) => one.from === from && one.to === to && one.channel === channel)

  const gateways: GatewayBootstrap[] = [
    ...topology.regions.map(({ name }): GatewayBootstrap => {
      const { ingress, eastWest, admin, controlPlane } = regionPorts.get(name)!
      return {
        name, role: 'region', region: name, token, seed, limits: defaultLimits, stateDir: `${stateDir}/gateway.${name}`,
        listen: { ingress: at(ingress), eastWest: at(eastWest), admin: at(admin) },
        controlPlanes: [at(controlPlane)],
      }
    }),
    ...topology.edges.map(({ name, home }): GatewayBootstrap => {
      const { ingress, admin } = edgePorts.get(name)!
      const nearestFirst = topology.regions.map((region) => entry(`edge:${name}`, `region:${region.name}`, 'control'))
        .filter((one) => one !== undefined)
        .sort((a, b) => Number(b.to === `region:${home}`) - Number(a.to === `region:${home}`) || a.rttMs - b.rttMs)
      return {
        name, role: 'edge', region: null, token, seed, limits: defaultLimits, stateDir: `${stateDir}/edge.${name}`,
        listen: { ingress: at(ingress), eastWest: null, admin: at(admin) },
        controlPlanes: nearestFirst.map(({ listen }) => listen),
      }
    }),
  ]
  const discovery = discover(topology, services, entries)
  const controlPlanes = topology.regions.map(({ name }): ControlPlaneBootstrap => ({
    name, region: name, listen: at(regionPorts.get(name)!.controlPlane), token, discovery,
    // Published when every process and link is up; kept for a restart in the state folder.
    documents: [], stateDir: `${stateDir}/control-plane.${name}`,
  }))
  const waysIn = Object.fromEntries(topology.clients.map(({ name, entry: own }): [string, GroupEntries] => {
    const reach = (kind: 'edge' | 'region'): GroupEntries['edges'] => Object.fromEntries(entries
      .filter((one) => one.from === `clients:${name}` && one.to.startsWith(`${kind}:`))
      .map((one) => [one.to.slice(kind.length + 1), { ...one.listen, gateway: one.to.slice(kind.length + 1) }]))
    return [name, { own, edges: reach('edge'), regions: reach('region') }]
  }))
  return { gateways, controlPlanes, services, entries, faultProxyApiPort, waysIn }
}

function servicesOf(topology: Topology, region: string, controlPort: number, { ports, token, seed }: { ports: PortBlock; token: string; seed: number }): ServicesBootstrap {
  return {
    region, seed, token, control: { host: loopback, port: controlPort },
    endpoints: topology.services.filter(({ regions }) => regions.includes(region)).flatMap(({ name, replicas, response }) =>
      Array.from({ length: replicas }, (_, replica) => ({ service: name, replica, port: ports.next(), ...response }))),
  }
}

function linkEntries(
  topology: Topology, ports: PortBlock,
  regionPorts: Map<string, { ingress: number; eastWest: number; controlPlane: number }>,
  edgePorts: Map<string, { ingress: number }>,
): LinkEntry[] {
  return topology.links.flatMap(({ from, to, rttMs }): LinkEntry[] => {
    const [source] = from.split(':')
    const [kind, name] = to.split(':')
    const make = (channel: LinkEntry['channel'], upstreamPort: number): LinkEntry => ({
      name: `${from}--${to}--${channel}`.replaceAll(':', '.'), from, to, channel,
      listen: { host: loopback, port: ports.next() }, upstream: { host: loopback, port: upstreamPort }, rttMs,
    })
    if (kind === 'edge' && source === 'clients') return [make('data', edgePorts.get(name)!.ingress)]
    if (kind !== 'region') return []
    const { ingress, eastWest, controlPlane } = regionPorts.get(name)!
    if (source === 'clients') return [make('data', ingress)]
    if (source === 'edge') return [make('data', eastWest), make('control', controlPlane)]
    return [make('data', eastWest)]
  })
}

/** What control planes know besides configuration: endpoints by region, and links as each gateway dials them. */
function discover(topology: Topology, services: ServicesBootstrap[], entries: LinkEntry[]): Discovery {
  const endpoints: Discovery['endpoints'] = {}
  for (const { region, endpoints: here } of services) {
    for (const { service, port } of here) {
      const byRegion = (endpoints[service] ??= {})
      ;(byRegion[region] ??= []).push({ host: loopback, port })
    }
  }
  const links: Discovery['links'] = {}
  for (const { from, to, channel, listen, rttMs } of entries) {
    const [source, gateway] = from.split(':')
    if (channel !== 'data' || source === 'clients' || !to.startsWith('region:')) continue
    const byRegion = (links[gateway] ??= {})
    byRegion[to.slice('region:'.length)] = { addresses: [listen], rttMs }
  }
  return { regions: topology.regions.map(({ name, jurisdiction }) => ({ name, jurisdiction })), endpoints, links }
}
