// What services tell of their part in traces, through OpenTelemetry's own SDK, as real ones would: its propagator reads what the
// gateways wrote, its batches go out beside the answers, and a collector that is dead or slow costs spans and nothing else.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type HrTime, type TextMapGetter, type Tracer } from '@opentelemetry/api'
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import {
  ATTR_HTTP_REQUEST_METHOD, ATTR_HTTP_RESPONSE_STATUS_CODE, ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_URL_PATH,
} from '@opentelemetry/semantic-conventions'
import { header } from '../../../../gateway/dataplane/bootstrap.ts'
import type { Clock } from '../../../../gateway/ports.ts'
import { systemScheduler, unixOffsetUs } from '../../../../gateway/runtime.ts'
import { attribute } from '../../../../gateway/telemetry/export/attributes.ts'
import type { OtlpTarget } from '../../../../gateway/telemetry/export/exporter.ts'
import { openOtlp, type Otlp } from '../../../../gateway/telemetry/export/otlp-exporter.ts'
import type { EchoEndpoint } from './bootstrap.ts'

/** A request begins. What it gives back is told the status when the answer is on its way, and only then makes a span. */
export type BeginRequest = (request: IncomingMessage) => (status: number) => void

export interface ServiceSpans {
  of(endpoint: Pick<EchoEndpoint, 'service' | 'trace'>): BeginRequest
  /** `told`: begun for sampled requests; `sent`: taken by the collector. What is between them waits, or is lost. */
  readonly counts: { told: number; sent: number }
  /** Sends what waits, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

/** Spans that may wait; more are dropped by the SDK. */
const maxQueueSize = 4_096
const exportEveryMs = 250
const requestTimeoutMs = 1_000

/** Throws what OpenTelemetry's exporter does when it cannot be made. */
export async function openServiceSpans(target: OtlpTarget, region: string, clock: Clock): Promise<ServiceSpans> {
  const counts = { told: 0, sent: 0 }
  const processor = new BatchSpanProcessor({
    exporter: counting(await openOtlp(target, requestTimeoutMs), counts),
    maxQueueSize, maxExportBatchSize: 512, scheduledDelayMillis: exportEveryMs, exportTimeoutMillis: 3 * requestTimeoutMs,
  })
  const offsetUs = unixOffsetUs()
  const now = (): HrTime => hrTime(clock.nowUs() + offsetUs)
  return {
    counts,
    of: (endpoint) => beginner(endpoint, region, tracerOf(endpoint, region, processor), now, counts),
    async close(timeoutMs) {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const cancel = systemScheduler.after(timeoutMs, resolve)
      // What could not be sent is in the counts.
      await Promise.race([processor.shutdown().catch(() => {}), late])
      cancel()
    },
  }
}

function tracerOf({ service, trace }: Pick<EchoEndpoint, 'service' | 'trace'>, region: string, processor: BatchSpanProcessor): Tracer {
  return new TracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: service, [ATTR_SERVICE_INSTANCE_ID]: `services/${region}` }),
    // A request without context is nobody's: only a service that drops context begins traces.
    sampler: trace === 'drop' ? new AlwaysOnSampler() : new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    spanProcessors: [processor],
  }).getTracer('regatta-services')
}

const propagator = new W3CTraceContextPropagator()
const getter: TextMapGetter<IncomingHttpHeaders> = { get: (headers, name) => headers[name], keys: Object.keys }

function beginner({ trace }: Pick<EchoEndpoint, 'trace'>, region: string, tracer: Tracer, now: () => HrTime, counts: { told: number }): BeginRequest {
  return ({ method = '', url = '', headers }) => {
    const startTime = now()
    return (status) => {
      const endTime = now()
      const parent = trace === 'drop' ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, headers, getter)
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, startTime }, parent)
      if (!span.isRecording()) return
      counts.told++
      span.setAttributes({
        [ATTR_HTTP_REQUEST_METHOD]: method, [ATTR_URL_PATH]: url.split('?', 1)[0], [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
        [attribute.requestId]: String(headers[header.requestId] ?? ''), [attribute.region]: region,
      })
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(endTime)
    }
  }
}

function counting({ send, close }: Otlp, counts: { sent: number }): SpanExporter {
  return {
    export(spans, done) {
      send(spans).then(() => {
        counts.sent += spans.length
        done({ code: ExportResultCode.SUCCESS })
      }, (error: Error) => done({ code: ExportResultCode.FAILED, error }))
    },
    shutdown: close,
  }
}

function hrTime(us: number): HrTime {
  const seconds = Math.floor(us / 1e6)
  return [seconds, Math.round((us - seconds * 1e6) * 1000)]
}
