// How an echo service behaves, as plain arithmetic: what it takes, when it fails, and what a degradation
// changes. Kept apart from sockets so that tests (and other substrates) ask the same questions of it.

export interface EchoBehaviour {
  /** Time to answer, milliseconds: latencyMs ± jitterMs, uniform, never below nought. */
  latencyMs: number
  jitterMs: number
  /** Size of the response body; never smaller than its fixed part. */
  bytes: number
  /** 0 to 1: share of requests answered 500. */
  errorRate: number
}

export interface Degradation { delayMs: number; errorRate: number }

/** `u` uniform in [0, 1). */
export function echoDelayMs(behaviour: EchoBehaviour, degradation: Degradation | null, u: number): number {
  const ownMs = behaviour.latencyMs + (2 * u - 1) * behaviour.jitterMs
  return Math.max(0, ownMs) + (degradation?.delayMs ?? 0)
}

/** A degradation's errors come on top of the service's own: both are missed with (1 - a)(1 - b). */
export function echoFails(behaviour: EchoBehaviour, degradation: Degradation | null, u: number): boolean {
  return u < 1 - (1 - behaviour.errorRate) * (1 - (degradation?.errorRate ?? 0))
}
