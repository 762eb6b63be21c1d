// Coded errors of the gateway room. A code never changes its meaning; a message always says what was
// expected, what was found, where, and what to do about it.

/** Where in a file a problem stands. Lines and columns count from 1. */
export interface Place {
  file: string
  line?: number
  column?: number
  /** Path inside the document, for example `spec.rules[0].matches[1].path`. */
  path?: string
}

export interface ErrorDetails {
  place?: Place
  expected?: string
  found?: string
  hint?: string
  cause?: unknown
}

/** Codes of this room; the text is the one-line summary that documentation and `--help` show. */
export const gatewayErrors = {
  RGT_CONFIG_SYNTAX: 'the file is not valid YAML or JSON',
  RGT_CONFIG_SCHEMA: 'a field is missing, unknown, or of the wrong type',
  RGT_CONFIG_REFERENCE: 'a document refers to another one that does not exist',
  RGT_CONFIG_CONFLICT: 'two documents contradict each other',
  RGT_SNAPSHOT_FORMAT: 'a snapshot message is malformed or of an unknown format',
  RGT_SNAPSHOT_GAP: 'a delta does not follow the revision that is held',
  RGT_SNAPSHOT_STATE: 'the last good snapshot on disk cannot be read',
  RGT_BOOTSTRAP: 'the bootstrap file of a process is not usable',
  RGT_LISTEN: 'a listener could not be opened',
  RGT_HTTP_SYNTAX: 'a request does not follow HTTP/1.1',
  RGT_HTTP_SMUGGLING: 'a request is framed ambiguously and was refused',
  RGT_HTTP_HEADER_LIMIT: 'the header section is larger than the limit',
  RGT_HTTP_BODY_LIMIT: 'the body is larger than the limit',
  RGT_HTTP_UNSUPPORTED: 'a request asks for a part of HTTP that this gateway does not serve',
  RGT_HTTP_TIMEOUT: 'a request did not arrive in time',
  RGT_NO_ROUTE: 'no route matches the request',
  RGT_RESIDENCY: 'residency allows no region that could serve the request',
  RGT_ACCESS_DENIED: 'an access policy allows the caller no such request',
  RGT_CALLER_UNKNOWN: 'the sidecar of the gateway told no identity of the caller',
  RGT_NO_HEALTHY_TARGET: 'every allowed target is unhealthy',
  RGT_UPSTREAM_TIMEOUT: 'no upstream answered in time',
  RGT_UPSTREAM_FAILED: 'the upstream failed and the request may not be sent again',
  RGT_CAPACITY: 'more requests are in flight than the gateway admits',
  RGT_NOT_READY: 'no snapshot has been applied yet',
  RGT_ADMIN: 'a control port was asked for something that it does not offer',
  RGT_ADMIN_HOST: 'a control port was called by a name that is not its own',
  RGT_TOKEN: 'a control port was called without the token of its run',
  RGT_CONTROL_PLANE: 'the control plane cannot be reached, or refuses this gateway',
  RGT_CONFIG_SOURCE: 'configuration was sent to a control plane that reads it elsewhere',
  RGT_API_SERVER: 'the API server cannot be reached, or refuses the control plane',
  RGT_KIND_MISSING: 'the API server does not know a kind that a control plane reads',
  RGT_CONFIG_NAMESPACE: 'a document stands in a namespace that the cluster has no counterpart of',
  RGT_SPAN_BATCH: 'recorded spans cannot be read',
  RGT_TRACE_NOTICE: 'a gateway told of traces to keep in a way that cannot be read, or where nothing is traced',
  RGT_TELEMETRY_REPORT: 'a report of telemetry is malformed, or does not add up',
  RGT_ALERT_DELIVERY: 'an alert did not reach a receiver that its policy names',
  RGT_COLLECTOR: 'a collector of traces refuses spans, or does not answer',
  RGT_DRIVER_UNKNOWN: 'no gateway under test has that name',
  RGT_DRIVER_UNSUPPORTED: 'a product cannot be told all of a configuration',
  RGT_DEFECT: 'a defect of this program; its log says more',
} as const

export type GatewayErrorCode = keyof typeof gatewayErrors

/** An error with a stable code. `toString()` gives the multi-line form that a person reads. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly details: ErrorDetails
  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'CodedError'
    this.code = code
    this.details = details
  }
  override toString(): string {
    const { place, expected, found, hint } = this.details
    const where = place === undefined ? [] : [`  at ${formatPlace(place)}`]
    return [
      `${this.code}: ${this.message}`,
      ...where,
      ...(expected === undefined ? [] : [`  expected: ${expected}`]),
      ...(found === undefined ? [] : [`  found: ${found}`]),
      ...(hint === undefined ? [] : [`  hint: ${hint}`]),
    ].join('\n')
  }
  toJSON(): Record<string, unknown> {
    const { cause: _cause, ...details } = this.details
    return { code: this.code, message: this.message, ...details }
  }
}

/** Several problems of one reading, so that a person mends a file in one go. */
export class CodedErrors extends CodedError {
  readonly errors: readonly CodedError[]
  constructor(errors: readonly CodedError[]) {
    super(errors[0]?.code ?? 'RGT_CONFIG_SCHEMA', `${errors.length} problem${errors.length === 1 ? '' : 's'}`)
    this.errors = errors
  }
  override toString(): string {
    return this.errors.map(String).join('\n')
  }
}

/** `file:line:column (path)`, as editors and terminals make clickable. */
export function formatPlace(place: Place): string {
  const position = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
  return place.path === undefined ? position : `${position} (${place.path})`
}

export function gatewayError(code: GatewayErrorCode, message: string, details?: ErrorDetails): CodedError<GatewayErrorCode> {
  return new CodedError(code, message, details)
}
