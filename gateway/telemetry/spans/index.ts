// Tracing of one gateway, put together: contexts, samplers, ring and exporter.

export type { Tracing, RequestTrace, AttemptTrace, BeginningRequest, EndedAttempt, EndedRequest, TracedRoute, TracingCounts } from './tracing.ts'
export { promotionReasons, type SpanRecord, type ServerSpan, type ClientSpan, type KeepReason, type PromotionReason } from './span.ts'
export { createSpanDecoder } from './codec.ts'
export { createTracing, defaultRingBytes, type TracingOptions } from './open-tracing.ts'
