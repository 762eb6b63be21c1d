// Where kept spans of a simulated gateway go: they leave its core in the batches that a real gateway hands to its exporter,
// and arrive at once. No octets are counted, because nothing is sent.

import { createSpanDecoder } from '../../../gateway/telemetry/spans/index.ts'
import { parseThreshold, probabilityOf } from '../../../gateway/telemetry/sampling/index.ts'
import type { KeptSpan, SpanExporter } from '../../../gateway/telemetry/export/exporter.ts'
import type { SpanRow } from '../../history.ts'

/** `process`: who sends them. `write` null: they are counted. */
export function spanSink(process: string, write: ((row: SpanRow) => void) | null): SpanExporter {
  const decoder = createSpanDecoder()
  const counts = { queued: 0, sent: 0, sentBytes: 0, shed: 0, failed: 0 }
  return {
    counts,
    export(batch) {
      counts.sent += batch.spans
      if (write !== null) for (const span of decoder.decode(batch)) write(rowOf(process, span))
      return true
    },
    async close() {},
  }
}

function rowOf(process: string, span: KeptSpan): SpanRow {
  const { traceId, spanId, parentSpanId, kind, method, requestId, route, service, region, status, outcome, kept, threshold } = span
  const isHead = kept === 'policy' || kept === 'anomaly'
  return {
    traceId, spanId, parentSpanId, process, kind, requestId, route, service, region, status, outcome, kept,
    // As gateways name their spans (export/otlp-span.ts).
    name: kind === 'server' && route !== '' ? `${method} ${route}` : method,
    startUs: Math.round(span.startUs), durationUs: Math.round(span.durationUs),
    target: kind === 'client' ? span.target : '', attempt: kind === 'client' ? span.attempt : 0,
    adjustedCount: isHead ? standsFor(threshold) : 0,
  }
}

/** Requests that a span stands for, by the threshold of its head; '' = every request was kept. */
function standsFor(threshold: string): number {
  const parsed = threshold === '' ? 0 : parseThreshold(threshold)
  return parsed === null ? 1 : 1 / probabilityOf(parsed)
}
