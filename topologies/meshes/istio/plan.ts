// Pure: all that a topology's Istio mesh is told, as data, before anything starts. Multi-primary, one network a cluster.
//
//   gateway ─► its sidecar ─┬─► sidecar ─► service                                              (own region)
//                           └─► fault-proxy entry ─► east-west gateway ─► sidecar ─► service    (a peer's)
//   istiod ─► fault-proxy entry ─► API server of a peer                                         (endpoints)

import type { Principal, SnapshotAccess } from '../../../gateway/security/access.ts'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import type { Topology } from '../../topology.ts'
import type { MeshAuthority } from '../certificates.ts'
import { reachOf, type Reach, type Residency } from '../reach.ts'
import type { ChartPlan, MeshObject } from '../kubernetes-objects.ts'
import { hostsOf, joinedTargets, labelOf, runsIn, type MeshHost } from '../kubernetes-hosts.ts'
import { authoritySecret, crossNetworkGateway, readerTokenSecret, rootNamespaceObject } from './plan-join.ts'
import { refuseBrokenEscapes, servicePolicy, strictMutualTls } from './plan-policies.ts'
import { destinationRule, fqdn, virtualService } from './plan-routing.ts'
import type { IstioSettings } from './plan-settings.ts'
import { charts, rootNamespace, type ExtraValues, type ImageChoice } from './plan-values.ts'

/** How services became pods, which a mesh cannot know. */
export interface Placement {
  /** The cluster's namespace for one of the configuration. */
  namespaceOf(namespace: string): string
  /** Which pods of the region serve the service, and on which port of theirs. */
  podsOf(region: string, service: string): { labels: Record<string, string>; port: number }
  /** The service account that the caller's pods run as. Callers who share one are one caller to the mesh. */
  accountOf(principal: Principal): { namespace: string; account: string }
}

export interface IstioPlanRequest {
  topology: Topology
  residency: Residency
  /** Service → who may call it; a service without an entry may be called by everybody in the mesh. */
  access: ReadonlyMap<string, SnapshotAccess>
  settings: IstioSettings
  trustDomain: string
  meshId: string
  images: ImageChoice
  placement: Placement
  /** One region's own way to another's east-west gateway, through the fault proxy. */
  wayTo(from: string, to: string): SnapshotAddress
  authorityOf(region: string): MeshAuthority
  /** On the namespace of istiod, so that the run finds it again. */
  namespaceLabels?: Record<string, string>
  extraValues?: ExtraValues
}

export interface IstioPlan {
  settings: IstioSettings
  /** In the order of the topology. */
  regions: IstioRegion[]
}

export interface IstioRegion {
  region: string
  /** Nodes carry these before pods start: Istio takes a pod's locality from its node. */
  nodeLabels: Record<string, string>
  /** In order, each ready before the next. */
  charts: ChartPlan[]
  objects: { /** the charts need them */ before: MeshObject[]; /** they need the charts' kinds */ after: MeshObject[] }
  /** Regions whose API servers this one's istiod reads; a `remoteSecret` each. */
  peers: string[]
  /** Fully qualified hosts that never leave this cluster. */
  local: string[]
  /** Services that run here against the law: nobody may call them. */
  forbidden: string[]
}

/** Throws RGT_UNSUPPORTED for a name or path that cannot be said to Istio. */
export function planIstio(request: IstioPlanRequest): IstioPlan {
  const { topology, residency, settings } = request
  const hosts = hostsOf(topology)
  const reach = reachOf(topology, residency)
  return { settings, regions: topology.regions.map(({ name }) => planRegion(name, { ...request, hosts, reach })) }
}

interface RegionRequest extends IstioPlanRequest { hosts: readonly MeshHost[]; reach: Reach }

function planRegion(region: string, request: RegionRequest): IstioRegion {
  const { topology, hosts, reach, settings, placement, meshId, trustDomain, images } = request
  const peers = topology.regions.map(({ name }) => name).filter((name) => name !== region && reach.rttMs(region, name) < Infinity).sort()
  const targets = new Map(hosts.map((host) => [host, joinedTargets(reach, region, host)]))
  const local = hosts.filter((host) => targets.get(host)!.length === 0).map(({ name, namespace }) => fqdn(name, placement.namespaceOf(namespace))).sort()
  const routing = topology.failoverOwner === 'gateway' ? [] : hosts.filter((host) => runsIn(host, region)).flatMap((host) => {
    const own = targets.get(host)!
    const one = { region, host, namespace: placement.namespaceOf(host.namespace), targets: own, rttMs: Math.max(0, ...own.map((target) => reach.rttMs(region, target))), settings }
    return [...destinationRule(one), ...virtualService(one)]
  })
  return {
    region, nodeLabels: { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': `${region}-1` }, peers, local,
    charts: charts({
      region, meshId, trustDomain, images, local, failoverOwner: topology.failoverOwner, extraValues: request.extraValues ?? {},
      ways: new Map(peers.map((peer) => [peer, request.wayTo(region, peer)])),
    }),
    objects: {
      before: [rootNamespaceObject(region, request.namespaceLabels ?? {}), authoritySecret(request.authorityOf(region))],
      after: [readerTokenSecret(), strictMutualTls(rootNamespace), crossNetworkGateway(), ...(request.access.size === 0 ? [] : [refuseBrokenEscapes(rootNamespace)]), ...policies(region, request), ...routing],
    },
    forbidden: topology.services.filter((service) => service.regions.includes(region) && !reach.serves(region, service)).map(({ name }) => name).sort(),
  }
}

function policies(region: string, { hosts, reach, access, placement, trustDomain }: RegionRequest): MeshObject[] {
  const principalOf = (principal: Principal): string => {
    const { namespace, account } = placement.accountOf(principal)
    return `${trustDomain}/ns/${namespace}/sa/${account}`
  }
  return hosts.flatMap((host) => host.services.filter(({ service }) => service.regions.includes(region)).map(({ service, port }) => servicePolicy({
    name: labelOf(host, port), namespace: placement.namespaceOf(host.namespace), pods: placement.podsOf(region, service.name),
    lawful: reach.serves(region, service), access: access.get(service.name), principalOf,
  })))
}
