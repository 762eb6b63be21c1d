// Answers that the gateway makes itself: JSON, coded, with the reason in a header, so that people, load
// generators and the gateway at the other end of a link can tell them from a service's.

import type { GatewayErrorCode } from '../errors.ts'
import type { ServerStream } from '../protocols/adapter.ts'
import { reasonPhrases, type Problem } from '../protocols/problem.ts'
import type { Caller } from '../security/access-gate.ts'
import type { FailReason } from '../routing/core.ts'
import type { RequestOutcome } from '../telemetry/metrics.ts'
import type { Routed } from './pipeline.ts'

export interface Answer {
  status: number
  code: GatewayErrorCode
  message: string
  hint: string
  outcome: RequestOutcome
  /** Further members of the body: what this very request was about. */
  details?: Record<string, unknown>
}

export const failAnswers: Record<FailReason, Answer> = {
  residency: {
    status: 503, code: 'RGT_RESIDENCY', message: 'residency allows no region that could serve the request', outcome: 'residency',
    hint: 'the regions that may serve it are down or do not run the service; it is never sent elsewhere',
  },
  'no-healthy-target': {
    status: 503, code: 'RGT_NO_HEALTHY_TARGET', message: 'every allowed target is unhealthy', outcome: 'no-healthy-target',
    hint: 'look at /status of the gateway for the state of its targets',
  },
  'upstream-timeout': {
    status: 504, code: 'RGT_UPSTREAM_TIMEOUT', message: 'no upstream answered in time', outcome: 'upstream-timeout',
    hint: 'the timeouts of the route end it; x-regatta-attempts says how often it was tried',
  },
  'upstream-failed': {
    status: 502, code: 'RGT_UPSTREAM_FAILED', message: 'the upstream failed and the request may not be sent again', outcome: 'upstream-failed',
    hint: 'idempotent requests with small bodies are sent again by themselves',
  },
  capacity: {
    status: 503, code: 'RGT_CAPACITY', message: 'more requests are in flight than the gateway admits', outcome: 'capacity',
    hint: 'send fewer at once',
  },
}

export const noRoute: Answer = {
  status: 404, code: 'RGT_NO_ROUTE', message: 'no route matches the request', outcome: 'no-route',
  hint: 'host, path, method, headers and query are matched by the rules of HTTPRoute',
}

export const notReady: Answer = {
  status: 503, code: 'RGT_NOT_READY', message: 'no snapshot has been applied yet', outcome: 'no-healthy-target',
  hint: 'the gateway waits for its control plane and found no last good snapshot',
}

export const noBackend: Answer = {
  status: 500, code: 'RGT_NO_HEALTHY_TARGET', message: 'the route has no backend', outcome: 'server-error',
  hint: 'give the rule a backendRef with a weight above nought',
}

export const accessDeniedCode = 'RGT_ACCESS_DENIED' satisfies GatewayErrorCode

/** The answer to a request that an access policy refuses. The path is the one that the service would have got. */
export function accessDenied(routed: Routed, method: string, caller: Caller): Answer {
  const { service, access } = routed.backend
  return {
    status: 403, code: accessDeniedCode, outcome: 'access-denied',
    message: `${caller.name} may not call ${service} with ${method} ${routed.path}`,
    hint: caller.principal === null
      ? 'the identity is that of no service here: the bootstrap of the gateway says which ones are'
      : 'the rules of the AccessPolicies that are named allow it, or nobody; a path that can be read in two ways is allowed to nobody',
    details: { service, method, path: routed.path, principal: caller.principal, identity: caller.name, policies: access!.access.policies },
  }
}

/** Without an identity nobody comes in from the mesh, whether the service is guarded or not. */
export function callerUnknown(why: string): Answer {
  return {
    status: 403, code: 'RGT_CALLER_UNKNOWN', message: why, outcome: 'access-denied',
    hint: 'only the sidecar of the gateway may call this listener, and it must forward the client certificate',
  }
}

export const answerOf = (problem: Problem): Answer => ({ ...problem, outcome: 'client-error' })

/** Writes the whole answer. `own` holds further name/value pairs. */
export function writeAnswer(stream: ServerStream, answer: Answer, requestId: string, own: string[]): void {
  const { code, message, hint, details } = answer
  const body = Buffer.from(`${JSON.stringify({ code, message, hint, requestId, ...details })}\n`)
  own.push('content-type', 'application/json')
  stream.respond(answer.status, reasonPhrases[answer.status] ?? '', null, 0, own, body.length)
  stream.piece(body, 0, body.length)
  stream.end(null)
}
