// The Envoys of the mesh: which run, how `consul connect envoy` is asked for their bootstraps, and what is added to
// them that Consul has no field for.

import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'

export interface EnvoyPlan {
  /** Of the proxy's registration. */
  id: string
  region: string
  /** `service`: beside an instance; `gateway`: beside the region's gateway; `mesh-gateway`: on the way to other regions. */
  kind: 'service' | 'gateway' | 'mesh-gateway'
  admin: SnapshotAddress
  /** Arguments of `consul` that print its bootstrap. */
  bootstrapArguments: string[]
}

/** Consul's own command for a bootstrap; it starts nothing. */
export function bootstrapArguments({ id, kind, admin }: Omit<EnvoyPlan, 'bootstrapArguments'>, http: SnapshotAddress, grpc: SnapshotAddress): string[] {
  return [
    'connect', 'envoy', '-bootstrap',
    // A mesh gateway is a service of its own; the others are registered as `ID-sidecar-proxy`.
    ...(kind === 'mesh-gateway' ? ['-gateway=mesh'] : []), `-proxy-id=${id}`,
    `-http-addr=http://${hostPort(http)}`, `-grpc-addr=http://${hostPort(grpc)}`, `-admin-bind=${hostPort(admin)}`,
  ]
}

/** Without `--disable-hot-restart` an Envoy ends with the shell that started it, and two of them share memory by number. */
export function envoyArguments(bootstrapFile: string): string[] {
  return ['-c', bootstrapFile, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning']
}

export function hostPort({ host, port }: SnapshotAddress): string {
  return `${host}:${port}`
}

/** Of envoy.config.bootstrap.v3.Bootstrap (JSON of proto3) what is read or added here; all else passes through. */
export interface EnvoyBootstrap {
  layered_runtime?: { layers?: RuntimeLayer[] }
  typed_dns_resolver_config?: unknown
  [field: string]: unknown
}

interface RuntimeLayer { name: string; admin_layer?: object; [kind: string]: unknown }

export interface BootstrapPatch {
  /** Above null an admin layer is added, through which `/runtime_modify` takes `retryRuntime`. */
  maxRetries: number | null
  /** Who answers Envoy's DNS questions, and nobody else. */
  resolver: SnapshotAddress
}

/**
 * A bootstrap with an admin layer, last so that it wins (envoy.config.bootstrap.v3.LayeredRuntime; there may be but one),
 * and the resolver (envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig) of every cluster that has none
 * of its own. `filter_unroutable_families` stays off, or a machine with nothing but loopback finds no address routable.
 */
export function patchBootstrap(bootstrap: EnvoyBootstrap, { maxRetries, resolver }: BootstrapPatch): EnvoyBootstrap {
  const layers = bootstrap.layered_runtime?.layers ?? []
  const hasAdminLayer = layers.some(({ admin_layer: layer }) => layer !== undefined)
  return {
    ...bootstrap,
    ...(maxRetries === null || hasAdminLayer ? {} : { layered_runtime: { ...bootstrap.layered_runtime, layers: [...layers, { name: 'admin', admin_layer: {} }] } }),
    typed_dns_resolver_config: {
      name: 'envoy.network.dns_resolver.cares',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
        resolvers: [{ socket_address: { protocol: 'UDP', address: resolver.host, port_value: resolver.port } }],
        use_resolvers_as_fallback: false, filter_unroutable_families: false,
        dns_resolver_options: { use_tcp_for_dns_lookups: false, no_default_search_domain: true },
      },
    },
  }
}

/**
 * Parameters of POST /runtime_modify that lift the circuit breaker of retries of clusters, by names as `/clusters` lists
 * them. The key holds the name of the cluster, and there is none for all (Envoy, Cluster circuit breakers, Runtime).
 */
export function retryRuntime(clusters: Iterable<string>, maxRetries: number): Record<string, string> {
  return Object.fromEntries([...clusters].map((name) => [`circuit_breakers.${name}.default.max_retries`, String(maxRetries)]))
}
