// That spans leave by the names of OpenTelemetry's semantic conventions, as its own serializer writes them.

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { describe, expect, it } from 'vitest'
import { readableSpan } from './otlp-span.ts'
import { clientSpan, hex, serverSpan } from './spans.case.ts'

const origin = { resource: resourceFromAttributes({ 'service.name': 'regatta-gateway' }), unixOffsetUs: 1_790_000_000_000_000 }

describe('a span for OpenTelemetry', () => {
  it('of a request', () => {
    const { name, kind, attributes, status } = readableSpan({ ...serverSpan(1, { status: 503, outcome: 'residency' }), kept: 'error' }, origin)
    expect({ name, kind, status: status.code }).toEqual({ name: 'GET shop/catalog/0', kind: SpanKind.SERVER, status: SpanStatusCode.ERROR })
    expect(attributes).toEqual({
      'http.request.method': 'GET', 'http.route': 'shop/catalog/0', 'http.response.status_code': 503, 'error.type': '503', 'url.path': '/catalog',
      'network.protocol.name': 'http', 'network.protocol.version': '1.1', 'server.address': 'shop.example', 'server.port': 8443,
      'regatta.kept': 'error', 'regatta.request_id': 'r-1', 'regatta.service': 'shop/catalog:8080', 'regatta.region': 'eu-west',
      'regatta.outcome': 'residency', 'regatta.attempts': 1, 'regatta.decision_ns': 700,
    })
  })

  it('of an attempt that was sent again over a link and got no answer', () => {
    const span = clientSpan(2, { status: 0, outcome: 'reset', target: 'link:eu-west:10.0.0.1:7443', isLink: true, attempt: 2, reason: 'retry' })
    const { kind, attributes, status, parentSpanContext } = readableSpan({ ...span, kept: 'failover' }, origin)
    expect([kind, status.code, parentSpanContext?.spanId]).toEqual([SpanKind.CLIENT, SpanStatusCode.ERROR, hex(2, 16)])
    expect(attributes).toMatchObject({
      'error.type': 'reset', 'http.request.resend_count': 2, 'regatta.attempt': 2, 'regatta.reason': 'retry', 'regatta.target': 'link:eu-west:10.0.0.1:7443', 'server.address': '10.0.0.1', 'server.port': 7443, 'regatta.peer': true,
    })
  })

  it.each([['endpoint:10.0.0.2:9000', '10.0.0.2', 9000], ['link:eu-west:[::1]:7443', '[::1]', 7443], ['10.0.0.2', '10.0.0.2', undefined]])(
    'names the server of target %s', (target, address, port) => {
      const { attributes } = readableSpan({ ...clientSpan(1, { target }), kept: 'policy' }, origin)
      expect([attributes['server.address'], attributes['server.port']]).toEqual([address, port])
    })

  it('takes an answer of 404 for an error of the client only', () => {
    expect(readableSpan({ ...serverSpan(1, { status: 404 }), kept: 'policy' }, origin).status.code).toBe(SpanStatusCode.UNSET)
    expect(readableSpan({ ...clientSpan(1, { status: 404 }), kept: 'policy' }, origin).status.code).toBe(SpanStatusCode.ERROR)
  })

  it('keeps microseconds in Unix time, and the threshold as tracestate', () => {
    const span = readableSpan({ ...serverSpan(7, { startUs: 123_456_789, durationUs: 2_000_001, threshold: 'c', parentSpanId: hex(9, 16) }), kept: 'policy' }, origin)
    const { scopeSpans } = JSON.parse(Buffer.from(JsonTraceSerializer.serializeRequest([span])!).toString()).resourceSpans[0]
    expect(scopeSpans[0].spans[0]).toMatchObject({
      startTimeUnixNano: '1790000123456789000', endTimeUnixNano: '1790000125456790000', traceState: 'ot=th:c', traceId: hex(7, 32), parentSpanId: hex(9, 16),
    })
  })
})
