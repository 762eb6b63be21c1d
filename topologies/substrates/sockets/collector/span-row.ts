// A span of OTLP as a row of the history: our own attributes where the sender is a gateway, semantic conventions otherwise.

import { attribute } from '../../../../gateway/telemetry/export/index.ts'
import type { SpanRow } from '../../../history.ts'
import type { Attributes, WireSpan } from './otlp-message.ts'

/** Attributes that a row is made of. */
export const wantedAttributes: ReadonlySet<string> = new Set([
  attribute.requestId, attribute.service, attribute.region, attribute.target, attribute.attempt, attribute.outcome, attribute.kept,
  'http.route', 'http.response.status_code',
])

const kinds: Record<number, SpanRow['kind']> = { 2: 'server', 3: 'client' }
const longestText = 256

/** Who sent it: `service.instance.id`, or the service's name where there is none. */
export const senderOf = (resource: Attributes): string => textOf(resource, 'service.instance.id') || textOf(resource, 'service.name') || 'unknown'

/** `startUs` is on CLOCK_MONOTONIC, of which Unix time is `unixOffsetUs` ahead. */
export function spanRow(span: WireSpan, resource: Attributes, unixOffsetUs: number): SpanRow {
  const { traceId, spanId, parentSpanId, name, startUnixNs, endUnixNs, attributes } = span
  const serviceName = textOf(resource, 'service.name')
  const kept = textOf(attributes, attribute.kept)
  return {
    traceId, spanId, parentSpanId, process: senderOf(resource), kind: kinds[span.kind] ?? 'internal', name: name.slice(0, longestText),
    startUs: Number(startUnixNs / 1000n) - unixOffsetUs, durationUs: Math.round(Number(endUnixNs - startUnixNs) / 1000),
    requestId: textOf(attributes, attribute.requestId), route: textOf(attributes, 'http.route'),
    service: textOf(attributes, attribute.service) || (serviceName === 'regatta-gateway' ? '' : serviceName),
    region: textOf(attributes, attribute.region) || textOf(resource, 'cloud.region'),
    target: textOf(attributes, attribute.target), status: numberOf(attributes, 'http.response.status_code'),
    attempt: numberOf(attributes, attribute.attempt), outcome: textOf(attributes, attribute.outcome), kept,
    adjustedCount: ['', 'policy', 'anomaly'].includes(kept) ? adjustedCount(span.traceState) : 0,
  }
}

/** 2^56 / (2^56 − T), T being the threshold of `ot=th:T` with trailing noughts left out (OpenTelemetry, TraceState: Probability Sampling). */
export function adjustedCount(traceState: string): number {
  const [, digits] = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?=[;,\s]|$)/.exec(traceState) ?? []
  if (digits === undefined) return 1
  const range = 2 ** 56
  return range / (range - Number.parseInt(digits.padEnd(14, '0'), 16))
}

const textOf = (attributes: Attributes, key: string): string => String(attributes.get(key) ?? '').slice(0, longestText)
const numberOf = (attributes: Attributes, key: string): number => {
  const value = attributes.get(key)
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
