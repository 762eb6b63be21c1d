// Answers that the gateway makes itself: JSON, coded, with the reason in a header, so that people, load
// generators and the gateway at the other end of a link can tell them from a service's.

import type { GatewayErrorCode } from '../errors.ts'
import type { ServerStream } from '../protocols/adapter.ts'
import { reasonPhrases, type Problem } from '../protocols/problem.ts'
import type { FailReason } from '../routing/core.ts'
import type { RequestOutcome } from '../telemetry/metrics.ts'

export interface Answer { status: number; code: GatewayErrorCode; message: string; hint: string; outcome: RequestOutcome }

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

export const answerOf = (problem: Problem): Answer => ({ ...problem, outcome: 'client-error' })

/** Writes the whole answer. `own` holds further name/value pairs. */
export function writeAnswer(stream: ServerStream, answer: Answer, requestId: string, own: string[]): void {
  const { code, message, hint } = answer
  const body = Buffer.from(`${JSON.stringify({ code, message, hint, requestId })}\n`)
  own.push('content-type', 'application/json')
  stream.respond(answer.status, reasonPhrases[answer.status] ?? '', null, 0, own, body.length)
  stream.piece(body, 0, body.length)
  stream.end(null)
}
