// What became of a request, in the words of the history: from the response's status and reason, or from the
// error that the connection ended with; and what a gateway says of it in headers. Shared by the open-loop engine and the reader of k6's rows.

import { TraceFlag } from '../../../../gateway/telemetry/context/index.ts'
import type { RequestOutcome } from '../../../history.ts'

/** Reasons that a gateway gives in `x-regatta-reason` when it answers by itself. */
const reasons: Record<string, RequestOutcome> = {
  RGT_RESIDENCY: 'residency',
  RGT_ACCESS_DENIED: 'access-denied',
  RGT_CALLER_UNKNOWN: 'access-denied',
  RGT_NO_HEALTHY_TARGET: 'no-healthy-target',
  RGT_NO_ROUTE: 'no-route',
  RGT_DRAINING: 'shed',
  RGT_CAPACITY: 'shed',
}

/** `reason` is '' when the response carried none. A reason not listed counts by its status. */
export function outcomeOfResponse(status: number, reason: string): RequestOutcome {
  const named = reasons[reason]
  if (named !== undefined && status >= 400) return named
  if (status >= 500) return '5xx'
  if (status === 429) return 'shed'
  return status >= 400 ? 'client-error' : 'ok'
}

/**
 * `code` of a Node or undici error. What is not listed ended the connection without a whole answer, in a way
 * that neither side named: 'closed'.
 */
export function outcomeOfError(code: string): RequestOutcome {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset'
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'timeout'
    case 'UND_ERR_INVALID_ARG':
      return 'client-error'
    default:
      return 'closed'
  }
}

/** `decision;dur=0.0123` of a Server-Timing header (milliseconds) in nanoseconds; 0 when it is not there. */
export function decisionNsOf(serverTiming: string): number {
  const found = /(?:^|,)\s*decision\s*;(?:[^,]*;)?\s*dur=([0-9.]+(?:e-?[0-9]+)?)/i.exec(serverTiming)
  const durationMs = found === null ? Number.NaN : Number(found[1])
  return Number.isFinite(durationMs) ? Math.round(durationMs * 1e6) : 0
}

/** Whether `x-regatta-trace` (`TRACE-ID-FLAGS`) says that the head of the trace was sampled; false when it is not there. */
export function sampledOf(trace: string): boolean {
  return /^[0-9a-f]{32}-[0-9a-f]{2}$/.test(trace) && (Number.parseInt(trace.slice(33), 16) & TraceFlag.Sampled) !== 0
}
