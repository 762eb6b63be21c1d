// Labels that MetricsPolicies take from a request and its response. What is not there is ''; what is longer than a label may be is cut.

import type { Fields } from '../protocols/fields.ts'
import type { RequestHead } from '../protocols/message.ts'
import type { CustomMetric } from '../telemetry/red/red.ts'
import type { RequestBody } from './request-body.ts'

const longest = 128

/** What a request leaves behind, as far as it came. */
export interface Exchanged {
  request: RequestHead
  requestBody: RequestBody | null
  response: Fields | null
  trailers: Fields | null
}

/** In the order of the metrics. */
export function customLabels(metrics: readonly CustomMetric[], exchanged: Exchanged): string[] {
  return metrics.map(({ from }) => valueOf(from, exchanged).slice(0, longest))
}

function valueOf(from: CustomMetric['from'], { request, requestBody, response, trailers }: Exchanged): string {
  switch (from.kind) {
    case 'request-header': return request.fields.get(from.name) ?? ''
    case 'response-header': return response?.get(from.name) ?? ''
    // In the trailers, or in the head of a response that has nothing else (gRPC over HTTP/2, "Trailers-Only").
    case 'grpc-status': return trailers?.get('grpc-status') ?? response?.get('grpc-status') ?? ''
    case 'graphql-operation': return graphqlOperation(request, requestBody)
  }
}

/** `operationName`, in the query of a GET or in the JSON of a body that is held (GraphQL over HTTP, section 5). */
function graphqlOperation({ query, hasQuery }: RequestHead, body: RequestBody | null): string {
  const asked = hasQuery ? new URLSearchParams(query).get('operationName') : null
  if (asked !== null || body === null) return asked ?? ''
  try {
    const parsed = JSON.parse(body.heldText()) as { operationName?: unknown } | null
    return typeof parsed?.operationName === 'string' ? parsed.operationName : ''
  } catch {
    return ''
  }
}
