// Labels that a route's metrics take from its messages, by the MetricsPolicy that is in force for it.

import type { CodedError } from '../errors.ts'
import type { CustomMetric } from '../telemetry/red/red.ts'
import { deepFreeze } from './freeze.ts'
import { anyProtocol, indexInForce } from './in-force.ts'
import type { Gateway, HttpRoute, MetricsPolicy } from './kinds/index.ts'
import type { MetricsLabel } from './kinds/metrics-policy.ts'
import type { Parsed, ParsedByKind } from './parse.ts'

/** null = no policy reaches the route. The same object while the policy is the same. */
export type MetricsOf = (route: Parsed<HttpRoute>, gateways: readonly Parsed<Gateway>[]) => CustomMetric[] | null

export function indexMetrics(parsed: ParsedByKind, errors: CodedError[], warnings: CodedError[]): MetricsOf {
  const inForce = indexInForce(parsed.MetricsPolicy, () => undefined, parsed, errors, warnings)
  return (route, gateways) => {
    const policy = inForce(route, gateways, anyProtocol, warnings)
    return policy === null ? null : metricsOf(policy.document)
  }
}

const settled = new WeakMap<MetricsPolicy, CustomMetric[]>()

function metricsOf(policy: MetricsPolicy): CustomMetric[] {
  let made = settled.get(policy)
  if (made === undefined) settled.set(policy, (made = deepFreeze(policy.spec.labels.map(metricOf))))
  return made
}

function metricOf({ name, from, maxValues }: MetricsLabel): CustomMetric {
  const source = (): CustomMetric['from'] => {
    if (from.requestHeader !== undefined) return { kind: 'request-header', name: from.requestHeader.toLowerCase() }
    if (from.responseHeader !== undefined) return { kind: 'response-header', name: from.responseHeader.toLowerCase() }
    return { kind: from.grpcStatus === undefined ? 'graphql-operation' : 'grpc-status' }
  }
  return { label: name, from: source(), maxValues }
}
