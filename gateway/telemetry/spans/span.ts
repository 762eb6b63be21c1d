// A span as the gateway records it: fixed fields, because each costs on the hot path. Names follow OpenTelemetry's semantic
// conventions only where the span leaves the process (export/); here they are the project's own.

import type { AttemptOutcome, AttemptRecord } from '../../ports.ts'
import type { RequestOutcome } from '../metrics.ts'

/**
 * Why a trace is kept. policy: its head was sampled; anomaly: sampled only because an anomaly had raised the rate; the others
 * promote a trace whose head was not: an answer of 5xx or a failed request, a request over the policy's `slow`, one that was
 * sent again or hedged, one that was shed.
 */
export const keepReasons = ['policy', 'anomaly', 'error', 'slow', 'failover', 'shed'] as const
export type KeepReason = (typeof keepReasons)[number]
/** Those for which a trace is kept after the fact. */
export const promotionReasons = ['error', 'slow', 'failover', 'shed'] as const
export type PromotionReason = (typeof promotionReasons)[number]

interface SpanCommon {
  traceId: string
  spanId: string
  /** '' = the trace begins with this span. */
  parentSpanId: string
  /** W3C trace flags, the sampled bit as it was decided at the head. */
  flags: number
  /** Threshold of consistent probability sampling, hex digits; '' = none is known (1 of 1, or promoted). */
  threshold: string
  /** The process's monotonic clock. */
  startUs: number
  durationUs: number
  requestId: string
  /** `namespace/route/rule`; '' = none matched. */
  route: string
  service: string
  /** Region that answered (server), or that was asked (client); '' = none. */
  region: string
  method: string
  protocol: string
  /** HTTP status; 0 = no response head. */
  status: number
}

/** The request as this gateway served it. */
export interface ServerSpan extends SpanCommon {
  kind: 'server'
  /** Without query; cut at 256 bytes. */
  path: string
  host: string
  /** Came over a link, from another gateway. */
  fromPeer: boolean
  /** '' unless context came with the request and could not be used. */
  contextProblem: string
  attempts: number
  decisionNs: number
  outcome: RequestOutcome
}

/** One attempt upstream. */
export interface ClientSpan extends SpanCommon {
  kind: 'client'
  target: string
  isLink: boolean
  attempt: number
  reason: AttemptRecord['reason']
  outcome: AttemptOutcome
}

export type SpanRecord = ServerSpan | ClientSpan
