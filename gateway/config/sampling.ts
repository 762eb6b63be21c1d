// Which SamplingPolicy is in force for a route: that on the route itself, else that on its namespace, else that on a Gateway of
// it; among equals the oldest, then the first by name, and the loser is told.

import { type CodedError, gatewayError } from '../errors.ts'
import type { RouteSampling } from '../snapshot/snapshot.ts'
import { deepFreeze } from './freeze.ts'
import type { Gateway, HttpRoute, SamplingPolicy } from './kinds/index.ts'
import { byAge, missing, type Parsed, type ParsedByKind } from './parse.ts'

/** null = none reaches the route. The same object while policy and namespace stay the same. */
export type SamplingOf = (route: Parsed<HttpRoute>, gateways: readonly Parsed<Gateway>[]) => RouteSampling | null

export function indexSampling(parsed: ParsedByKind, errors: CodedError[], warnings: CodedError[]): SamplingOf {
  const winners = new Map<string, Parsed<SamplingPolicy>>()
  for (const policy of [...parsed.SamplingPolicy.values()].sort(byAge)) {
    policy.document.spec.targetRefs.forEach(({ kind, name }, index) => {
      const { namespace } = policy.document.metadata
      const target = kind === 'Namespace' ? `Namespace ${name}` : `${kind} ${namespace}/${name}`
      if (kind === 'Namespace' ? name !== namespace : !parsed[kind].has(`${namespace}/${name}`)) {
        errors.push(missing(policy, ['spec', 'targetRefs', index, 'name'], kind, name, kind === 'Namespace' ? [namespace] : parsed[kind].keys()))
        return
      }
      const winner = winners.get(target)
      if (winner === undefined) winners.set(target, policy)
      else if (winner !== policy) warnings.push(overruled(policy, winner, target))
    })
  }
  return (route, gateways) => {
    if (winners.size === 0) return null
    const { namespace } = route.document.metadata
    const targets = [route.target, `Namespace ${namespace}`, ...[...gateways].sort(byAge).map(({ target }) => target)]
    const winner = targets.map((target) => winners.get(target)).find((policy) => policy !== undefined)
    return winner === undefined ? null : samplingOf(winner, namespace)
  }
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

function overruled(loser: Parsed, winner: Parsed, target: string): CodedError {
  return gatewayError('RGT_CONFIG_CONFLICT', `${loser.document.kind} ${loser.key} is not in force for ${target}`, {
    place: loser.source.place(['metadata', 'name']),
    expected: 'one policy of a kind for each target',
    found: `${winner.key}, which is older or comes first by name`,
    hint: 'remove one, or attach the more specific one to the HTTPRoute',
  })
}
