// The configuration entries of one region: who may call what, who is told of what, where to turn when a service fails.
// Each is a body of PUT /v1/config (developer.hashicorp.com/consul/docs/connect/config-entries). Trace context needs no
// entry: with no tracing provider, Envoy passes `traceparent` and `tracestate` on as they are.

import { idempotentMethods } from '../../../gateway/drivers/plan.ts'
import type { Service, Topology } from '../../topology.ts'
import type { GuardedServices } from '../access.ts'
import { sourcesOf, type IntentionSource } from './plan-access.ts'
import { gatewayName } from './plan-names.ts'
import type { Reach } from '../reach.ts'
import { goDuration, type ConsulSettings } from './plan-settings.ts'
import { connectMs, routeMs } from './plan-timeouts.ts'

export interface ProxyDefaults { Kind: 'proxy-defaults'; Name: 'global'; Config: { protocol: 'http' }; MeshGateway: { Mode: 'local' }; MutualTLSMode: 'strict' }

export interface PassiveHealthCheck { Interval: string; MaxFailures: number; EnforcingConsecutive5xx: number; MaxEjectionPercent: number; BaseEjectionTime: string }

export interface UpstreamOverride { Name: string; Peer?: string; ConnectTimeoutMs?: number; PassiveHealthCheck?: PassiveHealthCheck }

export interface ServiceDefaults { Kind: 'service-defaults'; Name: string; Protocol: 'http'; UpstreamConfig?: { Overrides: UpstreamOverride[] } }

export interface ServiceRouter { Kind: 'service-router'; Name: string; Routes: ServiceRoute[] }

export interface ServiceRoute {
  Match: { HTTP: { PathPrefix: '/'; Methods?: string[] } }
  Destination: { RequestTimeout?: string; NumRetries: number; RetryOn: string[] }
}

/** Either `Failover` or `Redirect`, never both: Consul refuses the pair. Targets are tried in their order. */
export interface ServiceResolver { Kind: 'service-resolver'; Name: string; Failover: { '*': { Targets: { Peer: string }[] } } }

export interface ExportedServices { Kind: 'exported-services'; Name: 'default'; Services: { Name: string; Consumers: { Peer: string }[] }[] }

export interface ServiceIntentions { Kind: 'service-intentions'; Name: string; Sources: IntentionSource[] }

export type ConfigEntry = ProxyDefaults | ServiceDefaults | ServiceRouter | ServiceResolver | ExportedServices | ServiceIntentions

export interface RegionEntries {
  /** In this order, before anything else: protocols come before what needs them. */
  first: ConfigEntry[]
  /** Once the peerings are active: these name peers. */
  oncePeered: ConfigEntry[]
  /** Once the peers' services are imported: until a target is known, Envoy is told of no way to the service at all. */
  onceImported: ServiceResolver[]
}

export interface EntriesRequest { topology: Topology; names: ReadonlyMap<string, string>; reach: Reach; settings: ConsulSettings; access: GuardedServices }

export function regionEntries(region: string, { topology, names, reach, settings, access }: EntriesRequest): RegionEntries {
  const here = topology.services.filter(({ regions }) => regions.includes(region)).map((service) => ({
    service, name: names.get(service.name)!, targets: reach.failoverTargets(region, service), callers: reach.callers(region, service),
    sources: sourcesOf(access.get(service.name), names),
  }))
  const rttsMs = (targets: readonly string[]): number[] => targets.map((target) => reach.rttMs(region, target))

  const exported = here.filter(({ callers }) => callers.length > 0)
  return {
    first: [
      { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' }, MeshGateway: { Mode: 'local' }, MutualTLSMode: 'strict' },
      ...here.map(({ name }): ServiceDefaults => ({ Kind: 'service-defaults', Name: name, Protocol: 'http' })),
      gatewayDefaults(here.flatMap(({ name, targets }) => [
        override({ Name: name }, rttsMs(targets), settings),
        ...targets.map((Peer) => override({ Name: name, Peer }, rttsMs([Peer]), settings)),
      ]).filter((one) => one !== null)),
      ...here.flatMap(({ service, name, targets }) => targets.length === 0 ? [] : router(name, service, rttsMs(targets), settings)),
      // Peers have intentions of their own below; until then only the region's own workloads may call.
      ...here.flatMap(({ service, name, sources }) => reach.serves(region, service) ? intentions(name, sources, []) : []),
    ],
    oncePeered: [
      ...(exported.length === 0 ? [] : [{
        Kind: 'exported-services' as const, Name: 'default' as const,
        Services: exported.map(({ name, callers }) => ({ Name: name, Consumers: callers.map((Peer) => ({ Peer })) })),
      }]),
      ...exported.flatMap(({ name, sources, callers }) => intentions(name, sources, callers)),
    ],
    onceImported: here.flatMap(({ name, targets }): ServiceResolver[] => targets.length === 0 ? []
      : [{ Kind: 'service-resolver', Name: name, Failover: { '*': { Targets: targets.map((Peer) => ({ Peer })) } } }]),
  }
}

/** The same for callers of every peer as for the region's own; whoever is not named is refused by the agent's default. */
function intentions(name: string, sources: readonly IntentionSource[], peers: readonly string[]): ServiceIntentions[] {
  if (sources.length === 0) return []
  return [{ Kind: 'service-intentions', Name: name, Sources: [...sources, ...peers.flatMap((Peer) => sources.map((source) => ({ ...source, Peer })))] }]
}

function gatewayDefaults(overrides: UpstreamOverride[]): ServiceDefaults {
  return { Kind: 'service-defaults', Name: gatewayName, Protocol: 'http', ...(overrides.length === 0 ? {} : { UpstreamConfig: { Overrides: overrides } }) }
}

/** null when the settings leave everything to Consul. Consul's Interval is Envoy's sweep, which brings hosts back, too. */
function override(upstream: UpstreamOverride, rttsMs: readonly number[], settings: ConsulSettings): UpstreamOverride | null {
  const connect = connectMs(settings, rttsMs)
  const { passive } = settings
  if (connect === null && passive === null) return null
  return {
    ...upstream,
    ...(connect === null ? {} : { ConnectTimeoutMs: connect }),
    ...(passive === null ? {} : {
      PassiveHealthCheck: {
        Interval: goDuration(passive.intervalMs), MaxFailures: passive.maxFailures, EnforcingConsecutive5xx: 100,
        MaxEjectionPercent: passive.maxEjectionPercent, BaseEjectionTime: goDuration(passive.ejectionMs),
      },
    }),
  }
}

/** Retries, where the mesh owns failover: where the gateway does, it is the gateway that tries again. */
function router(name: string, service: Service, rttsMs: readonly number[], settings: ConsulSettings): ServiceRouter[] {
  if (settings.maxAttempts === null) return []
  const timeout = routeMs(settings, service, rttsMs)
  const destination = { ...(timeout === null ? {} : { RequestTimeout: goDuration(timeout) }), NumRetries: settings.maxAttempts - 1 }
  return [{
    Kind: 'service-router', Name: name,
    Routes: [
      // RFC 9110, 9.2.2: only these may be sent twice.
      { Match: { HTTP: { PathPrefix: '/', Methods: [...idempotentMethods] } }, Destination: { ...destination, RetryOn: ['5xx', 'reset', 'connect-failure', 'gateway-error'] } },
      { Match: { HTTP: { PathPrefix: '/' } }, Destination: { ...destination, RetryOn: ['connect-failure', 'refused-stream'] } },
    ],
  }]
}
