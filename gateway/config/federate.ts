// From documents to one FederationConfig: shape, references, attachment, policies. The result does not depend on the
// order of documents or files, and what did not change keeps its identity, so that compiling again is cheap.
//
//   documents ─parse─► by kind ─attach─► routes at their Gateways ─policies─► FederationConfig ─freeze─►

import { type CodedError, CodedErrors } from '../errors.ts'
import { defaultRouteFailover, type HealthSettings, type RouteFailover, type RouteSampling } from '../snapshot/snapshot.ts'
import { indexAccess, type AccessByService } from './access.ts'
import { attach, checkReferences, type Attachment } from './attach.ts'
import type { SourceDocument } from './document.ts'
import { indexAlerts } from './alerts.ts'
import { deepFreeze } from './freeze.ts'
import type { Gateway, HttpRoute, ResidencyPolicy } from './kinds/index.ts'
import { compareText, parseDocuments, type Parsed } from './parse.ts'
import { indexMetrics, type MetricsOf } from './metrics.ts'
import { indexPolicies, type PolicyIndex } from './policies.ts'
import { indexSampling, type SamplingOf } from './sampling.ts'
import type { AlertRules } from '../telemetry/alerts/alert.ts'
import type { CustomMetric } from '../telemetry/red/red.ts'

export { fromObjects, readDocuments, type SourceDocument } from './document.ts'

/** Validated configuration of the whole federation, the same for every gateway. Frozen. */
export interface FederationConfig {
  /** Sorted by `namespace/name`. */
  gateways: readonly Gateway[]
  routes: readonly AttachedRoute[]
  health: HealthSettings
  /** Who may call which service; a service that is not in it may be called by everybody. */
  access: AccessByService
  /** What control planes watch for, by policy. */
  alerts: readonly AlertRules[]
  /** Conflicts that were settled by age and name; nothing is lost, but somebody's policy is not in force. Callers that nothing names. */
  warnings: readonly CodedError[]
  /** How many documents it was made of. */
  documents: number
}

/** A route with everything that its Gateways and policies say about it. Keeps its identity while none of them changes. */
export interface AttachedRoute {
  document: HttpRoute
  /** `namespace/name/`: the ids of its rules start with it. Routes are sorted by it. */
  idPrefix: string
  /** Of the route and its listeners together; empty = every host. */
  hostnames: readonly string[]
  failover: RouteFailover
  /** All must hold; empty = every region may serve. */
  residency: readonly ResidencyPolicy[]
  /** null = no SamplingPolicy reaches it: it is not traced. */
  sampling: RouteSampling | null
  /** Of protocols for which another SamplingPolicy is in force; null = of none. */
  samplingByProtocol: Record<string, RouteSampling> | null
  /** Labels by a MetricsPolicy; null = none reaches it. */
  metrics: CustomMetric[] | null
}

/** An AttachedRoute with what it was made of, to see whether it can be used again. */
interface Settled { of: readonly unknown[]; route: AttachedRoute }

/**
 * Checks the documents together. Throws CodedErrors with every problem found: RGT_CONFIG_SCHEMA, RGT_CONFIG_REFERENCE,
 * RGT_CONFIG_CONFLICT. Values handed over are not to be changed afterwards (they are known by identity).
 */
export function federate(documents: readonly SourceDocument[]): FederationConfig {
  const parsed = parseDocuments(documents)
  const errors: CodedError[] = []
  const warnings: CodedError[] = []
  const policies = indexPolicies(parsed, errors, warnings)
  const access = indexAccess(parsed, errors, warnings)
  const alerts = indexAlerts(parsed, errors)
  const say = { policies, sampling: indexSampling(parsed, errors, warnings), metrics: indexMetrics(parsed, errors, warnings) }
  const routes: AttachedRoute[] = []
  for (const route of parsed.HTTPRoute.values()) {
    const attachment = attach(route, parsed.Gateway, errors)
    checkReferences(route, parsed, errors)
    if (attachment === null) continue
    routes.push(settle(route, attachment, say, warnings))
  }
  if (errors.length > 0) throw new CodedErrors(errors)
  return Object.freeze({
    gateways: Object.freeze([...parsed.Gateway.values()].sort((a, b) => compareText(a.key, b.key)).map(({ document }) => document)),
    routes: Object.freeze(routes.sort((a, b) => compareText(a.idPrefix, b.idPrefix))),
    health: policies.health,
    access,
    alerts,
    warnings: Object.freeze(warnings.sort((a, b) => compareText(a.message, b.message))),
    documents: documents.length,
  })
}

function settle(
  route: Parsed<HttpRoute>, { gateways, hostnames }: Attachment,
  { policies, ...say }: { policies: PolicyIndex; sampling: SamplingOf; metrics: MetricsOf }, warnings: CodedError[],
): AttachedRoute {
  const inherited = policies.failoverOfGateways(route, gateways, warnings)
  const own = policies.failoverOf(route)
  const residency = policies.residencyOf(route, gateways)
  const sampling = say.sampling(route, gateways)
  const metrics = say.metrics(route, gateways)
  const of = [hostnames, inherited, own, sampling.shared, sampling.byProtocol, metrics, ...residency]
  const held = route.memo.route as Settled | undefined
  if (held !== undefined && held.of.length === of.length && held.of.every((part, index) => part === of[index])) return held.route
  const attached = deepFreeze({
    document: route.document,
    idPrefix: `${route.key}/`,
    hostnames,
    failover: { ...defaultRouteFailover, ...routeFields(inherited?.spec), ...routeFields(own?.spec) },
    residency: [...residency],
    sampling: sampling.shared,
    samplingByProtocol: sampling.byProtocol,
    metrics,
  })
  route.memo.route = { of, route: attached } satisfies Settled
  return attached
}

/** The fields of a policy that concern one route, as far as it sets them. */
function routeFields(spec: Partial<RouteFailover> | undefined): Partial<RouteFailover> {
  if (spec === undefined) return {}
  const { enabled, prefer, maxAttempts, maxBodyBytes } = spec
  return Object.fromEntries(Object.entries({ enabled, prefer, maxAttempts, maxBodyBytes }).filter(([, value]) => value !== undefined))
}
