// Values of Istio's charts (base, istio-control/istio-discovery, gateway) for one region. Their names are those of the
// charts' own values.yaml; what a person adds is laid over them.

import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { mergeValues, type ChartPlan, type Values } from '../kubernetes-objects.ts'

export const rootNamespace = 'istio-system'
export const eastWestName = 'istio-eastwestgateway'
/** Where an east-west gateway takes what peers send (istio.io, Install multi-primary on different networks). */
export const eastWestPort = 15_443

export interface ImageChoice { hub: string; tag: string; pullPolicy: 'Always' | 'IfNotPresent' | 'Never' }

export interface ExtraValues { base?: Values; istiod?: Values; gateway?: Values }

export interface ChartsRequest {
  region: string
  meshId: string
  trustDomain: string
  images: ImageChoice
  /** Other region → this region's own way to its east-west gateway. */
  ways: ReadonlyMap<string, SnapshotAddress>
  /** Hosts that are served by their own cluster only. */
  local: readonly string[]
  failoverOwner: 'gateway' | 'mesh'
  extraValues: ExtraValues
}

/** A proxy of a testbed serves tens of requests a second, and a region has a dozen of them. */
const smallProxy = { requests: { cpu: '10m', memory: '40Mi' } }

export function charts(request: ChartsRequest): ChartPlan[] {
  const { region, images, extraValues } = request
  return [
    { release: 'istio-base', chart: 'base', namespace: rootNamespace, values: mergeValues({}, extraValues.base), wait: [{ kind: 'CustomResourceDefinitions' }] },
    {
      release: 'istiod', chart: 'istio-control/istio-discovery', namespace: rootNamespace, values: mergeValues(istiodValues(request), extraValues.istiod),
      wait: [{ kind: 'Deployment', namespace: rootNamespace, name: 'istiod' }],
    },
    {
      release: eastWestName, chart: 'gateway', namespace: rootNamespace,
      values: mergeValues({
        name: eastWestName, networkGateway: region, imagePullPolicy: images.pullPolicy, replicaCount: 1, autoscaling: { enabled: false },
        labels: { istio: 'eastwestgateway', app: eastWestName },
        // No address that others could find by themselves: each region is told its own way by `meshNetworks`.
        service: { type: 'NodePort' }, resources: smallProxy,
      }, extraValues.gateway),
      wait: [{ kind: 'Deployment', namespace: rootNamespace, name: eastWestName }],
    },
  ]
}

function istiodValues({ region, meshId, trustDomain, images: { hub, tag, pullPolicy }, ways, local, failoverOwner }: ChartsRequest): Values {
  return {
    autoscaleEnabled: false, replicaCount: 1, resources: { requests: { cpu: '50m', memory: '128Mi' } },
    meshConfig: {
      trustDomain, accessLogFile: '',
      defaultConfig: {
        // An application that starts before its proxy loses its first requests.
        holdApplicationUntilProxyStarts: true,
        // One thread carries tens of requests a second; a thread a core, in a dozen proxies, would cost more in wake-ups.
        concurrency: 1,
        // P-256, as the authorities are: by default each handshake would be signed with RSA, at ten times the price.
        proxyMetadata: { ECC_SIGNATURE_ALGORITHM: 'ECDSA' },
      },
      // What is read by policies is what services get, so that a policy is not got around by writing a path otherwise.
      pathNormalization: { normalization: 'DECODE_AND_MERGE_SLASHES' },
      ...(local.length === 0 ? {} : { serviceSettings: [{ settings: { clusterLocal: true }, hosts: [...local] }] }),
      // Istio tries again by itself, which would hide what the gateway is to be seen doing.
      ...(failoverOwner === 'gateway' ? { defaultHttpRetryPolicy: { attempts: 0 } } : {}),
    },
    global: {
      hub, tag, imagePullPolicy: pullPolicy, meshID: meshId, network: region, multiCluster: { clusterName: region },
      proxy: { resources: smallProxy },
      meshNetworks: Object.fromEntries([...ways].sort(([a], [b]) => (a < b ? -1 : 1)).map(([peer, { host, port }]) =>
        [peer, { endpoints: [{ fromRegistry: peer }], gateways: [{ address: host, port }] }])),
    },
  }
}
