// Telemetry of one gateway, as far as it is on: tracing, RED metrics, and the notices by which gateways tell each other of traces
// to keep. The rest of the data plane asks for it once a request and is as it was without it.

import { protocols } from '../protocols/index.ts'
import type { RedMetrics, RedRoute } from '../telemetry/red/red.ts'
import type { SpanExporter } from '../telemetry/export/exporter.ts'
import { openExporter } from '../telemetry/export/index.ts'
import type { Metric } from '../telemetry/exposition.ts'
import { createRedMetrics } from '../telemetry/red/index.ts'
import { redMetrics } from '../telemetry/red/prometheus.ts'
import { createSamplingCore, type SamplingCore } from '../telemetry/sampling/index.ts'
import { createTracing, type Tracing } from '../telemetry/spans/index.ts'
import type { Clock, Evidence, Random } from '../ports.ts'
import { unixOffsetUs } from '../runtime.ts'
import type { GatewayBootstrap, GatewayTelemetry } from './bootstrap.ts'
import { TraceNotices } from './trace-notices.ts'

export interface Telemetry {
  readonly tracing: Tracing
  readonly sampling: SamplingCore
  readonly red: RedMetrics
  /** Requests that no rule matched. */
  readonly unrouted: RedRoute
  readonly notices: TraceNotices
  /** For /metrics. */
  metrics(): Metric[]
  /** What is due; called with the ticker of the gateway. */
  tick(nowUs: number): void
  /** Exports what is kept, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

export interface TelemetryParts {
  bootstrap: GatewayBootstrap
  clock: Clock
  random: Random
  evidence: Evidence
  /** Instead of what the bootstrap names. */
  exporter?: SpanExporter
}

/** Throws RangeError when the bootstrap's ring is too small. */
export function openTelemetry(settings: GatewayTelemetry, { bootstrap, clock, random, evidence, exporter }: TelemetryParts): Telemetry {
  const sampling = createSamplingCore()
  const tracing = createTracing({
    sampling, random, exporter: exporter ?? exporterTo(settings, bootstrap, clock, evidence), tell: (event) => evidence.event(event),
    ...(settings.ringBytes === undefined ? {} : { ringBytes: settings.ringBytes }),
    ...(settings.batchWaitMs === undefined ? {} : { batchWaitUs: settings.batchWaitMs * 1000 }),
  })
  const red = createRedMetrics({ nowUs: () => clock.nowUs() })
  const notices = new TraceNotices(bootstrap.name, clock, (count) => tracing.untold(count))
  return {
    tracing, sampling, notices,
    red, unrouted: red.route('', '', protocols.http1.name, []),
    metrics: () => redMetrics(red.totals(), unixOffsetUs()),
    tick(nowUs) {
      tracing.tick(nowUs)
      notices.tick(nowUs)
    },
    async close(timeoutMs) {
      await tracing.close(timeoutMs)
      const { counts, exported } = tracing
      if (counts.requests > 0) evidence.event({ atUs: clock.nowUs(), kind: 'tracing', counts, exported: { ...exported } })
    },
  }
}

function exporterTo({ otlp }: GatewayTelemetry, { name, role, region }: GatewayBootstrap, clock: Clock, evidence: Evidence): SpanExporter | null {
  if (otlp === null) return null
  return openExporter(otlp, {
    process: `${role === 'edge' ? 'edge' : 'gateway'}/${name}`, region: region ?? '',
    changed: (problem) => evidence.event({
      atUs: clock.nowUs(), kind: 'log', level: problem === null ? 'info' : 'warn', code: 'RGT_COLLECTOR',
      message: problem === null ? 'the collector takes spans again' : `the collector takes no spans: ${problem}`,
    }),
  })
}
