// How a service's requests are moved when it fails: a TrafficSplit for linkerd-failover and a ServiceProfile, or annotations
// on the Service itself where it fails over nowhere.

import { idempotentMethods } from '../../../gateway/drivers/plan.ts'
import { topologyError } from '../../errors.ts'
import type { Service } from '../../topology.ts'
import type { MeshObject } from '../kubernetes-objects.ts'
import type { MeshHost } from '../kubernetes-hosts.ts'
import type { LinkerdSettings } from './plan-settings.ts'

const longestLabel = 63

export interface FailoverRequest {
  host: MeshHost
  namespace: string
  /** Nearest first. linkerd-failover takes all of them that are ready alike. */
  targets: readonly string[]
  /** Milliseconds there and back to the farthest of them. */
  rttMs: number
  settings: LinkerdSettings
}

/** What linkerd-multicluster calls the mirror of a service. Throws RGT_UNSUPPORTED when that is no DNS label. */
export function mirrorName(name: string, peer: string): string {
  const mirror = `${name}-${peer}`
  if (mirror.length > longestLabel) {
    throw topologyError('RGT_UNSUPPORTED', `service ${name} cannot be mirrored from ${peer}`, { expected: `names of service and region of ${longestLabel - 1} characters together`, found: mirror })
  }
  return mirror
}

export function trafficSplit({ host: { name }, namespace, targets }: FailoverRequest): MeshObject[] {
  if (targets.length === 0) return []
  return [{
    apiVersion: 'split.smi-spec.io/v1alpha2', kind: 'TrafficSplit',
    metadata: { name, namespace, labels: { 'failover.linkerd.io/controlled-by': 'linkerd-failover' }, annotations: { 'failover.linkerd.io/primary-service': name } },
    spec: { service: name, backends: [{ service: name, weight: 1 }, ...targets.map((peer) => ({ service: mirrorName(name, peer), weight: 0 }))] },
  }]
}

/** Named as Linkerd finds it: by the service's full name. The SMI extension writes the split into the same profile. */
export function serviceProfile(request: FailoverRequest): MeshObject[] {
  const { host, namespace, targets, settings: { requests } } = request
  if (targets.length === 0 || requests === null) return []
  const timeout = `${timeoutMs(request, requests.timeoutMs)}ms`
  const everything = { pathRegex: '/.*' }
  return [{
    apiVersion: 'linkerd.io/v1alpha2', kind: 'ServiceProfile', metadata: { name: `${host.name}.${namespace}.svc.cluster.local`, namespace },
    spec: {
      // RFC 9110, 9.2.2: only these may be sent twice. The timeout is of all tries together.
      routes: [
        ...idempotentMethods.map((method) => ({ name: method.toLowerCase(), condition: { all: [{ method }, everything] }, timeout, isRetryable: true })),
        { name: 'others', condition: everything, timeout },
      ],
      retryBudget: { retryRatio: requests.retryRatio, minRetriesPerSecond: requests.minRetriesPerSecond, ttl: `${requests.ttlMs}ms` },
    },
  }]
}

/** Of a Service that stays at home, where the mesh owns failover. linkerd.io, reference: Circuit breaking; Retries; Timeouts. */
export function serviceAnnotations(request: FailoverRequest): Record<string, string> {
  const { targets, settings: { accrual, requests } } = request
  if (targets.length > 0 || accrual === null || requests === null) return {}
  return {
    'balancer.linkerd.io/failure-accrual': 'consecutive',
    'balancer.linkerd.io/failure-accrual-consecutive-max-failures': String(accrual.maxFailures),
    'balancer.linkerd.io/failure-accrual-consecutive-min-penalty': `${accrual.minPenaltyMs}ms`,
    'balancer.linkerd.io/failure-accrual-consecutive-max-penalty': `${accrual.maxPenaltyMs}ms`,
    'timeout.linkerd.io/response': `${timeoutMs(request, requests.timeoutMs)}ms`,
  }
}

/** A service that is slow by nature is given ten times what it takes; two handshakes and the request itself cross the link. */
function timeoutMs({ host, rttMs }: FailoverRequest, hangMs: number): number {
  const patience = ({ response: { latencyMs, jitterMs } }: Service): number => Math.ceil(10 * (latencyMs + jitterMs))
  return Math.max(hangMs, ...host.services.map(({ service }) => patience(service))) + Math.ceil(3 * rttMs)
}
