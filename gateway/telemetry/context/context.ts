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
  /** Members that stood before `ot`; absent = none did. Whoever changes `ot` moves it to the front: see `withThreshold`. */
  otAt?: number
}

/** What came with a request. */
export interface Extracted {
  /** null: there is none, or what there is may not be used; the trace begins here. */
  context: TraceContext | null
  /** In which format context came; with `context` null it came broken, and the trace restarts. */
  format: 'w3c' | 'b3' | 'none'
  /** What of it is not used, and why, for a counter and the span; null = nothing was wrong. */
  problem: ContextProblem | null
  /** Of `baggage`, within the limits of W3C baggage; '' = none. */
  baggage: string
}

/**
 * What can be wrong, the gravest first. The first two restart the trace. Of a broken `tracestate` nothing is used, of a
 * broken `ot` only what is whole, of broken baggage nothing; of baggage over the limits what is within them.
 */
export const contextProblems = [
  'traceparent-malformed', 'b3-malformed', 'tracestate-malformed', 'tracestate-ot', 'baggage-malformed', 'baggage-limits',
] as const
export type ContextProblem = (typeof contextProblems)[number]
