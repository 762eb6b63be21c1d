// Pure: all that a topology's Linkerd mesh is told, as data. Rendered and checked, never run here. One anchor, an issuer a
// cluster, services mirrored between clusters by way of gateways.
//
//   gateway ─► its proxy ─┬─► proxy ─► service                                                 (own region)
//                         └─► fault-proxy entry ─► linkerd-gateway ─► proxy ─► service         (a mirror: `NAME-PEER`)

import type { Principal, SnapshotAccess } from '../../../gateway/security/access.ts'
import type { Topology } from '../../topology.ts'
import type { MeshAuthority } from '../certificates.ts'
import { reachOf, type Reach, type Residency } from '../reach.ts'
import { mergeValues, type ChartPlan, type MeshObject, type Values } from '../kubernetes-objects.ts'
import type { Placement } from '../istio/plan.ts'
import { hostsOf, labelOf, runsIn, targetsOf, type MeshHost } from '../kubernetes-hosts.ts'
import { serviceAnnotations, serviceProfile, trafficSplit } from './plan-failover.ts'
import { exportedLabel, gatewayName, identityOf, link, mirrorAccount, multiclusterNamespace, type GatewayWay } from './plan-join.ts'
import { serverPolicy } from './plan-policies.ts'
import type { LinkerdSettings } from './plan-settings.ts'

export interface LinkerdPlanRequest {
  topology: Topology
  residency: Residency
  /** Service → who may call it; a service without an entry may be called by everybody in the mesh. */
  access: ReadonlyMap<string, SnapshotAccess>
  settings: LinkerdSettings
  trustDomain: string
  placement: Placement
  wayTo(from: string, to: string): GatewayWay
  /** Its subject must be `identity.linkerd.TRUSTDOMAIN`. */
  authorityOf(region: string): MeshAuthority
  /** Release → values laid over ours. */
  extraValues?: Readonly<Record<string, Values>>
}

export interface LinkerdRegion {
  region: string
  /** In order, each ready before the next. */
  charts: ChartPlan[]
  /** After the charts. */
  objects: MeshObject[]
  /** A Link each; `credentials` of each come before them. */
  peers: string[]
  /** Host of the topology (`namespace/name`) → what its Service carries. */
  services: Record<string, { labels: Record<string, string>; annotations: Record<string, string> }>
  /** Services that run here against the law: nobody may call them. */
  forbidden: string[]
}

export interface LinkerdPlan { settings: LinkerdSettings; /** in the order of the topology */ regions: LinkerdRegion[] }

/** Throws RGT_UNSUPPORTED for names that cannot be mirrored. */
export function planLinkerd(request: LinkerdPlanRequest): LinkerdPlan {
  const { topology, residency, settings } = request
  const parts = { hosts: hostsOf(topology), reach: reachOf(topology, residency) }
  return { settings, regions: topology.regions.map(({ name }) => planRegion(name, request, parts)) }
}

interface Parts { hosts: readonly MeshHost[]; reach: Reach }

function planRegion(region: string, request: LinkerdPlanRequest, { hosts, reach }: Parts): LinkerdRegion {
  const { topology, settings, placement, trustDomain } = request
  const regions = topology.regions.map(({ name }) => name)
  const peers = regions.filter((name) => name !== region && reach.rttMs(region, name) < Infinity).sort()
  const here = hosts.filter((host) => runsIn(host, region)).map((host) => {
    const targets = targetsOf(reach, region, host)
    return {
      host, namespace: placement.namespaceOf(host.namespace), targets, settings, rttMs: Math.max(0, ...targets.map((target) => reach.rttMs(region, target))),
      called: regions.some((name) => targetsOf(reach, name, host).includes(region)),
    }
  })
  return {
    region, peers, charts: charts(region, peers, request),
    objects: [
      ...peers.map((peer) => link(peer, request.wayTo(region, peer), trustDomain, settings)),
      ...here.flatMap((one) => [...policies(region, one, request, reach), ...trafficSplit(one), ...serviceProfile(one)]),
    ],
    services: Object.fromEntries(here.map((one): [string, LinkerdRegion['services'][string]] => [one.host.key, {
      labels: Object.fromEntries(one.called ? [[exportedLabel, 'true']] : []), annotations: topology.failoverOwner === 'mesh' ? serviceAnnotations(one) : {},
    }])),
    forbidden: topology.services.filter((service) => service.regions.includes(region) && !reach.serves(region, service)).map(({ name }) => name).sort(),
  }
}

function policies(region: string, { host, namespace, called }: { host: MeshHost; namespace: string; called: boolean }, request: LinkerdPlanRequest, reach: Reach): MeshObject[] {
  const { placement, trustDomain, access } = request
  const identity = (principal: Principal): string => {
    const { namespace: of, account } = placement.accountOf(principal)
    return identityOf(account, of, trustDomain)
  }
  return host.services.filter(({ service }) => service.regions.includes(region)).flatMap(({ service, port }) => serverPolicy({
    name: labelOf(host, port, roomForNumber), namespace, pods: placement.podsOf(region, service.name), lawful: reach.serves(region, service), access: access.get(service.name),
    identityOf: identity, peers: called ? identityOf(gatewayName, multiclusterNamespace, trustDomain) : null,
  }))
}

/** Routes of a Server are numbered behind its name. */
const roomForNumber = 5

function charts(region: string, peers: readonly string[], { topology, trustDomain, settings, authorityOf, extraValues = {} }: LinkerdPlanRequest): ChartPlan[] {
  const { caCert, caKey, rootCert } = authorityOf(region)
  const chart = (release: string, namespace: string, values: Values, deployments: string[]): ChartPlan => ({
    release, chart: release, namespace, values: mergeValues(values, extraValues[release]), wait: deployments.map((name) => ({ kind: 'Deployment', namespace, name })),
  })
  return [
    { ...chart('linkerd-crds', 'linkerd', {}, []), wait: [{ kind: 'CustomResourceDefinitions' }] },
    chart('linkerd-control-plane', 'linkerd', {
      identityTrustAnchorsPEM: rootCert, identityTrustDomain: trustDomain, identity: { issuer: { scheme: 'linkerd.io/tls', tls: { crtPEM: caCert, keyPEM: caKey } } },
      // Whatever no Server speaks for still needs an identity of the mesh.
      proxy: { defaultInboundPolicy: 'all-authenticated', resources: { cpu: { request: '10m' }, memory: { request: '20Mi' } } },
    }, ['linkerd-identity', 'linkerd-destination', 'linkerd-proxy-injector']),
    chart('linkerd-multicluster', multiclusterNamespace, {
      identityTrustDomain: trustDomain, remoteMirrorServiceAccountName: mirrorAccount,
      gateway: { name: gatewayName, serviceType: 'NodePort', probe: { seconds: settings.probe.periodS } },
      controllers: peers.map((peer) => ({ link: { ref: { name: peer } } })),
    }, [gatewayName]),
    ...(topology.failoverOwner === 'gateway' ? [] : [
      chart('linkerd-smi', 'linkerd-smi', {}, ['smi-adaptor']), chart('linkerd-failover', 'linkerd-failover', {}, ['linkerd-failover']),
    ]),
  ]
}
