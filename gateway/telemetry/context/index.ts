// Trace context: what comes with a request, what goes out with an attempt. Pure functions; nothing here throws.
//
//   carrier ──extract──► TraceContext ──(sampling: withThreshold)──► inject ──► carrier

export { TraceFlag, contextProblems, type ContextProblem, type Extracted, type TraceContext } from './context.ts'
export { traceFields, type CarriedFields, type TraceCarrier } from './carrier.ts'
export { extract, type ExtractOptions } from './extract.ts'
export { inject, traceparentOf, tracestateOf, withThreshold } from './inject.ts'
export { newSpanId, newTraceId, randomnessOf, traceIdRandomness } from './ids.ts'
export { maxBaggageBytes, maxBaggageMembers } from './baggage.ts'
