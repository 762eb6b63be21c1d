// How a route is sampled, made of the SamplingPolicies that are in force for it: one for each protocol that gateways speak.

import type { CodedError } from '../errors.ts'
import { protocols } from '../protocols/index.ts'
import type { RouteSampling } from '../snapshot/snapshot.ts'
import { deepFreeze } from './freeze.ts'
import { anyProtocol, indexInForce } from './in-force.ts'
import type { Gateway, HttpRoute, SamplingPolicy } from './kinds/index.ts'
import type { Parsed, ParsedByKind } from './parse.ts'

/** null = none reaches the route. Both stay the same objects while the policies in force do. */
export interface Sampling {
  shared: RouteSampling | null
  /** Only protocols for which another policy is in force. */
  byProtocol: Record<string, RouteSampling> | null
}

export type SamplingOf = (route: Parsed<HttpRoute>, gateways: readonly Parsed<Gateway>[]) => Sampling

const protocolNames: readonly string[] = Object.keys(protocols)

export function indexSampling(parsed: ParsedByKind, errors: CodedError[], warnings: CodedError[]): SamplingOf {
  const inForce = indexInForce(parsed.SamplingPolicy, ({ spec }) => spec.protocols, parsed, errors, warnings)
  return (route, gateways) => {
    const { namespace } = route.document.metadata
    const shared = inForce(route, gateways, anyProtocol, warnings)
    const own = protocolNames.flatMap((protocol): [string, RouteSampling][] => {
      const told: CodedError[] = []
      const policy = inForce(route, gateways, protocol, told)
      if (policy === null || policy.document === shared?.document) return []
      warnings.push(...told)
      return [[protocol, samplingOf(policy, namespace)]]
    })
    return { shared: shared === null ? null : samplingOf(shared, namespace), byProtocol: remembered(own) }
  }
}

const records = new WeakMap<RouteSampling, Record<string, RouteSampling>[]>()

/** The same record for the same parts, because routes are known by the identity of what they are made of. */
function remembered(own: readonly [string, RouteSampling][]): Record<string, RouteSampling> | null {
  if (own.length === 0) return null
  const [, first] = own[0]
  let known = records.get(first)
  if (known === undefined) records.set(first, (known = []))
  let record = known.find((one) => Object.keys(one).length === own.length && own.every(([protocol, sampling]) => one[protocol] === sampling))
  if (record === undefined) known.push((record = Object.freeze(Object.fromEntries(own))))
  return record
}

const settled = new WeakMap<SamplingPolicy, Map<string, RouteSampling>>()

function samplingOf({ document, key }: Parsed<SamplingPolicy>, tenant: string): RouteSampling {
  let byTenant = settled.get(document)
  if (byTenant === undefined) settled.set(document, (byTenant = new Map()))
  let made = byTenant.get(tenant)
  if (made === undefined) {
    const { retroactive, anomaly, honourClients } = document.spec
    made = deepFreeze({
      policy: key, tenant, sampler: samplerOf(document),
      retroactive: retroactive === undefined ? null : { keep: [...retroactive.keep], slowMs: retroactive.slow / 1000 },
      anomaly: anomaly === undefined ? null : { factor: anomaly.factor, halfLifeMs: anomaly.halfLife / 1000 },
      honourClients,
    } satisfies RouteSampling)
    byTenant.set(tenant, made)
  }
  return made
}

function samplerOf({ spec: { sampler } }: SamplingPolicy): RouteSampling['sampler'] {
  if (sampler.alwaysOn !== undefined) return { kind: 'always-on' }
  if (sampler.probability !== undefined) return { kind: 'probability', ...sampler.probability }
  if (sampler.adaptive === undefined) return { kind: 'always-off' }
  const { spansPerSecond, window, burst } = sampler.adaptive
  return { kind: 'adaptive', spansPerSecond, windowMs: window / 1000, burst }
}
