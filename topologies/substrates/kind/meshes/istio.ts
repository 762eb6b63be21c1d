// Real Istio on the clusters of a run: a control plane and an east-west gateway a region, one root of trust, and every byte
// between two regions' meshes over the fault proxy. `topologies/meshes/istio` works out what everybody is told.

import { join as joinPath } from 'node:path'
import type { KubernetesObject, V1Service } from '@kubernetes/client-node'
import { intermediateOf, meshRoot, type MeshAuthority } from '../../../meshes/certificates.ts'
import { addressedByName } from '../../../meshes/host-names.ts'
import { fqdn } from '../../../meshes/istio/plan-routing.ts'
import { istioSettingsNamed } from '../../../meshes/istio/plan-settings.ts'
import { eastWestName, eastWestPort, rootNamespace, type ImageChoice } from '../../../meshes/istio/plan-values.ts'
import { planIstio, type IstioPlan, type IstioRegion, type Placement } from '../../../meshes/istio/plan.ts'
import { gatewayAnnotations, injectLabels, servicesAnnotations } from '../../../meshes/istio/pods.ts'
import { rulesOf, type MeshRules } from '../../../meshes/rules.ts'
import { settingsOf } from '../../../meshes/use.ts'
import type { ConfigDocument, MeshInstall, StartRequest } from '../../../substrate.ts'
import type { Topology } from '../../../topology.ts'
import { needTool } from '../../sockets/run-tools.ts'
import type { RegionApi } from '../api/api.ts'
import { readyTimeoutOf } from '../grounds.ts'
import { meshDial, meshNodePorts, type KindLayout } from '../layout.ts'
import { parseServiceName } from '../../../service-name.ts'
import { partLabel, podPorts, runLabel, serviceLabel, type RegionPlan } from '../manifests/region.ts'
import type { Site } from '../site.ts'
import { renderChart, type Chart, type Helm } from './charts.ts'
import type { ClusterMesh, MeshPods } from './cluster-mesh.ts'
import { proveAgreement } from './istio-agreement.ts'
import { exchangeSecrets } from './istio-join.ts'
import { seesAll, refusesPlainText, statsAnnotation } from './istio-sidecars.ts'

/** Where no folder of charts is named. */
const chartRepository = 'https://istio-release.storage.googleapis.com/charts'
const istioVersion = '1.30.0'
const repositoryNames: Record<string, string> = { base: 'base', 'istio-control/istio-discovery': 'istiod', gateway: 'gateway' }
const trustDomain = 'cluster.local'
const meshId = 'regatta'

export function istioPods({ failoverOwner }: Topology, config: readonly ConfigDocument[]): MeshPods {
  return {
    apart: config.some(({ kind }) => kind === 'AccessPolicy'),
    clusterIps: failoverOwner === 'mesh' ? 'always' : 'while-ready',
    sidecars: {
      labels: injectLabels,
      annotations: { gateway: { ...gatewayAnnotations, ...outsideTheMesh, ...statsAnnotation }, services: servicesAnnotations([podPorts.servicesControl]) },
    },
  }
}

/** A gateway's own control plane, and other regions behind the fault proxy, are no services of the mesh. */
const outsideTheMesh = { 'traffic.sidecar.istio.io/excludeOutboundPorts': String(podPorts.controlPlane) }

export async function openIstio(request: StartRequest, site: Site, layout: KindLayout): Promise<ClusterMesh> {
  const { topology, options, signal } = request
  const { docker, inventory, workDir } = site
  const install = options.clusters?.mesh ?? {}
  const images: ImageChoice = { hub: install.hub ?? 'istio', tag: install.tag ?? istioVersion, pullPolicy: 'IfNotPresent' }
  const helm: Helm = { command: (await needTool('helm', request, inventory)).path, workDir, signal }
  inventory.tools.istio = { version: images.tag, origin: install.hub === undefined ? 'release' : 'explicit' }
  const [{ controlPlane: { discovery }, gateway }] = layout.regions
  const rules = rulesOf(request.config, gateway, discovery)
  const plan = await planOf(request, site, layout, images, rules)
  const timeoutMs = readyTimeoutOf(options.clusters ?? {})
  const told = (region: string): IstioRegion => plan.regions.find((one) => one.region === region)!
  const laid = (region: string): RegionPlan => layout.regions.find((one) => one.region === region)!
  const here = ['pilot', 'proxyv2'].map((name) => `${images.hub}/${name}:${images.tag}`)
  return {
    name: 'istio',
    images: (await Promise.all(here.map(async (image) => (await docker.imageExists(image) ? [image] : [])))).flat(),
    config: (documents) => addressedByName(documents, (service) => {
      const { namespace, name } = parseServiceName(service)
      return fqdn(name, layout.regions[0].namespaces.ofConfig[namespace] ?? namespace)
    }),
    install: (ground, stop) => installRegion({ region: told(ground.region), api: ground.api, helm: { ...helm, signal: stop }, install, timeoutMs }),
    async join(grounds, stop) {
      await exchangeSecrets(plan, grounds, site, layout, timeoutMs, stop)
      await Promise.all(grounds.map((ground) => seesAll({ ground, plan: laid(ground.region), topology, region: told(ground.region), timeoutMs, signal: stop })))
    },
    prove: async (grounds, stop) => {
      const tried = await Promise.all(grounds.map((ground) => refusesPlainText(ground, laid(ground.region), stop)))
      const refused = `plain text is refused by all ${tried.reduce((sum, count) => sum + count, 0)} ports of services`
      if (rules.access.size === 0) return [refused]
      const cells = await proveAgreement({
        grounds, plans: layout.regions, services: topology.services.map(({ name }) => name), ...rules, signal: stop,
        forbiddenIn: (region) => told(region).forbidden,
        ingressOf: (region) => ({ host: '127.0.0.1', port: site.regionPorts[region].ingress }),
      })
      return [refused, `gateways, mesh and access policies agree in all ${cells} cells`]
    },
  }
}

async function planOf(
  { topology, options }: StartRequest, { run, linksAddress }: Site, layout: KindLayout, images: ImageChoice, { access, residency }: MeshRules,
): Promise<IstioPlan> {
  const now = new Date()
  const root = await meshRoot({ name: `regatta ${run}`, now })
  const authorities = new Map<string, MeshAuthority>()
  for (const { name } of topology.regions) authorities.set(name, await intermediateOf(root, { cluster: name, trustDomain, now }))
  return planIstio({
    topology, trustDomain, meshId, images, access, residency, settings: istioSettingsNamed(settingsOf(topology)), placement: placementOf(layout), namespaceLabels: { [runLabel]: run },
    wayTo: (from, to) => meshDial(layout.links, linksAddress, from, to, 'gateway'), authorityOf: (one) => authorities.get(one)!,
    extraValues: { istiod: options.clusters?.mesh?.values ?? {} },
  })
}

function placementOf({ regions }: KindLayout): Placement {
  const { system, ofConfig } = regions[0].namespaces
  return {
    namespaceOf: (namespace) => ofConfig[namespace],
    podsOf(region, service) {
      const endpoints = regions.find((one) => one.region === region)!.services.flatMap(({ bootstrap }) => bootstrap.endpoints)
      return { labels: { [partLabel]: 'services', [serviceLabel(parseServiceName(service).name)]: 'true' }, port: endpoints.find((one) => one.service === service)!.port }
    },
    accountOf(principal) {
      if (principal === 'gateway') return { namespace: system, account: 'gateway' }
      const [namespace, account] = principal.slice('service:'.length).split('/')
      return { namespace: ofConfig[namespace], account }
    },
  }
}

interface Installation { region: IstioRegion; api: RegionApi; helm: Helm; install: MeshInstall; timeoutMs: number }

async function installRegion({ region: { region, nodeLabels, charts, objects }, api, helm, install, timeoutMs }: Installation): Promise<void> {
  const nodes = [...new Set((await api.pods({ namespace: 'kube-system', labels: {} })).map(({ node }) => node))].filter((node) => node !== '')
  for (const name of nodes) await api.patch({ apiVersion: 'v1', kind: 'Node', name }, { metadata: { labels: nodeLabels } })
  await api.apply(objects.before)
  for (const { release, chart, namespace, values, wait } of charts) {
    const source: Chart['source'] = install.charts === undefined
      ? { repository: chartRepository, chart: repositoryNames[chart], version: install.tag ?? istioVersion } : { folder: joinPath(install.charts, chart) }
    await api.apply(await renderChart(helm, region, { release, namespace, values, source }))
    const deployments = wait.flatMap((one) => (one.kind === 'Deployment' ? [one] : []))
    if (deployments.length > 0) await api.ready(deployments, timeoutMs, helm.signal)
  }
  await api.apply([eastWestNodePort(), ...objects.after])
}

/** The chart's own Service takes whatever node port is free; links are laid to one that is known. */
function eastWestNodePort(): V1Service & KubernetesObject {
  return {
    apiVersion: 'v1', kind: 'Service', metadata: { name: `${eastWestName}-links`, namespace: rootNamespace },
    spec: {
      type: 'NodePort', externalTrafficPolicy: 'Cluster', selector: { istio: 'eastwestgateway' },
      ports: [{ name: 'tls', port: eastWestPort, targetPort: eastWestPort, nodePort: meshNodePorts.gateway, protocol: 'TCP' }],
    },
  }
}
