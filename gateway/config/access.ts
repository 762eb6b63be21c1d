// AccessPolicies to what each service is guarded by. Rules of all policies on a service add up, without repeats and sorted, so
// that neither the order of files nor that of rules shows. A policy on a service that nothing names is an error: somebody
// meant to guard a service, and under another name it would stand open.

import type { CodedError } from '../errors.ts'
import type { AccessPath, AccessRule, Principal, SnapshotAccess } from '../security/access.ts'
import { deepFreeze } from './freeze.ts'
import type { HttpFilter } from './http-route-filters.ts'
import type { BackendReference } from './http-route-parts.ts'
import type { AccessPolicy, HttpRoute } from './kinds/index.ts'
import type { AccessSource } from './kinds/access-policy.ts'
import { compareText, missing, type Parsed, type ParsedByKind } from './parse.ts'

/** By `namespace/name` of the guarded service: it holds for all of its ports. */
export type AccessByService = ReadonlyMap<string, SnapshotAccess>

const nobodyGuarded: AccessByService = new Map()

/** Adds RGT_CONFIG_REFERENCE to `errors` for a target that nothing names, to `warnings` for such a caller: that one is only kept out. */
export function indexAccess(parsed: ParsedByKind, errors: CodedError[], warnings: CodedError[]): AccessByService {
  if (parsed.AccessPolicy.size === 0) return nobodyGuarded
  const policies = [...parsed.AccessPolicy.values()].sort((a, b) => compareText(a.key, b.key))
  const named = namedServices(parsed)
  const byService = new Map<string, Parsed<AccessPolicy>[]>()
  for (const policy of policies) {
    policy.document.spec.targetRefs.forEach(({ name }, index) => {
      const key = `${policy.document.metadata.namespace}/${name}`
      if (!named.has(key)) errors.push(unguarded(policy, index, key, named))
      const there = byService.get(key)
      if (there === undefined) byService.set(key, [policy])
      else if (!there.includes(policy)) there.push(policy)
    })
    warnings.push(...strangers(policy, named))
  }
  return new Map([...byService].sort(([a], [b]) => compareText(a, b)).map(([key, guards]) => [key, accessOf(guards)]))
}

function unguarded(policy: Parsed<AccessPolicy>, index: number, key: string, named: ReadonlySet<string>): CodedError {
  const error = missing(policy, ['spec', 'targetRefs', index, 'name'], 'Service', key, named)
  error.details.hint ??= 'a ServiceImport names a service that no route leads to'
  return error
}

function strangers(policy: Parsed<AccessPolicy>, named: ReadonlySet<string>): CodedError[] {
  const { metadata, spec } = policy.document
  return spec.rules.flatMap(({ from }, rule) => from.flatMap((source, index) => {
    if (source.service === undefined) return []
    const key = `${source.service.namespace ?? metadata.namespace}/${source.service.name}`
    return named.has(key) ? [] : [missing(policy, ['spec', 'rules', rule, 'from', index, 'service', 'name'], 'Service', key, named)]
  }))
}

/** What routes send or mirror to, and what is imported. */
function namedServices(parsed: ParsedByKind): Set<string> {
  const named = new Set(parsed.ServiceImport.keys())
  for (const route of parsed.HTTPRoute.values()) {
    for (const service of (route.memo.services ??= servicesIn(route.document)) as readonly string[]) named.add(service)
  }
  return named
}

function servicesIn({ metadata, spec }: HttpRoute): string[] {
  const references = spec.rules.flatMap(({ backendRefs, filters }): BackendReference[] =>
    [...backendRefs, ...[filters, ...backendRefs.map((backend) => backend.filters)].flatMap(mirrorsIn)])
  return [...new Set(references.map(({ namespace, name }) => `${namespace ?? metadata.namespace}/${name}`))]
}

function mirrorsIn(filters: readonly HttpFilter[]): BackendReference[] {
  return filters.flatMap((filter) => (filter.type === 'RequestMirror' ? [filter.requestMirror.backendRef] : []))
}

/** The same object while the policies are the same documents: hashes and the gateways' own forms are kept by identity. */
const made = new WeakMap<AccessPolicy, { of: readonly AccessPolicy[]; access: SnapshotAccess }[]>()

function accessOf(policies: readonly Parsed<AccessPolicy>[]): SnapshotAccess {
  const of = policies.map(({ document }) => document)
  let known = made.get(of[0])
  if (known === undefined) made.set(of[0], (known = []))
  const same = known.find((one) => one.of.length === of.length && one.of.every((document, index) => document === of[index]))
  if (same !== undefined) return same.access
  const access = deepFreeze({ policies: policies.map(({ key }) => key), rules: distinct(of.flatMap(rulesOf)) })
  // The sets that a policy was part of change seldom, and only the newest are asked for again.
  known.unshift({ of, access })
  known.length = Math.min(known.length, 8)
  return access
}

function rulesOf({ metadata, spec }: AccessPolicy): AccessRule[] {
  return spec.rules.map(({ from, methods, paths }) => ({
    principals: distinct(from.map((source) => principalOf(source, metadata.namespace))),
    methods: methods === undefined ? null : distinct(methods),
    paths: paths === undefined ? null : distinct(paths.map(normal)),
  }))
}

function principalOf({ service }: AccessSource, namespace: string): Principal {
  return service === undefined ? 'gateway' : `service:${service.namespace ?? namespace}/${service.name}`
}

/** `/a/` and `/a` are one prefix. */
function normal({ type, value }: AccessPath): AccessPath {
  return { type, value: type === 'PathPrefix' && value.length > 1 && value.endsWith('/') ? value.slice(0, -1) : value }
}

/** Sorted by their JSON, each once: all that is sorted here is built with its keys in one order. */
function distinct<T>(values: readonly T[]): T[] {
  const byText = new Map(values.map((value) => [JSON.stringify(value), value]))
  return [...byText].sort(([a], [b]) => compareText(a, b)).map(([, value]) => value)
}
