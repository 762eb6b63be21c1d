// What a request says about the trace that it belongs to, read once at the edge of the process: W3C trace context level 2,
// baggage, and B3 for those who come from it. Broken or hostile context restarts the trace, as the specification says.

/** Bits of the flags of `traceparent` (W3C trace context level 2, section 3.2.2.5). */
export const TraceFlag = { Sampled: 1, Random: 2 } as const

export interface TraceContext {
  /** 32 lower-case hex digits, not all nought. */
  traceId: string
  /** 16 lower-case hex digits: the span that the next one is a child of; '' when the trace begins here. */
  spanId: string
  /** `TraceFlag` bits. */
  flags: number
  /** Members of `tracestate` without `ot`, in their order, within the limits of the specification; '' = none. */
  tracestate: string
  /** The member `ot` (OpenTelemetry's): rejection threshold and explicit randomness, hex digits as on the wire; '' = absent. */
  threshold: string
  randomness: string
  /** Other sub-keys of `ot`, passed on as they came; '' = none. */
  otherOt: string
}

/** What came with a request. */
export interface Extracted {
  /** null: there is none, or what there is may not be used; the trace begins here. */
  context: TraceContext | null
  /** Where the context came from. */
  format: 'w3c' | 'b3' | 'none'
  /** Why context that was there is not used, for a counter and the span; null = nothing was wrong. */
  problem: string | null
  /** Of `baggage`, within the limits of W3C baggage; '' = none. */
  baggage: string
}
