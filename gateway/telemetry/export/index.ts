// Exporting of spans: what the gateway opens, and the names of our own attributes for those who read them back.

export { openExporter, type ExporterOptions } from './open-exporter.ts'
export { attribute } from './attributes.ts'
export type { ExportCounts, KeptSpan, OtlpTarget, SpanBatch, SpanDecoder, SpanExporter } from './exporter.ts'
