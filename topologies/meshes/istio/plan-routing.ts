// How a host's requests are moved when it fails: a DestinationRule (when a host is ejected, where to turn) and a
// VirtualService (how long a try takes, what is tried again). Only where the mesh owns failover.

import { idempotentMethods } from '../../../gateway/drivers/plan.ts'
import type { Service } from '../../topology.ts'
import type { MeshHost } from '../kubernetes-hosts.ts'
import type { MeshObject } from '../kubernetes-objects.ts'
import type { IstioSettings } from './plan-settings.ts'

export interface RoutingRequest {
  region: string
  host: MeshHost
  /** In the cluster. */
  namespace: string
  /** Nearest first; empty: the host is local to its cluster. */
  targets: readonly string[]
  /** Milliseconds there and back to the farthest of them. */
  rttMs: number
  settings: IstioSettings
}

/** TCP, TLS 1.3, and the request itself: a try on a new connection, as far away as it may go, must not fail for its way. */
const triesRoundTrips = 3

export function fqdn(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.cluster.local`
}

/**
 * Istio ranks the own region first, the one named here second, and takes all others for equal (only the first entry that
 * starts from a region is read: pilot, applyLocalityFailover).
 */
export function destinationRule({ region, host, namespace, targets, rttMs, settings }: RoutingRequest): MeshObject[] {
  const { outlier, requestsPerConnection } = settings
  if (outlier === null) return []
  const connect = connectMs(settings, rttMs)
  const connectionPool = {
    ...(connect === null ? {} : { tcp: { connectTimeout: `${connect}ms` } }),
    ...(requestsPerConnection === null ? {} : { http: { maxRequestsPerConnection: requestsPerConnection } }),
  }
  const [nearest] = targets
  return [{
    apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata: { name: host.name, namespace },
    spec: {
      host: fqdn(host.name, namespace),
      trafficPolicy: {
        ...(Object.keys(connectionPool).length === 0 ? {} : { connectionPool }),
        loadBalancer: { simple: 'ROUND_ROBIN', localityLbSetting: { enabled: true, ...(nearest === undefined ? {} : { failover: [{ from: region, to: nearest }] }) } },
        outlierDetection: {
          consecutive5xxErrors: outlier.consecutive5xxErrors, interval: `${outlier.intervalMs}ms`, baseEjectionTime: `${outlier.ejectionMs}ms`,
          ...(outlier.maxEjectionPercent === null ? {} : { maxEjectionPercent: outlier.maxEjectionPercent }),
        },
      },
    },
  }]
}

export function virtualService({ region, host, namespace, rttMs, settings }: RoutingRequest): MeshObject[] {
  const { retries } = settings
  if (retries === null) return []
  const destination = (port: number) => ({ route: [{ destination: { host: fqdn(host.name, namespace), port: { number: port } } }] })
  const http = host.services.filter(({ service }) => service.regions.includes(region)).flatMap(({ service, port }) => {
    const perTryMs = patienceMs(retries.perTryMs, service) + Math.ceil(triesRoundTrips * rttMs)
    const times = { attempts: retries.attempts, perTryTimeout: `${perTryMs}ms`, retryRemoteLocalities: true }
    const timeout = `${(retries.attempts + 1) * perTryMs}ms`
    return [
      // RFC 9110, 9.2.2: only these may be sent twice.
      { match: [{ port, method: { regex: idempotentMethods.join('|') } }], timeout, retries: { ...times, retryOn: '5xx,reset,connect-failure,refused-stream' }, ...destination(port) },
      { match: [{ port }], timeout, retries: { ...times, retryOn: 'connect-failure,refused-stream' }, ...destination(port) },
    ]
  })
  return [{
    apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: host.name, namespace },
    spec: { hosts: [fqdn(host.name, namespace)], http },
  }]
}

/** A service that is slow by nature is given ten times what it takes. */
function patienceMs(hangMs: number, { response: { latencyMs, jitterMs } }: Pick<Service, 'response'>): number {
  return Math.max(hangMs, Math.ceil(10 * (latencyMs + jitterMs)))
}

/** Envoy's time to connect holds TCP and TLS; null = Istio's 10 s. */
function connectMs({ connect }: IstioSettings, rttMs: number): number | null {
  return connect === null ? null : Math.min(connect.mostMs, connect.ms + Math.ceil(connect.perRoundTrip * rttMs))
}
