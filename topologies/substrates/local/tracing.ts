// Tracing of a run on this machine: a collector of its own that every gateway and service sends to, and, where a scenario wants
// a real one, that in front of it. What they take becomes part of the history, so the collector ends last.
//
//   gateways, services ──OTLP──► [real collector ──OTLP/HTTP──►] collector ──lines──► journal

import type { OtlpTarget } from '../../../gateway/telemetry/export/exporter.ts'
import type { Inventory, StartRequest, TracingOptions } from '../../substrate.ts'
import type { CollectorBootstrap } from '../sockets/collector/bootstrap.ts'
import { needTool } from '../sockets/run-tools.ts'
import type { PortBlock } from '../sockets/ports.ts'
import type { ProcessSpec, Supervisor } from '../sockets/processes.ts'
import { loopback, type Layout } from './layout.ts'
import type { RunningCollector } from './primitives.ts'
import { realCollectors, type CollectorPorts, type RealCollector } from './real-collectors.ts'

export const collectorProcess = 'collector'

/** What a scenario's collector is, as found on this machine; null = the embedded one. */
export interface FoundCollector { collector: RealCollector; command: string }

/** Two ports of the embedded collector, two of a real one. */
export const tracingPortsNeeded = 4

export interface TracingPlan {
  embedded: CollectorBootstrap
  /** What everybody sends to. */
  target: OtlpTarget
  found: FoundCollector | null
  /** Where the real one listens; null = there is none. */
  real: CollectorPorts | null
  services: boolean
}

/** Nothing stands in for a real collector that a scenario asks for. Throws RGT_TOOL_MISSING and its kin. */
export async function findCollector(request: StartRequest, inventory: Inventory): Promise<FoundCollector | null> {
  const { tracing } = request.options
  if (tracing === undefined) return null
  if (tracing.collector === 'embedded') {
    inventory.tools.collector = { version: 'embedded', origin: 'embedded', reason: 'the scenario asks for no other; it writes spans into the history' }
    return null
  }
  const { path } = await needTool(tracing.collector, request, inventory)
  return { collector: realCollectors[tracing.collector], command: path }
}

export function planTracing(tracing: TracingOptions, ports: PortBlock, found: FoundCollector | null): TracingPlan {
  const { protocol, services } = tracing
  const at = (port: number) => ({ host: loopback, port })
  const embedded = { http: at(ports.next()), grpc: at(ports.next()) }
  const real = found === null ? null : { http: ports.next(), grpc: ports.next() }
  const { http, grpc } = real ?? { http: embedded.http.port, grpc: embedded.grpc.port }
  return { embedded, found, real, services, target: { protocol, ...at(protocol === 'grpc' ? grpc : http) } }
}

/** Every gateway and, where they are to tell of their part, all services are told where spans go. */
export function withTracing(layout: Layout, { target, services }: TracingPlan): Layout {
  return {
    ...layout,
    gateways: layout.gateways.map((gateway) => ({ ...gateway, telemetry: { otlp: target } })),
    services: services ? layout.services.map((region) => ({ ...region, tracing: target })) : layout.services,
  }
}

export interface CollectorParts {
  supervisor: Supervisor
  program: string
  stateDir: string
  readyTimeoutMs: number
}

/** Resolves when what everybody sends to takes spans. Throws RGT_PROCESS_EXIT, RGT_SUBSTRATE_START. */
export async function startCollector({ embedded, found, real }: TracingPlan, { supervisor, program, stateDir, readyTimeoutMs }: CollectorParts): Promise<RunningCollector> {
  const spec: ProcessSpec = { name: collectorProcess, command: process.execPath, args: [program], bootstrap: embedded }
  supervisor.start(spec)
  const ready = (): Promise<void> => supervisor.ready(collectorProcess, readyTimeoutMs)
  if (found === null || real === null) {
    await ready()
    return { process: collectorProcess, ready }
  }
  const { kind, start, untilServing } = found.collector
  supervisor.start({ name: kind, ...start({ command: found.command, stateDir, listen: real, forwardTo: embedded.http }) })
  const serving = (): Promise<void> => untilServing(real, { name: kind, exited: supervisor.ended(kind), stderr: () => supervisor.lastWords(kind), timeoutMs: readyTimeoutMs })
  await Promise.all([ready(), serving()])
  return { process: kind, ready: serving }
}

/** Those who export end first, each with the time to send what it has; then those who take, in the order of the spans' way. */
export async function endTraced(supervisor: Supervisor, exporters: readonly string[], { found }: TracingPlan, graceMs: number): Promise<void> {
  await Promise.all(exporters.map((name) => supervisor.end(name, graceMs)))
  if (found !== null) await supervisor.end(found.collector.kind, graceMs)
  await supervisor.end(collectorProcess, graceMs)
}
