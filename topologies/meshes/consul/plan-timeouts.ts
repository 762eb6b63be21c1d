// How long each hop of the mesh waits, milliseconds; null leaves Consul's own default in place. Links are long: what is
// enough inside a region would fail every connection to the far side of the world.

import type { Service } from '../../topology.ts'
import type { ConsulSettings } from './plan-settings.ts'

/** A service that is slow by nature is given ten times what it takes. */
export function patienceMs({ requestTimeoutMs }: ConsulSettings, { response: { latencyMs, jitterMs } }: Pick<Service, 'response'>): number | null {
  return requestTimeoutMs === null ? null : Math.max(requestTimeoutMs, Math.ceil(10 * (latencyMs + jitterMs)))
}

/** Three round trips to the farthest target: TCP, and two of TLS 1.2 (RFC 5246, 7.3), because Envoy's time to connect holds both. */
export function connectMs({ connectTimeoutMs }: ConsulSettings, rttsMs: readonly number[]): number | null {
  return connectTimeoutMs === null ? null : connectTimeoutMs + Math.ceil(3 * Math.max(0, ...rttsMs))
}

/** Of a whole request, retries included: Consul's router has no timeout a try. */
export function routeMs(settings: ConsulSettings, service: Pick<Service, 'response'>, rttsMs: readonly number[]): number | null {
  const [patience, connect] = [patienceMs(settings, service), connectMs(settings, rttsMs)]
  if (settings.maxAttempts === null || patience === null || connect === null) return null
  return settings.maxAttempts * (patience + connect + Math.ceil(Math.max(0, ...rttsMs)))
}
