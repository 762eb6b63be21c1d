// What a region's agent is told of: service instances with their sidecars, the gateway's sidecar, the mesh gateway; each
// a body of PUT /v1/agent/service/register (developer.hashicorp.com/consul/api-docs/agent/service).

import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { serviceHealthPath } from '../access.ts'
import { gatewayName, meshGatewayName } from './plan-names.ts'
import { goDuration, type ConsulSettings } from './plan-settings.ts'

export interface Check {
  Name: string
  HTTP?: string
  TCP?: string
  AliasService?: string
  Interval?: string
  Timeout?: string
  /** Without it a check begins critical, and its service is not there until the first result. */
  Status: 'passing'
  FailuresBeforeCritical?: number
  SuccessBeforePassing?: number
}

export interface Upstream { DestinationName: string; LocalBindAddress: string; LocalBindPort: number }

export interface SidecarRegistration {
  Port: number
  Checks: Check[]
  Proxy: {
    LocalServiceAddress: string
    Upstreams?: Upstream[]
    /** agent/xds/config of Consul: ProxyConfig. */
    Config?: { local_request_timeout_ms?: number; local_connect_timeout_ms?: number }
  }
}

export interface ServiceRegistration {
  ID: string
  Name: string
  Kind?: 'mesh-gateway'
  Address: string
  Port: number
  TaggedAddresses?: { lan: TaggedAddress; wan: TaggedAddress }
  Checks: Check[]
  Connect?: { SidecarService: SidecarRegistration }
  /** Of a mesh gateway. agent/xds/config of Consul: GatewayConfig. */
  Proxy?: { Config: { connect_timeout_ms?: number } }
}

export interface TaggedAddress { Address: string; Port: number }

export function instanceRegistration(instance: { name: string; replica: number; at: SnapshotAddress; sidecarPort: number; patienceMs: number | null }, settings: ConsulSettings): ServiceRegistration {
  const { name, replica, at, sidecarPort, patienceMs } = instance
  const id = `${name}-${replica}`
  return {
    ID: id, Name: name, Address: at.host, Port: at.port,
    Checks: [{ Name: 'service', HTTP: `http://${at.host}:${at.port}${serviceHealthPath}`, ...timing(settings) }],
    Connect: {
      SidecarService: {
        Port: sidecarPort, Checks: sidecarChecks(id, at.host, sidecarPort, settings),
        Proxy: {
          LocalServiceAddress: at.host,
          ...(patienceMs === null ? {} : { Config: { local_request_timeout_ms: patienceMs, ...(settings.connectTimeoutMs === null ? {} : { local_connect_timeout_ms: settings.connectTimeoutMs }) } }),
        },
      },
    },
  }
}

export function gatewayRegistration(gateway: { at: SnapshotAddress; sidecarPort: number; upstreams: ReadonlyMap<string, SnapshotAddress> }, settings: ConsulSettings): ServiceRegistration {
  const { at, sidecarPort, upstreams } = gateway
  return {
    ID: gatewayName, Name: gatewayName, Address: at.host, Port: at.port, Checks: [],
    Connect: {
      SidecarService: {
        Port: sidecarPort, Checks: sidecarChecks(gatewayName, at.host, sidecarPort, settings),
        Proxy: {
          LocalServiceAddress: at.host,
          Upstreams: [...upstreams].map(([name, { host, port }]) => ({ DestinationName: name, LocalBindAddress: host, LocalBindPort: port })),
        },
      },
    },
  }
}

/** `wan` is what peers are told: a host name, which each of them resolves to its own way here. */
export function meshGatewayRegistration({ at, wan, connectMs }: { at: SnapshotAddress; wan: SnapshotAddress; connectMs: number | null }, settings: ConsulSettings): ServiceRegistration {
  return {
    ID: meshGatewayName, Name: meshGatewayName, Kind: 'mesh-gateway', Address: at.host, Port: at.port,
    TaggedAddresses: { lan: { Address: at.host, Port: at.port }, wan: { Address: wan.host, Port: wan.port } },
    Checks: [{ Name: 'mesh gateway', TCP: `${at.host}:${at.port}`, ...timing(settings) }],
    ...(connectMs === null ? {} : { Proxy: { Config: { connect_timeout_ms: connectMs } } }),
  }
}

/** The same two that Consul gives a sidecar by itself, but that they begin well. */
function sidecarChecks(id: string, host: string, port: number, settings: ConsulSettings): Check[] {
  return [
    { Name: 'sidecar', TCP: `${host}:${port}`, ...timing(settings) },
    { Name: 'its service', AliasService: id, Status: 'passing' },
  ]
}

function timing({ check }: ConsulSettings): Omit<Check, 'Name'> {
  return {
    Interval: goDuration(check.intervalMs), Timeout: goDuration(check.timeoutMs), Status: 'passing',
    ...(check.failuresBeforeCritical === null ? {} : { FailuresBeforeCritical: check.failuresBeforeCritical }),
    ...(check.successBeforePassing === null ? {} : { SuccessBeforePassing: check.successBeforePassing }),
  }
}
