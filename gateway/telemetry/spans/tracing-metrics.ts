// What /metrics tells of tracing, read from its counters at the moment of the scrape.

import type { ExportCounts } from '../export/exporter.ts'
import type { TracingCounts } from './tracing.ts'

/** null: nothing is traced here. */
export type TracingReading = { counts: TracingCounts; exported: ExportCounts } | null

export interface TracingMetric {
  name: string
  type: 'counter' | 'gauge'
  help: string
  /** The one label that tells samples apart; '' = there is one sample. */
  label: string
  values(counts: TracingCounts, exported: ExportCounts): Record<string, number>
}

export const tracingMetrics: readonly TracingMetric[] = [
  {
    name: 'regatta_traced_requests_total', type: 'counter', help: 'Requests of routes with a sampling policy, by what was decided at the head.', label: 'sampled',
    values: ({ requests, sampled }) => ({ true: sampled, false: requests - sampled }),
  },
  {
    name: 'regatta_spans_total', type: 'counter', help: 'Spans that were recorded, kept, overwritten in the ring, and missed there by a promotion.', label: 'fate',
    values: ({ recorded, kept, overwritten, lostToRing }) => ({ recorded, kept, overwritten, lost: lostToRing }),
  },
  { name: 'regatta_traces_promoted_total', type: 'counter', help: 'Traces kept after the fact.', label: 'reason', values: ({ promoted }) => promoted },
  { name: 'regatta_traces_untold_total', type: 'counter', help: 'Traces that another gateway could not be told of.', label: '', values: ({ untold }) => ({ '': untold }) },
  {
    name: 'regatta_trace_context_restarted_total', type: 'counter', help: 'Trace context that came and could not be used.', label: '',
    values: ({ restarted }) => ({ '': restarted }),
  },
  { name: 'regatta_span_ring_bytes', type: 'gauge', help: 'Octets that spans of unsampled requests may wait in.', label: '', values: ({ ringBytes }) => ({ '': ringBytes }) },
  {
    name: 'regatta_spans_exported_total', type: 'counter', help: 'Spans handed to the exporter, by what became of them.', label: 'result',
    values: (_, { sent, shed, failed }) => ({ sent, shed, failed }),
  },
  { name: 'regatta_spans_queued', type: 'gauge', help: 'Spans on their way to the collector.', label: '', values: (_, { queued }) => ({ '': queued }) },
  { name: 'regatta_export_bytes_total', type: 'counter', help: 'Octets written to the collector.', label: '', values: (_, { sentBytes }) => ({ '': sentBytes }) },
]
