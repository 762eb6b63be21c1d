// How a scenario says that its run is traced: what may be written, and what holds when it says no more than `true`. Which
// metrics rest on traces is said here too, so that a substrate without tracing is told once.

import { measuresOfTraces } from './checks/metrics.ts'
import type { Substrate, TracingOptions } from '../topologies/substrate.ts'

export const collectors = ['embedded', 'opentelemetry-collector', 'jaeger'] as const satisfies readonly TracingOptions['collector'][]
export const otlpProtocols = ['http/protobuf', 'grpc'] as const satisfies readonly TracingOptions['protocol'][]

export const usualTracing: TracingOptions = { collector: 'embedded', protocol: 'http/protobuf', clients: true, services: true }

/** Variants that others are held against, by their names: without any tracing, and with every request traced. */
export const offVariant = 'off'
export const allVariant = 'always-on'
/** Metric → variants that it needs. */
export const comparedWith: Readonly<Record<string, readonly string[]>> = { tracing_overhead: [offVariant, allVariant], exported_bytes: [allVariant] }

/** Null = nothing is traced. */
export function tracingOf(written: boolean | TracingOptions): TracingOptions | null {
  return written === false ? null : written === true ? { ...usualTracing } : written
}

/** Why what the scenario asks for cannot be traced where it is played; null = it can, or it asks for nothing. */
export function whyUntraced(tracing: TracingOptions | undefined, { untraced }: Pick<Substrate, 'untraced'>, gateway: string): string | null {
  if (tracing === undefined) return null
  return untraced ?? (gateway === 'reference' ? null : `${gateway} is not traced; the reference gateway is`)
}

/** Metrics that then cannot be measured, each with the reason. */
export function unmeasuredWithoutTraces(why: string | null): Record<string, string> {
  return why === null ? {} : Object.fromEntries(measuresOfTraces.map((metric) => [metric, why]))
}
