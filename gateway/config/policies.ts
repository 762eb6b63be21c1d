// Which policy is in force where. FailoverPolicy: the most specific wins, field by field; among equals the oldest,
// then the first by name, and the loser is told. ResidencyPolicy: all that reach a route hold together.

import type { CodedError } from '../errors.ts'
import { defaultHealth, type HealthSettings } from '../snapshot/snapshot.ts'
import { deepFreeze } from './freeze.ts'
import type { FailoverPolicy, Gateway, HttpRoute, ResidencyPolicy } from './kinds/index.ts'
import type { HealthSpec } from './kinds/failover-policy.ts'
import { byAge, missing, overruled, type Parsed, type ParsedByKind } from './parse.ts'

export interface PolicyIndex {
  health: HealthSettings
  failoverOf(route: Parsed<HttpRoute>): FailoverPolicy | null
  failoverOfGateways(route: Parsed<HttpRoute>, gateways: readonly Parsed<Gateway>[], warnings: CodedError[]): FailoverPolicy | null
  /** Oldest first. Through several Gateways a route is bound by the policies of all: the strictest reading. */
  residencyOf(route: Parsed<HttpRoute>, gateways: readonly Parsed<Gateway>[]): readonly ResidencyPolicy[]
}

type ByTarget<T extends FailoverPolicy | ResidencyPolicy> = Map<string, Parsed<T>[]>

export function indexPolicies(parsed: ParsedByKind, errors: CodedError[], warnings: CodedError[]): PolicyIndex {
  const failover = byTarget(parsed.FailoverPolicy, parsed, errors)
  const residency = byTarget(parsed.ResidencyPolicy, parsed, errors)
  for (const [target, policies] of failover) {
    for (const loser of policies.slice(1)) warnings.push(overruled(loser, policies[0], target))
  }
  return {
    health: healthOf(failover, warnings),
    failoverOf: (route) => failover.get(route.target)?.[0].document ?? null,
    failoverOfGateways(route, gateways, told) {
      if (gateways.length === 1) return failover.get(gateways[0].target)?.[0].document ?? null
      const policies = distinct(gateways.flatMap(({ target }) => failover.get(target)?.slice(0, 1) ?? []))
      for (const loser of policies.slice(1)) told.push(overruled(loser, policies[0], route.target))
      return policies[0]?.document ?? null
    },
    residencyOf(route, gateways) {
      if (residency.size === 0) return none
      const targets = [route.target, ...gateways.map(({ target }) => target)]
      return distinct(targets.flatMap((target) => residency.get(target) ?? [])).map(({ document }) => document)
    },
  }
}

const none: readonly ResidencyPolicy[] = Object.freeze([])

function byTarget<T extends FailoverPolicy | ResidencyPolicy>(
  policies: ReadonlyMap<string, Parsed<T>>, parsed: ParsedByKind, errors: CodedError[],
): ByTarget<T> {
  const targets: ByTarget<T> = new Map()
  for (const policy of [...policies.values()].sort(byAge)) {
    policy.document.spec.targetRefs.forEach(({ kind, name }, index) => {
      const key = `${policy.document.metadata.namespace}/${name}`
      const candidates: ReadonlyMap<string, unknown> = parsed[kind]
      if (!candidates.has(key)) {
        errors.push(missing(policy, ['spec', 'targetRefs', index, 'name'], kind, key, candidates.keys()))
        return
      }
      const target = `${kind} ${key}`
      const there = targets.get(target)
      if (there === undefined) targets.set(target, [policy])
      else if (!there.includes(policy)) there.push(policy)
    })
  }
  return targets
}

/** One set of health settings a process: the oldest policy on any Gateway that has some. */
function healthOf(failover: ByTarget<FailoverPolicy>, warnings: CodedError[]): HealthSettings {
  const winners = distinct([...failover].filter(([target]) => target.startsWith('Gateway ')).map(([, policies]) => policies[0]))
  const setting = winners.filter(({ document }) => document.spec.health !== undefined)
  for (const loser of setting.slice(1)) warnings.push(overruled(loser, setting[0], 'the health settings of the federation'))
  const spec = setting[0]?.document.spec.health
  return spec === undefined ? frozenDefault : healthFrom(spec)
}

const frozenDefault = deepFreeze(structuredClone(defaultHealth))
const compiled = new WeakMap<HealthSpec, HealthSettings>()

function healthFrom(spec: HealthSpec): HealthSettings {
  const known = compiled.get(spec)
  if (known !== undefined) return known
  const { outlier = {}, silence = {}, probe = {}, retry = {}, recovery = {} } = spec
  const base = defaultHealth
  const made: HealthSettings = deepFreeze({
    outlier: {
      ...base.outlier,
      ...given({
        connectionFailures: outlier.connectionFailures, consecutive5xx: outlier.consecutive5xx, counterResetMs: ms(outlier.counterReset),
        maxEjectedShare: outlier.maxEjectedShare, panicShare: outlier.panicShare,
      }),
    },
    silence: {
      ...base.silence,
      ...given({
        minOutstanding: silence.minOutstanding, p99Multiple: silence.p99Multiple, minMs: ms(silence.min), maxMs: ms(silence.max),
      }),
    },
    probe: {
      ...base.probe,
      ...given({
        intervalMs: ms(probe.interval), minTimeoutMs: ms(probe.minTimeout), p99MarginMs: ms(probe.p99Margin),
        misses: probe.misses, maxPerSecond: probe.maxPerSecond,
      }),
    },
    retry: {
      ...base.retry,
      ...given({ budgetShare: retry.budgetShare, budgetWindowMs: ms(retry.budgetWindow), minPerSecond: retry.minPerSecond }),
    },
    recovery: {
      ...base.recovery,
      ...given({ successes: recovery.successes, minMs: ms(recovery.min), rampMs: ms(recovery.ramp), rampStart: recovery.rampStart }),
    },
    overprovisioning: spec.overprovisioning ?? base.overprovisioning,
    maxLoopLagMs: ms(spec.maxLoopLag) ?? base.maxLoopLagMs,
    failoverOwner: spec.failoverOwner ?? base.failoverOwner,
  })
  compiled.set(spec, made)
  return made
}

function ms(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / 1000
}

/** Only the fields that have a value. */
function given<T extends Record<string, number | undefined>>(fields: T): { [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: number }
}

function distinct<T extends FailoverPolicy | ResidencyPolicy>(policies: readonly Parsed<T>[]): Parsed<T>[] {
  return [...new Set(policies)].sort(byAge)
}
