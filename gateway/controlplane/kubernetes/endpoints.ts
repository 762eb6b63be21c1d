// Service discovery of one cluster: EndpointSlices say where pods listen, Services say under which number their callers
// know a port. Pure. What other regions run is not seen from here and stays as the bootstrap says.

import { isIP } from 'node:net'
import { compareText } from '../../config/parse.ts'
import type { SnapshotAddress } from '../../snapshot/snapshot.ts'
import type { ClusterIps, Discovery } from '../protocol.ts'
import type { ClusterObject } from './namespaces.ts'

/** Services and EndpointSlices of the cluster's namespace that stands for `namespace` of the configuration. */
export interface NamespaceObjects { namespace: string; services: Iterable<ClusterObject>; slices: Iterable<ClusterObject> }

interface ServiceSpec { clusterIP?: string; ports?: { name?: string; port: number; protocol?: string }[] }

/** discovery.k8s.io/v1 */
interface Slice extends ClusterObject {
  ports?: { name?: string; port?: number; protocol?: string }[] | null
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[] | null
}

/** Label of a slice that names its Service. */
const serviceNameLabel = 'kubernetes.io/service-name'

/**
 * Service (`namespace/name:port`) → ready endpoints, sorted; one entry a TCP port of each Service, empty when nothing is ready.
 * With `clusterIps` the one endpoint is the Service's own address.
 */
export function liveEndpoints(namespaces: Iterable<NamespaceObjects>, clusterIps?: ClusterIps): Record<string, SnapshotAddress[]> {
  const live: Record<string, SnapshotAddress[]> = {}
  for (const { namespace, services, slices } of namespaces) {
    const slicesOf = new Map<string, Slice[]>()
    for (const slice of slices as Iterable<Slice>) {
      const service = slice.metadata.labels?.[serviceNameLabel]
      if (service !== undefined) slicesOf.set(service, [...(slicesOf.get(service) ?? []), slice])
    }
    for (const { metadata: { name }, spec } of services) {
      const { clusterIP = '', ports = [] } = (spec ?? {}) as ServiceSpec
      for (const port of ports) {
        if ((port.protocol ?? 'TCP') !== 'TCP') continue
        const pods = addressesIn(slicesOf.get(name) ?? [], port.name ?? '')
        live[`${namespace}/${name}:${port.port}`] = clusterIps === undefined ? pods : ownAddress(clusterIP, port.port, clusterIps === 'always' || pods.length > 0)
      }
    }
  }
  return live
}

/** A headless Service has none. */
function ownAddress(clusterIP: string, port: number, serves: boolean): SnapshotAddress[] {
  return serves && isIP(clusterIP) !== 0 ? [{ host: clusterIP, port }] : []
}

/** An endpoint may stand in two slices while the cluster moves it from one to the other. */
function addressesIn(slices: readonly Slice[], portName: string): SnapshotAddress[] {
  const found = new Map<string, SnapshotAddress>()
  for (const { ports, endpoints } of slices) {
    const port = ports?.find(({ name, protocol }) => (name ?? '') === portName && (protocol ?? 'TCP') === 'TCP')?.port
    if (port === undefined) continue
    for (const { addresses, conditions } of endpoints ?? []) {
      // Not said = ready, as the API defines it. All addresses of an endpoint are the same pod: the first is dialled.
      const host = addresses[0]
      if (conditions?.ready !== false && isIP(host) !== 0) found.set(`${host} ${port}`, { host, port })
    }
  }
  return [...found.values()].sort((a, b) => compareText(a.host, b.host) || a.port - b.port)
}

/** The world as it was told at birth, with what lives in `region` now. */
export function discovered(born: Discovery, region: string, live: Readonly<Record<string, SnapshotAddress[]>>): Discovery {
  const endpoints: Discovery['endpoints'] = {}
  for (const name of new Set([...Object.keys(born.endpoints), ...Object.keys(live)])) {
    const { [region]: told, ...elsewhere } = born.endpoints[name] ?? {}
    endpoints[name] = told === undefined && live[name] === undefined ? elsewhere : { ...elsewhere, [region]: live[name] ?? [] }
  }
  return { ...born, endpoints }
}
