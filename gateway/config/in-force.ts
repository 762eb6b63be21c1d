// Which policy of a kind is in force for a route, where policies hold whole: that on the route itself, else that on its namespace,
// else that on a Gateway of it. On one target, one that names the protocol is before one that names none; among equals the
// oldest is in force, then the first by name, and the loser is told.

import type { CodedError } from '../errors.ts'
import type { Gateway, HttpRoute, MetricsPolicy, SamplingPolicy } from './kinds/index.ts'
import { byAge, foreignNamespace, missing, overruled, type Parsed, type ParsedByKind } from './parse.ts'

type Policy = SamplingPolicy | MetricsPolicy

/** Stands for protocols that no policy names. */
export const anyProtocol = '*'

/** `protocol`: name of an adapter, or `anyProtocol`. null = no policy reaches the route. */
export type InForce<T extends Policy> = (
  route: Parsed<HttpRoute>, gateways: readonly Parsed<Gateway>[], protocol: string, warnings: CodedError[],
) => Parsed<T> | null

/** Adds RGT_CONFIG_REFERENCE to `errors` for a target that is not there, RGT_CONFIG_CONFLICT to `warnings` for a policy that is not in force. */
export function indexInForce<T extends Policy>(
  policies: ReadonlyMap<string, Parsed<T>>, protocolsOf: (policy: T) => readonly string[] | undefined,
  parsed: ParsedByKind, errors: CodedError[], warnings: CodedError[],
): InForce<T> {
  if (policies.size === 0) return () => null
  const winners = new Map<string, Parsed<T>>()
  for (const policy of [...policies.values()].sort(byAge)) {
    for (const target of targetsOf(policy, parsed, errors)) {
      for (const protocol of protocolsOf(policy.document) ?? [anyProtocol]) {
        const key = keyOf(target, protocol)
        const winner = winners.get(key)
        if (winner === undefined) winners.set(key, policy)
        else if (winner !== policy) warnings.push(overruled(policy, winner, worded(target, protocol)))
      }
    }
  }
  const on = (target: string, protocol: string): Parsed<T> | undefined =>
    winners.get(keyOf(target, protocol)) ?? winners.get(keyOf(target, anyProtocol))
  return (route, gateways, protocol, told) => {
    const own = on(route.target, protocol) ?? on(`Namespace ${route.document.metadata.namespace}`, protocol)
    if (own !== undefined) return own
    const inherited = [...new Set(gateways.flatMap(({ target }) => on(target, protocol) ?? []))].sort(byAge)
    for (const loser of inherited.slice(1)) told.push(overruled(loser, inherited[0], worded(route.target, protocol)))
    return inherited[0] ?? null
  }
}

function keyOf(target: string, protocol: string): string {
  return `${target} ${protocol}`
}

function worded(target: string, protocol: string): string {
  return protocol === anyProtocol ? target : `${target} over ${protocol}`
}

/** Each once. A namespace is the tenant whose policy it is: nobody sets what holds for another's. */
function targetsOf(policy: Parsed<Policy>, parsed: ParsedByKind, errors: CodedError[]): Set<string> {
  const { namespace } = policy.document.metadata
  const targets = new Set<string>()
  policy.document.spec.targetRefs.forEach(({ kind, name }, index) => {
    const key = `${namespace}/${name}`
    if (kind === 'Namespace') {
      if (name === namespace) targets.add(`Namespace ${name}`)
      else errors.push(foreignNamespace(policy, index, name))
    } else if (parsed[kind].has(key)) targets.add(`${kind} ${key}`)
    else errors.push(missing(policy, ['spec', 'targetRefs', index, 'name'], kind, key, parsed[kind].keys()))
  })
  return targets
}
