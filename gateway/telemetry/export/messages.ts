// What the thread of the data plane and the thread that exports tell each other.

import type { OtlpTarget, SpanBatch } from './exporter.ts'

export interface SenderSettings {
  target: OtlpTarget
  /** `service.instance.id`, as sources of events are written: `edge/frankfurt`. */
  process: string
  /** `cloud.region`; null for an edge. */
  region: string | null
  /** For one request to the collector, what is sent again included. */
  timeoutMs: number
  /** Spans of one request at most. */
  spansPerRequest: number
}

/** `end`: send what is queued, then say `ended`. */
export type ToSender = { kind: 'batch'; batch: SpanBatch } | { kind: 'end' }

export type FromSender =
  /** Spans that the collector took, or did not and why. `octets` were written to it since the last message. */
  | { kind: 'settled'; spans: number; batchOctets: number; octets: number; problem: string | null }
  | { kind: 'ended' }
