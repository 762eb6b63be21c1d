// How an echo service behaves, as plain arithmetic: what it takes, when it fails, and what a degradation changes.
// Every substrate asks here, so that a service means the same on sockets and in simulation.

import { normalQuantile } from './normal-quantile.ts'

/**
 * How service times spread. uniform: latency ± jitter. exponential: mean = latency, no jitter (what a queue with
 * random work shows). lognormal: median = latency and 84 of 100 answer within latency + jitter, that is sigma =
 * ln(1 + jitter / latency); the long right tail that measured service times have.
 */
export const serviceDistributions = ['uniform', 'exponential', 'lognormal'] as const
export type ServiceDistribution = (typeof serviceDistributions)[number]

/**
 * What a service makes of the trace context that it gets. continue: its spans are part of the trace. drop: it begins a trace
 * of its own with each request, as one does whose library does not know the context, and the trace ends before it.
 */
export const traceConducts = ['continue', 'drop'] as const
export type TraceConduct = (typeof traceConducts)[number]

export interface EchoBehaviour {
  /** Time to answer, milliseconds; never below nought. */
  latencyMs: number
  jitterMs: number
  distribution: ServiceDistribution
  /**
   * Requests that one replica works on at once; null = all. The others wait and are begun in the order of their
   * arrival; one whose client has gone meanwhile is passed over. A degradation's delay is work too.
   */
  concurrency: number | null
  /** Size of the response body; never smaller than its fixed part. */
  bytes: number
  /** 0 to 1: share of requests answered 500. */
  errorRate: number
  /** Absent = continue. */
  trace?: TraceConduct
}

export interface Degradation { delayMs: number; errorRate: number }

/** What a request takes once it is worked on, by inversion: `u` uniform in [0, 1), the greater the slower. */
export function echoDelayMs(behaviour: EchoBehaviour, degradation: Degradation | null, u: number): number {
  return ownDelayMs(behaviour, u) + (degradation === null ? 0 : degradation.delayMs)
}

function ownDelayMs({ latencyMs, jitterMs, distribution }: EchoBehaviour, u: number): number {
  switch (distribution) {
    case 'uniform': return Math.max(0, latencyMs + (2 * u - 1) * jitterMs)
    case 'exponential': return -Math.log(1 - u) * latencyMs
    // latency · exp(sigma · z) with exp(sigma) = 1 + jitter / latency.
    case 'lognormal': return latencyMs * (1 + jitterMs / latencyMs) ** normalQuantile(u)
  }
}

/** A degradation's errors come on top of the service's own: both are missed with (1 - a)(1 - b). */
export function echoFails(behaviour: EchoBehaviour, degradation: Degradation | null, u: number): boolean {
  return u < 1 - (1 - behaviour.errorRate) * (1 - (degradation?.errorRate ?? 0))
}
