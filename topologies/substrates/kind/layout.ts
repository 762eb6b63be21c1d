// Pure: what a topology becomes on clusters. A region is a plan for its cluster's manifests; edges and the fault proxy
// are containers beside the clusters, outside every region; ports of this machine are mapped on loopback only.
//
//   clients:G ──127.0.0.1──► links ──► edge:E ──► links ──► node of R, east-west      (data)
//                              │                      └───► node of R, control plane  (control)
//                              └────────────────────► node of R, ingress              (direct and list)
//   gateway of A ──► links ──► node of B, east-west

import type { Discovery } from '../../../gateway/controlplane/protocol.ts'
import { defaultLimits, type GatewayBootstrap } from '../../../gateway/dataplane/bootstrap.ts'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { parseServiceName } from '../../service-name.ts'
import type { PlaceRef, Topology } from '../../topology.ts'
import type { GroupEntries } from '../sockets/generator/bootstrap.ts'
import type { LinkEntry } from '../sockets/links.ts'
import type { PortBlock } from '../sockets/ports.ts'
import type { MeshPods } from './meshes/cluster-mesh.ts'
import { podPorts, type Namespaces, type NodePorts, type RegionPlan, type ServicesPod } from './manifests/region.ts'

const anywhere = '0.0.0.0'
const loopback = '127.0.0.1'
export const stateDir = '/var/lib/regatta'
/** Inside the container of the fault proxy. */
export const linksApiPort = 8474
const firstLinkPort = 20_000

export interface LayoutRequest {
  topology: Topology
  run: string
  ports: PortBlock
  token: string
  seed: number
  images: RegionPlan['images']
  /** null: clusters of our own, where namespaces are called as in the configuration and node ports are fixed. */
  namespacePrefix: string | null
  nodePorts: NodePorts | null
  /** Address of the fault proxy's container, as pods and edges dial it. */
  linksAddress: string
  /** Namespaces of the configuration's documents; those of services come on top. */
  configNamespaces: readonly string[]
  mesh: MeshPods | null
}

export interface EdgePlan { name: string; container: string; adminPort: number; bootstrap: GatewayBootstrap }

export interface KindLayout {
  regions: RegionPlan[]
  edges: EdgePlan[]
  links: Link[]
  waysIn: Record<string, GroupEntries>
}

/** A link before it is known where the nodes of regions are. */
export interface Link {
  name: string
  from: PlaceRef
  to: PlaceRef
  channel: 'data' | 'control'
  rttMs: number
  /** In the container of the fault proxy. */
  insidePort: number
  target: { edge: string } | { region: string; port: keyof NodePorts } | MeshTarget
}

/** What meshes of two regions say to each other: requests at the far east-west gateway, and questions to its API server. */
interface MeshTarget { region: string; mesh: 'gateway' | 'api' }

/** Of a region's node. A mesh is installed on clusters of our own only, so both are known. */
export const meshNodePorts = { gateway: 30_443, api: 6443 } as const

/** Ports of this machine that a topology takes: the fault proxy's API, every way in, an admin port an edge, and two a region. */
export function portsNeeded({ links, edges, regions }: Topology): number {
  return 1 + links.filter(({ from }) => from.startsWith('clients:')).length + edges.length + 2 * regions.length
}

/** Where clients' links are mapped on this machine; decided before the container of the fault proxy is made. */
export interface PublishedLinks { apiPort: number; links: { link: Link; port: number }[] }

export function publishLinks(topology: Topology, ports: PortBlock): PublishedLinks & { all: Link[] } {
  const apiPort = ports.next()
  const all = linksOf(topology)
  return { apiPort, all, links: all.filter(({ from }) => from.startsWith('clients:')).map((link) => ({ link, port: ports.next() })) }
}

const withMesh = ({ mesh }: Topology): boolean => mesh !== 'none'

function linksOf(topology: Topology): Link[] {
  let insidePort = firstLinkPort
  return topology.links.flatMap(({ from, to, rttMs }): Link[] => {
    const [source] = from.split(':')
    const [kind, name] = to.split(':')
    const make = (channel: Link['channel'], target: Link['target']): Link => ({
      name: `${from}--${to}--${'mesh' in target ? `mesh-${target.mesh}` : channel}`.replaceAll(':', '.'), from, to, channel, rttMs, insidePort: insidePort++, target,
    })
    if (kind === 'edge' && source === 'clients') return [make('data', { edge: name })]
    if (kind !== 'region') return []
    if (source === 'clients') return [make('data', { region: name, port: 'ingress' })]
    if (source === 'edge') return [make('data', { region: name, port: 'eastWest' }), make('control', { region: name, port: 'controlPlane' })]
    return [
      make('data', { region: name, port: 'eastWest' }),
      ...(withMesh(topology) ? [make('data', { region: name, mesh: 'gateway' }), make('control', { region: name, mesh: 'api' })] : []),
    ]
  })
}

/** Where a region dials what the mesh of another has. */
export function meshDial(links: readonly Link[], linksAddress: string, from: string, to: string, what: MeshTarget['mesh']): SnapshotAddress {
  const link = links.find(({ from: one, to: other, target }) => one === `region:${from}` && other === `region:${to}` && 'mesh' in target && target.mesh === what)!
  return { host: linksAddress, port: link.insidePort }
}

/** Where the nodes of a region are reached from the fault proxy. */
export type Reach = Record<string, { host: string; nodePorts: NodePorts }>

export function linkEntries(links: readonly Link[], edges: readonly EdgePlan[], reach: Reach): LinkEntry[] {
  return links.map(({ name, from, to, channel, rttMs, insidePort, target }) => ({
    name, from, to, channel, rttMs, listen: { host: anywhere, port: insidePort },
    upstream: 'edge' in target
      ? { host: edges.find((edge) => edge.name === target.edge)!.container, port: podPorts.ingress }
      : { host: reach[target.region].host, port: 'mesh' in target ? meshNodePorts[target.mesh] : reach[target.region].nodePorts[target.port] },
  }))
}

export function layOutClusters(request: LayoutRequest, published: ReturnType<typeof publishLinks>): KindLayout {
  const { topology, run, ports, token, seed, images, nodePorts, linksAddress, mesh } = request
  const links = published.all
  const dial = ({ insidePort }: Link): SnapshotAddress => ({ host: linksAddress, port: insidePort })
  const namespaces = namespacesOf(request)
  const linksFrom = discoveredLinks(links, dial)

  const regions = topology.regions.map(({ name: region }, index): RegionPlan => ({
    run, region, namespaces, images, nodePorts, ...(mesh === null ? {} : { sidecars: mesh.sidecars }),
    gateway: {
      name: region, role: 'region', region, token, seed, limits: defaultLimits, stateDir,
      listen: { ingress: at(podPorts.ingress), eastWest: at(podPorts.eastWest), admin: at(podPorts.admin) },
      controlPlanes: [{ host: controlPlaneHost(namespaces), port: podPorts.controlPlane }],
    },
    controlPlane: {
      name: region, region, listen: at(podPorts.controlPlane), token, documents: [], stateDir,
      discovery: discoveryFor(topology, region, linksFrom),
      hosts: [controlPlaneHost(namespaces)],
      kubernetes: { systemNamespace: namespaces.system, namespaces: namespaces.ofConfig, ...(mesh === null ? {} : { clusterIps: mesh.clusterIps }) },
    },
    services: servicesPods(topology, region, { token, seed: seed + index, apart: mesh?.apart ?? false }),
  }))
  const edges = topology.edges.map(({ name, home }): EdgePlan => {
    const nearestFirst = links
      .filter(({ from, channel }) => from === `edge:${name}` && channel === 'control')
      .sort((a, b) => Number(b.to === `region:${home}`) - Number(a.to === `region:${home}`) || a.rttMs - b.rttMs)
    return {
      name, container: `${run}-edge-${name}`, adminPort: ports.next(),
      bootstrap: {
        name, role: 'edge', region: null, token, seed, limits: defaultLimits, stateDir,
        listen: { ingress: at(podPorts.ingress), eastWest: null, admin: at(podPorts.admin) },
        controlPlanes: nearestFirst.map(dial),
      },
    }
  })
  return { regions, edges, links, waysIn: waysIn(topology, published) }
}

const at = (port: number): SnapshotAddress => ({ host: anywhere, port })

const controlPlaneHost = ({ system }: Namespaces): string => `control-plane.${system}.svc.cluster.local`

function namespacesOf({ topology, configNamespaces, namespacePrefix: prefix }: LayoutRequest): Namespaces {
  const names = [...new Set([...configNamespaces, ...topology.services.map(({ name }) => parseServiceName(name).namespace)])].sort()
  return {
    system: `${prefix ?? 'regatta'}-system`,
    ofConfig: Object.fromEntries(names.map((name) => [name, prefix === null ? name : `${prefix}-${name}`])),
  }
}

/** The plan, with control ports that may be called through an API server of that name: a pod hears the caller's Host. */
export function calledThrough(plan: RegionPlan, host: string): RegionPlan {
  const { gateway, controlPlane, services } = plan
  return {
    ...plan, gateway: { ...gateway, hosts: [host] }, controlPlane: { ...controlPlane, hosts: [...controlPlane.hosts ?? [], host] },
    services: services.map((pod) => ({ ...pod, bootstrap: { ...pod.bootstrap, hosts: [host] } })),
  }
}


/**
 * Replica i of every service of a namespace shares a pod, so that a small machine carries three regions; each has its own port.
 * Where a mesh is to tell services apart as callers, each has pods and an account of its own.
 */
function servicesPods({ services }: Topology, region: string, { token, seed, apart }: { token: string; seed: number; apart: boolean }): ServicesPod[] {
  const here = services.filter(({ regions }) => regions.includes(region))
  const together = Map.groupBy(here, (service) => {
    const { namespace, name } = parseServiceName(service.name)
    return apart ? `${namespace}/${name}` : namespace
  })
  return [...together].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([of, mine]) => {
    const [namespace, account = null] = of.split('/')
    const most = Math.max(...mine.map(({ replicas }) => replicas))
    return Array.from({ length: most }, (_, index): ServicesPod => ({
      name: ['services', namespace, ...(account === null ? [] : [account]), index].join('-'), configNamespace: namespace, index, ...(account === null ? {} : { account }),
      bootstrap: {
        region, seed, token, control: at(podPorts.servicesControl),
        endpoints: mine.flatMap(({ name, replicas, response }, order) =>
          (replicas > index ? [{ service: name, replica: index, port: podPorts.firstService + order, ...response }] : [])),
      },
    }))
  })
}

function discoveredLinks(links: readonly Link[], dial: (link: Link) => SnapshotAddress): Discovery['links'] {
  const found: Discovery['links'] = {}
  for (const link of links) {
    const [source, gateway] = link.from.split(':')
    if (link.channel !== 'data' || 'mesh' in link.target || source === 'clients' || !link.to.startsWith('region:')) continue
    ;(found[gateway] ??= {})[link.to.slice('region:'.length)] = { addresses: [dial(link)], rttMs: link.rttMs }
  }
  return found
}

/** Endpoints of its own region are watched; of the others a plane needs to know only that they run a service. */
function discoveryFor(topology: Topology, region: string, links: Discovery['links']): Discovery {
  const elsewhere: SnapshotAddress = { host: 'elsewhere', port: 1 }
  return {
    regions: topology.regions.map(({ name, jurisdiction }) => ({ name, jurisdiction })), links,
    endpoints: Object.fromEntries(topology.services.map(({ name, regions }) =>
      [name, Object.fromEntries(regions.map((one) => [one, one === region ? [] : [elsewhere]]))])),
  }
}

function waysIn(topology: Topology, { links }: PublishedLinks): Record<string, GroupEntries> {
  return Object.fromEntries(topology.clients.map(({ name, entry: own }): [string, GroupEntries] => {
    const reach = (kind: 'edge' | 'region'): GroupEntries['edges'] => Object.fromEntries(links
      .filter(({ link }) => link.from === `clients:${name}` && link.to.startsWith(`${kind}:`))
      .map(({ link, port }) => {
        const to = link.to.slice(kind.length + 1)
        return [to, { host: loopback, port, gateway: to }]
      }))
    return [name, { own, edges: reach('edge'), regions: reach('region') }]
  }))
}
