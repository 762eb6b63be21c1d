// A span of ours as OpenTelemetry's exporters take it: names of attributes by its semantic conventions (HTTP spans, 1.4x), our
// own below `regatta.`. What is not known is left out, because each attribute costs octets in every span.

import { SpanKind, SpanStatusCode, type Attributes, type HrTime, type SpanContext, type TraceState } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { attribute } from './attributes.ts'
import type { KeptSpan } from './exporter.ts'

export interface SpanOrigin {
  resource: Resource
  /** Unix time less the process's monotonic clock, microseconds. */
  unixOffsetUs: number
}

const instrumentationScope = { name: 'regatta' }
const nothing: never[] = []

export function readableSpan(span: KeptSpan, { resource, unixOffsetUs }: SpanOrigin): ReadableSpan {
  const { traceId, parentSpanId, flags } = span
  const isServer = span.kind === 'server'
  const startUs = span.startUs + unixOffsetUs
  const traceState = stateOf(span.threshold)
  const context: SpanContext = { traceId, spanId: span.spanId, traceFlags: flags, ...(traceState === null ? {} : { traceState }) }
  return {
    name: isServer && span.route !== '' ? `${span.method} ${span.route}` : span.method,
    kind: isServer ? SpanKind.SERVER : SpanKind.CLIENT,
    spanContext: () => context,
    ...(parentSpanId === '' ? {} : { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: flags, isRemote: isServer } }),
    startTime: hrTime(startUs), endTime: hrTime(startUs + span.durationUs), duration: hrTime(span.durationUs), ended: true,
    status: { code: hasFailed(span) ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: attributesOf(span), links: nothing, events: nothing, resource, instrumentationScope,
    droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
  }
}

function attributesOf(span: KeptSpan): Attributes {
  const attributes: Attributes = { 'http.request.method': span.method, [attribute.kept]: span.kept }
  const put = (name: string, value: string | number | boolean): void => {
    if (value !== '' && value !== 0 && value !== false) attributes[name] = value
  }
  put(attribute.requestId, span.requestId)
  put('http.route', span.route)
  put('http.response.status_code', span.status)
  put(attribute.service, span.service)
  put(attribute.region, span.region)
  attributes[attribute.outcome] = span.outcome
  const [name, version] = protocols[span.protocol] ?? [span.protocol, '']
  put('network.protocol.name', name)
  put('network.protocol.version', version)
  if (hasFailed(span)) attributes['error.type'] = span.status >= 400 ? String(span.status) : span.outcome
  if (span.kind === 'server') {
    put('url.path', span.path)
    putAddress(put, span.host)
    put(attribute.peer, span.fromPeer)
    put(attribute.contextProblem, span.contextProblem)
    put(attribute.attempts, span.attempts)
    put(attribute.decisionNs, span.decisionNs)
  } else {
    put(attribute.target, span.target)
    putAddress(put, span.target.replace(/^(link:[^:]*|endpoint):/, ''))
    put(attribute.peer, span.isLink)
    put(attribute.attempt, span.attempt)
    // Semantic conventions count what was sent again; a hedge is sent besides, and has its reason.
    if (span.reason === 'retry') put('http.request.resend_count', span.attempt)
    attributes[attribute.reason] = span.reason
  }
  return attributes
}

/** Protocol adapter → network.protocol.name and .version; of others the adapter's name is all that is known. */
const protocols: Record<string, readonly [name: string, version: string]> = { http1: ['http', '1.1'], http2: ['http', '2'], http3: ['http', '3'] }

function putAddress(put: (name: string, value: string | number) => void, address: string): void {
  const colon = address.lastIndexOf(':')
  const port = colon === -1 ? Number.NaN : Number(address.slice(colon + 1))
  put('server.address', Number.isInteger(port) ? address.slice(0, colon) : address)
  if (Number.isInteger(port)) put('server.port', port)
}

/** Semantic conventions of HTTP spans, "Status": of a server 5xx only, of a client 4xx too; without an answer always. */
function hasFailed({ kind, status }: KeptSpan): boolean {
  return status === 0 || status >= (kind === 'server' ? 500 : 400)
}

/** One for each threshold: there are as many as rates. */
const states = new Map<string, TraceState>()
const mostStates = 1_000

/** `ot=th:…` (OpenTelemetry, TraceState: Probability Sampling); null without a threshold. */
function stateOf(threshold: string): TraceState | null {
  if (threshold === '') return null
  const known = states.get(threshold)
  if (known !== undefined) return known
  const text = `ot=th:${threshold}`
  const state: TraceState = { get: (key) => (key === 'ot' ? text.slice(3) : undefined), set: () => state, unset: () => state, serialize: () => text }
  if (states.size === mostStates) states.clear()
  states.set(threshold, state)
  return state
}

function hrTime(us: number): HrTime {
  const seconds = Math.floor(us / 1e6)
  return [seconds, Math.round((us - seconds * 1e6) * 1000)]
}
