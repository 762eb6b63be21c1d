// Real collectors in front of the embedded one. Both are built from the OpenTelemetry Collector and read its configuration:
// what they receive by OTLP they pass on by OTLP over HTTP; Jaeger keeps it besides.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import type { TracingOptions } from '../../substrate.ts'
import type { ProcessSpec } from '../sockets/processes.ts'
import { untilReady, type Waiting } from './products.ts'
import { loopback } from './layout.ts'

export interface CollectorPorts { http: number; grpc: number }

export interface CollectorStart { command: string; stateDir: string; listen: CollectorPorts; forwardTo: SnapshotAddress }

export interface RealCollector {
  /** Name of the tool and of the process. */
  kind: string
  /** Writes its configuration. */
  start(request: CollectorStart): Omit<ProcessSpec, 'name'>
  /** Throws RGT_PROCESS_EXIT when it ends first, RGT_SUBSTRATE_START when it takes too long. */
  untilServing(ports: CollectorPorts, waiting: Waiting): Promise<void>
}

export const realCollectors: Record<Exclude<TracingOptions['collector'], 'embedded'>, RealCollector> = {
  'opentelemetry-collector': collectorOf('opentelemetry-collector', {}),
  jaeger: collectorOf('jaeger', {
    extensions: { jaeger_storage: { backends: { kept: { memory: { max_traces: 10_000 } } } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'kept' } },
  }),
}

type Section = Record<string, unknown>

function collectorOf(kind: string, extra: { extensions?: Section; exporters?: Section }): RealCollector {
  return {
    kind,
    start({ command, stateDir, listen, forwardTo }) {
      mkdirSync(stateDir, { recursive: true })
      const file = join(stateDir, `${kind}.config.json`)
      writeFileSync(file, JSON.stringify(configuration(extra, listen, forwardTo)), { mode: 0o600 })
      return { command, args: ['--config', `file:${file}`] }
    },
    // It serves nothing for GET there, and says so.
    untilServing: ({ http }, waiting) => untilReady({ address: { host: loopback, port: http }, path: '/v1/traces' }, waiting, 405),
  }
}

/** JSON is YAML. https://opentelemetry.io/docs/collector/configuration */
function configuration(extra: { extensions?: Section; exporters?: Section }, { http, grpc }: CollectorPorts, forwardTo: SnapshotAddress): Section {
  const exporters: Section = {
    // What waits is sent before it ends; a refusal of ours would never become better.
    otlphttp: { endpoint: `http://${forwardTo.host}:${forwardTo.port}`, compression: 'none', retry_on_failure: { enabled: false } },
    ...extra.exporters,
  }
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `${loopback}:${http}` }, grpc: { endpoint: `${loopback}:${grpc}` } } } },
    processors: { batch: { timeout: '200ms' } },
    exporters,
    ...(extra.extensions === undefined ? {} : { extensions: extra.extensions }),
    service: {
      extensions: Object.keys(extra.extensions ?? {}),
      pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: Object.keys(exporters) } },
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
    },
  }
}
