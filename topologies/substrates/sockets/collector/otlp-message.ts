// An export request of OTLP, read strictly: ids of the right length, known fields of the right kind, nothing cut short. Unknown
// fields are passed over, as protobuf wants. Numbers are those of opentelemetry-proto v1 (collector/trace/v1/trace_service.proto,
// trace/v1/trace.proto, resource/v1/resource.proto, common/v1/common.proto).

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { topologyError } from '../../../errors.ts'

export type AttributeValue = string | number | boolean
export type Attributes = ReadonlyMap<string, AttributeValue>

export interface WireSpan {
  traceId: string
  spanId: string
  /** '' = none. */
  parentSpanId: string
  traceState: string
  name: string
  /** `Span.SpanKind`: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  startUnixNs: bigint
  endUnixNs: bigint
  attributes: Attributes
}

export interface ResourceSpans {
  attributes: Attributes
  spans: WireSpan[]
  /** Of the request's bytes, those that are its own. */
  octets: number
}

/**
 * ExportTraceServiceRequest: resource_spans = 1. Attributes of spans that are not in `wanted` are left out.
 * Throws RGT_OTLP when the bytes are no such message.
 */
export function readExportRequest(bytes: Uint8Array, wanted: ReadonlySet<string>): ResourceSpans[] {
  try {
    const found: ResourceSpans[] = []
    const reader = new BinaryReader(bytes)
    let before = 0
    eachField(reader, (field, type) => {
      if (field === 1) found.push({ ...readResourceSpans(part(reader, type), wanted), octets: reader.pos - before })
      else reader.skip(type, field)
      before = reader.pos
    })
    return found
  } catch (cause) {
    throw topologyError('RGT_OTLP', 'this is no export request of OTLP', { expected: 'ExportTraceServiceRequest in protobuf', found: (cause as Error).message, cause })
  }
}

/** ResourceSpans: resource = 1, scope_spans = 2. */
function readResourceSpans(reader: BinaryReader, wanted: ReadonlySet<string>): Omit<ResourceSpans, 'octets'> {
  let attributes: Attributes = new Map()
  const spans: WireSpan[] = []
  eachField(reader, (field, type) => {
    if (field === 1) attributes = readResource(part(reader, type))
    else if (field === 2) readScopeSpans(part(reader, type), wanted, spans)
    else reader.skip(type, field)
  })
  return { attributes, spans }
}

/** Resource: attributes = 1. */
function readResource(reader: BinaryReader): Attributes {
  const attributes = new Map<string, AttributeValue>()
  eachField(reader, (field, type) => {
    if (field === 1) readAttribute(part(reader, type), null, attributes)
    else reader.skip(type, field)
  })
  return attributes
}

/** ScopeSpans: spans = 2. */
function readScopeSpans(reader: BinaryReader, wanted: ReadonlySet<string>, spans: WireSpan[]): void {
  eachField(reader, (field, type) => {
    if (field === 2) spans.push(readSpan(part(reader, type), wanted))
    else reader.skip(type, field)
  })
}

/**
 * Span: trace_id = 1, span_id = 2, trace_state = 3, parent_span_id = 4, name = 5, kind = 6, start_time_unix_nano = 7,
 * end_time_unix_nano = 8, attributes = 9.
 */
function readSpan(reader: BinaryReader, wanted: ReadonlySet<string>): WireSpan {
  const attributes = new Map<string, AttributeValue>()
  const span: WireSpan = { traceId: '', spanId: '', parentSpanId: '', traceState: '', name: '', kind: 0, startUnixNs: 0n, endUnixNs: 0n, attributes }
  eachField(reader, (field, type) => {
    switch (field) {
      case 1: span.traceId = id(reader, type, 16, 'trace id'); break
      case 2: span.spanId = id(reader, type, 8, 'span id'); break
      case 3: span.traceState = text(reader, type); break
      case 4: span.parentSpanId = id(reader, type, 8, 'parent span id'); break
      case 5: span.name = text(reader, type); break
      case 6: span.kind = of(type, WireType.Varint) && reader.int32(); break
      case 7: span.startUnixNs = nanoseconds(reader, type); break
      case 8: span.endUnixNs = nanoseconds(reader, type); break
      case 9: readAttribute(part(reader, type), wanted, attributes); break
      default: reader.skip(type, field)
    }
  })
  if (span.traceId === '' || span.spanId === '') throw new Error('a span without ids')
  if (span.startUnixNs === 0n || span.endUnixNs < span.startUnixNs) throw new Error('a span that ends before it starts')
  return span
}

/** KeyValue: key = 1, value = 2. */
function readAttribute(reader: BinaryReader, wanted: ReadonlySet<string> | null, into: Map<string, AttributeValue>): void {
  let key = ''
  let value: AttributeValue | null = null
  eachField(reader, (field, type) => {
    if (field === 1) key = text(reader, type)
    // Keys come first in practice; protobuf does not promise it.
    else if (field === 2 && (wanted === null || key === '' || wanted.has(key))) value = readValue(part(reader, type))
    else reader.skip(type, field)
  })
  if (value !== null && (wanted === null || wanted.has(key))) into.set(key, value)
}

/** AnyValue: string_value = 1, bool_value = 2, int_value = 3, double_value = 4; arrays, lists and bytes are of no use here. */
function readValue(reader: BinaryReader): AttributeValue | null {
  let value: AttributeValue | null = null
  eachField(reader, (field, type) => {
    switch (field) {
      case 1: value = text(reader, type); break
      case 2: value = of(type, WireType.Varint) && reader.bool(); break
      case 3: value = of(type, WireType.Varint) && Number(reader.int64()); break
      case 4: value = of(type, WireType.Bit64) && reader.double(); break
      default: reader.skip(type, field)
    }
  })
  return value
}

function eachField(reader: BinaryReader, read: (field: number, type: WireType) => void): void {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    read(field, type)
  }
}

/** Throws unless the field is of the kind that its number says. */
function of(type: WireType, wanted: WireType): true {
  if (type !== wanted) throw new Error(`wire type ${type} where ${wanted} belongs`)
  return true
}

const part = (reader: BinaryReader, type: WireType): BinaryReader => new BinaryReader(bytesOf(reader, type))
const text = (reader: BinaryReader, type: WireType): string => (of(type, WireType.LengthDelimited), reader.string(true))
const bytesOf = (reader: BinaryReader, type: WireType): Uint8Array => (of(type, WireType.LengthDelimited), reader.bytes())
const nanoseconds = (reader: BinaryReader, type: WireType): bigint => (of(type, WireType.Bit64), BigInt(reader.fixed64()))

function id(reader: BinaryReader, type: WireType, length: number, what: string): string {
  const bytes = bytesOf(reader, type)
  if (bytes.length === 0) return ''
  if (bytes.length !== length || bytes.every((octet) => octet === 0)) throw new Error(`a ${what} of ${bytes.length} octets, or all nought`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
