// Pure: all that a topology's Consul mesh is told, as data, before anything starts.
//
//   gateway ─► its sidecar ─┬─► sidecar ─► service                                          (own region)
//                           └─► mesh gateway ─► fault-proxy entry ─► mesh gateway ─► sidecar ─► service   (a peer's)
//   agent of the dialer ─► fault-proxy entry ─► gRPC port of the acceptor                   (peering)

import type { GatewayBootstrap } from '../../../gateway/dataplane/bootstrap.ts'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import type { PlaceRef, Topology } from '../../topology.ts'
import { regionEntries, type RegionEntries } from './entries.ts'
import { bootstrapArguments, type EnvoyPlan } from './envoy.ts'
import type { GuardedServices } from '../access.ts'
import { agentAddresses, agentConfig, type AgentConfig } from './plan-agent.ts'
import { consulNames, entryAddress, gatewayName, meshGatewayHost, meshGatewayName } from './plan-names.ts'
import { reachOf, type Reach, type Residency } from '../reach.ts'
import { gatewayRegistration, instanceRegistration, meshGatewayRegistration, type ServiceRegistration } from './plan-registrations.ts'
import type { ConsulSettings } from './plan-settings.ts'
import { connectMs, patienceMs } from './plan-timeouts.ts'

const host = '127.0.0.1'

export interface ConsulPlan {
  settings: ConsulSettings
  /** Service of the topology → its name in Consul. */
  names: ReadonlyMap<string, string>
  /** What the intentions come from. */
  access: GuardedServices
  /** In the order of the topology. */
  regions: ConsulRegion[]
  peerings: Peering[]
  /** To be served by the fault proxy: between mesh gateways (`data`), and from agent to agent (`control`). */
  entries: MeshLink[]
}

export interface ConsulRegion {
  region: string
  agent: { config: AgentConfig; http: SnapshotAddress; grpc: SnapshotAddress }
  /** The region's DNS server: host name of each other mesh gateway → address of this region's own entry towards it. */
  resolver: { listen: SnapshotAddress; names: Record<string, string> }
  registrations: ServiceRegistration[]
  entries: RegionEntries
  envoys: EnvoyPlan[]
  /** Service of the topology → where this region's gateway reaches it. */
  upstreams: Record<string, SnapshotAddress>
  /** Those of them that the law forbids here: nobody may call them. */
  forbidden: string[]
}

/** A way between two regions that the fault proxy is to serve. */
export interface MeshLink {
  name: string
  from: PlaceRef
  to: PlaceRef
  /** `data`: between mesh gateways; `control`: from server to server. */
  channel: 'data' | 'control'
  listen: SnapshotAddress
  upstream: SnapshotAddress
  rttMs: number
}

export interface Ports { next(): number }

/** A region's service instances and where they listen. */
export interface PlacedServices {
  region: string
  control: { host: string }
  endpoints: readonly { service: string; replica: number; port: number }[]
}

/** Once a pair: the acceptor generates a token, the dialer establishes with it. Each names the other by its region. */
export interface Peering {
  acceptor: string
  dialer: string
  /** Body of POST /v1/peering/token at the acceptor; the address is the dialer's own entry, and Consul dials no other. */
  token: { PeerName: string; ServerExternalAddresses: string[] }
}

export interface ConsulPlanRequest {
  topology: Topology
  ports: Ports
  /** As laid out: one for each region. */
  services: readonly PlacedServices[]
  gateways: readonly Pick<GatewayBootstrap, 'region' | 'listen'>[]
  residency: Residency
  /** Absent = no policy guards any service: gateways may call all of them. */
  access?: GuardedServices
  settings: ConsulSettings
  /** Folder of the run. */
  stateDir: string
  logLevel?: string
}

const portsARegion = 10
const portsAnEndpoint = 2

/** How many ports `planConsul` takes. */
export function consulPortsNeeded({ regions, services }: Pick<Topology, 'regions' | 'services'>): number {
  const placed = services.reduce((sum, service) => sum + service.regions.length * (1 + service.replicas * portsAnEndpoint), 0)
  return 2 + regions.length * portsARegion + placed
}

export function planConsul(request: ConsulPlanRequest): ConsulPlan {
  const { topology, ports, settings, residency, access = new Map() } = request
  const names = consulNames(topology.services.map(({ name }) => name))
  const reach = reachOf(topology, residency)
  // One port for all entries of a kind, because each has an address of its own.
  const entryPorts = { data: ports.next(), control: ports.next() }
  const own = new Map(topology.regions.map(({ name }) => [name, takePorts(ports)]))
  const regions = topology.regions.map(({ name }) => planRegion(name, own.get(name)!, { ...request, access, names, reach, wanPort: entryPorts.data }))
  return { settings, names, access, regions, peerings: peeringsOf(topology, reach, entryPorts.control), entries: linkEntries(topology, own, reach, entryPorts) }
}

type RegionPorts = ReturnType<typeof takePorts>

/** As many as `portsARegion`. */
function takePorts(ports: Ports) {
  return {
    http: ports.next(), grpc: ports.next(), grpcTls: ports.next(), serfLan: ports.next(), server: ports.next(), resolver: ports.next(),
    meshGateway: ports.next(), meshGatewayAdmin: ports.next(), gatewaySidecar: ports.next(), gatewaySidecarAdmin: ports.next(),
  }
}

interface RegionRequest extends ConsulPlanRequest { access: GuardedServices; names: ReadonlyMap<string, string>; reach: Reach; wanPort: number }

function planRegion(region: string, own: RegionPorts, request: RegionRequest): ConsulRegion {
  const { topology, ports, settings, access, names, reach, wanPort, stateDir, logLevel = 'warn' } = request
  const at = (port: number): SnapshotAddress => ({ host, port })
  const { http, grpc } = agentAddresses(host, own)
  const envoy = (kind: EnvoyPlan['kind'], id: string, admin: number): EnvoyPlan => {
    const plan = { id, region, kind, admin: at(admin) }
    return { ...plan, bootstrapArguments: bootstrapArguments(plan, http, grpc) }
  }
  const here = topology.services.filter(({ regions }) => regions.includes(region))
  const upstreams = new Map(here.map(({ name }) => [name, at(ports.next())]))
  const byName = new Map(here.map((service) => [service.name, service]))
  const { control, endpoints } = request.services.find((one) => one.region === region)!
  const instances = endpoints.map(({ service, replica, port }) => {
    const [sidecarPort, admin] = [ports.next(), ports.next()]
    const instance = { name: names.get(service)!, replica, at: { host: control.host, port }, sidecarPort, patienceMs: patienceMs(settings, byName.get(service)!) }
    const registration = instanceRegistration(instance, settings)
    return { registration, envoy: envoy('service', `${registration.ID}-sidecar-proxy`, admin) }
  })
  const others = topology.regions.map(({ name }) => name).filter((name) => name !== region)
  const reachable = others.map((name) => reach.rttMs(region, name)).filter((rttMs) => rttMs < Infinity)
  const index = topology.regions.findIndex(({ name }) => name === region)
  return {
    region,
    agent: { config: agentConfig(region, own, { host, dataDir: `${stateDir}/consul.${region}`, logLevel }), http, grpc },
    resolver: {
      listen: at(own.resolver),
      names: Object.fromEntries(topology.regions.flatMap(({ name }, to) => to === index ? [] : [[meshGatewayHost(name), entryAddress(index, to)]])),
    },
    registrations: [
      meshGatewayRegistration({ at: at(own.meshGateway), wan: { host: meshGatewayHost(region), port: wanPort }, connectMs: connectMs(settings, reachable) }, settings),
      ...instances.map(({ registration }) => registration),
      gatewayRegistration({
        at: request.gateways.find((gateway) => gateway.region === region)!.listen.ingress, sidecarPort: own.gatewaySidecar,
        upstreams: new Map([...upstreams].map(([service, address]) => [names.get(service)!, address])),
      }, settings),
    ],
    entries: regionEntries(region, { topology, names, reach, settings, access }),
    envoys: [
      envoy('mesh-gateway', meshGatewayName, own.meshGatewayAdmin),
      ...instances.map((instance) => instance.envoy),
      envoy('gateway', `${gatewayName}-sidecar-proxy`, own.gatewaySidecarAdmin),
    ],
    upstreams: Object.fromEntries(upstreams),
    forbidden: here.filter((service) => !reach.serves(region, service)).map(({ name }) => name),
  }
}

/** The later of a pair dials the earlier. */
function peeringsOf({ regions }: Topology, { rttMs }: Reach, port: number): Peering[] {
  return regions.flatMap(({ name: acceptor }, target) => regions.flatMap(({ name: dialer }, source): Peering[] => {
    if (source <= target || rttMs(dialer, acceptor) === Infinity) return []
    return [{ acceptor, dialer, token: { PeerName: dialer, ServerExternalAddresses: [`${entryAddress(source, target)}:${port}`] } }]
  }))
}

/** Mesh gateways talk both ways; of agents only the dialer of a pair, which comes later in the topology. */
function linkEntries({ regions }: Topology, own: ReadonlyMap<string, RegionPorts>, { rttMs }: Reach, entryPorts: { data: number; control: number }): MeshLink[] {
  return regions.flatMap(({ name: from }, source) => regions.flatMap(({ name: to }, target): MeshLink[] => {
    if (source === target || rttMs(from, to) === Infinity) return []
    const make = (channel: MeshLink['channel'], upstreamPort: number): MeshLink => ({
      name: `mesh.region.${from}--region.${to}--${channel}`, from: `region:${from}`, to: `region:${to}`, channel,
      listen: { host: entryAddress(source, target), port: entryPorts[channel] }, upstream: { host, port: upstreamPort }, rttMs: rttMs(from, to),
    })
    const { meshGateway, grpcTls } = own.get(to)!
    return [make('data', meshGateway), ...(source > target ? [make('control', grpcTls)] : [])]
  }))
}
