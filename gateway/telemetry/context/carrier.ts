// Where context travels in a protocol. HTTP has its header fields, gRPC its metadata, a WebSocket the fields of its handshake,
// GraphQL its `extensions`: each gives its own as a carrier, so one pair of functions serves them all.

/** What came. */
export interface TraceCarrier {
  /** `name` in lower case. Repeated ones are joined by ', ' (RFC 9110, section 5.3); undefined = there is none. */
  get(name: string): string | undefined
}

/** What goes out: name, value, name, value; names in lower case. */
export type CarriedFields = readonly string[]

/** Names that carry trace context: whoever writes context of its own first takes these off what it passes on. */
export const traceFields = [
  'traceparent', 'tracestate', 'baggage', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags',
] as const
