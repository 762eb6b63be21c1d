// The port between recording and exporting. Spans leave the hot path as bytes, in batches whose buffers are handed over; a
// thread of its own turns them into OTLP by OpenTelemetry's exporters. Whatever the collector does, no request waits for it.

import type { KeepReason, SpanRecord } from '../spans/span.ts'

export interface SpanExporter {
  /** Hands a batch over; its buffer may not be touched afterwards. False: the queue is full, and the batch is shed and counted. */
  export(batch: SpanBatch): boolean
  readonly counts: ExportCounts
  /** Sends what is queued, for at most `timeoutMs`; what is left is shed. */
  close(timeoutMs: number): Promise<void>
}

/** Encoded by `spans/codec.ts`. */
export interface SpanBatch {
  spans: number
  bytes: ArrayBuffer
  /** Names that spans of this batch refer to by number and that no earlier batch has brought. */
  names: readonly (readonly [number, string])[]
}

/** A span as it comes out of a batch: with why its trace is kept, which is known only when it leaves the ring. */
export type KeptSpan = SpanRecord & { kept: KeepReason }

/** `createSpanDecoder()` of `spans/codec.ts`. One for all batches of an exporter, in their order, because names are told once. */
export interface SpanDecoder {
  /** Throws when the bytes are no batch. */
  decode(batch: SpanBatch): KeptSpan[]
}

/** Since the start; spans. */
export interface ExportCounts {
  queued: number
  sent: number
  /** Octets written to the collector, framing and what was sent again included. */
  sentBytes: number
  /** For want of room in the queue. */
  shed: number
  /** Refused by the collector, or not answered in time. */
  failed: number
}

/** Where spans go, as a gateway's bootstrap says it. */
export interface OtlpTarget {
  protocol: 'http/protobuf' | 'grpc'
  host: string
  port: number
}
