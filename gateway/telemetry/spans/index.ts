// Tracing of one gateway, put together: contexts, samplers, ring and exporter.

export type { Tracing, RequestTrace, AttemptTrace, BeginningRequest, EndedAttempt, EndedRequest, TracedRoute, TracingCounts } from './tracing.ts'
export type { SpanRecord, ServerSpan, ClientSpan, KeepReason, PromotionReason } from './span.ts'
export { createSpanDecoder } from './codec.ts'
export { createTracing, defaultRingBytes, type TracingOptions } from './open-tracing.ts'
