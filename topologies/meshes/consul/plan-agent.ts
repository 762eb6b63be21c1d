// The configuration of a region's one Consul server, as the JSON that `consul agent -config-file` reads. Field names:
// developer.hashicorp.com/consul/docs/agent/config/config-files.

import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'

export interface AgentPorts {
  http: number
  /** Plain: over TLS, Consul's bootstrap names an empty authority, which Envoy refuses. */
  grpc: number
  /** Peers dial this one. */
  grpcTls: number
  serfLan: number
  /** Raft and RPC. */
  server: number
}

export interface AgentConfig {
  datacenter: string
  node_name: string
  server: true
  bootstrap_expect: 1
  data_dir: string
  bind_addr: string
  client_addr: string
  /** -1 = off. */
  ports: { http: number; https: -1; grpc: number; grpc_tls: number; dns: -1; serf_lan: number; serf_wan: -1; server: number }
  connect: { enabled: true }
  peering: { enabled: true }
  /** Since 1.17: who has no intention is refused, peers included, with no access control lists. */
  default_intention_policy: 'deny'
  /** 1 = as fast as Raft elects; the default of 5 is for small machines. */
  performance: { raft_multiplier: 1 }
  disable_update_check: true
  disable_anonymous_signature: true
  telemetry: { disable_hostname: true; prometheus_retention_time: '0s' }
  ui_config: { enabled: false }
  /** A region that is stopped comes back with what it knew. */
  leave_on_terminate: false
  log_level: string
}

export function agentConfig(region: string, ports: AgentPorts, { host, dataDir, logLevel }: { host: string; dataDir: string; logLevel: string }): AgentConfig {
  return {
    datacenter: region, node_name: `${region}-server`,
    server: true, bootstrap_expect: 1, data_dir: dataDir, bind_addr: host, client_addr: host,
    ports: { http: ports.http, https: -1, grpc: ports.grpc, grpc_tls: ports.grpcTls, dns: -1, serf_lan: ports.serfLan, serf_wan: -1, server: ports.server },
    connect: { enabled: true }, peering: { enabled: true }, default_intention_policy: 'deny',
    performance: { raft_multiplier: 1 },
    disable_update_check: true, disable_anonymous_signature: true,
    telemetry: { disable_hostname: true, prometheus_retention_time: '0s' },
    ui_config: { enabled: false }, leave_on_terminate: false, log_level: logLevel,
  }
}

export function agentArguments(configFile: string): string[] {
  return ['agent', `-config-file=${configFile}`]
}

export function agentAddresses(host: string, { http, grpc, grpcTls }: AgentPorts): { http: SnapshotAddress; grpc: SnapshotAddress; grpcTls: SnapshotAddress } {
  return { http: { host, port: http }, grpc: { host, port: grpc }, grpcTls: { host, port: grpcTls } }
}
