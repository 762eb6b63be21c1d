// What Consul is told lets in whom the policy allows, and nobody else: a small evaluator of Consul's permissions against
// `allows`, over paths made of what policies are got around with.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { accessMethods, allows, isAmbiguous, type AccessRule, type Principal, type SnapshotAccess } from '../../../gateway/security/access.ts'
import { isProbe } from '../access.ts'
import { identitiesOf, sourcesOf, type IntentionSource } from './plan-access.ts'
import { consulNames, gatewayName } from './plan-names.ts'

const names = consulNames(['shop/accounts:8080', 'shop/ledger:8080', 'shop/ledger:9090', 'bank/ledger:8080'])

/** As Consul has it: the source of that name, its first permission that matches, or the agent's default, which is to refuse. */
function letsIn(sources: readonly IntentionSource[], name: string, method: string, path: string): boolean {
  const source = sources.find(({ Name }) => Name === name)
  if (source === undefined) return false
  return source.Action === 'allow' || source.Permissions!.some(({ HTTP: { PathExact, PathRegex, Methods } }) =>
    (PathExact === undefined || PathExact === path) && (PathRegex === undefined || new RegExp(`^(?:${PathRegex})$`).test(path))
    && (Methods === undefined || Methods.includes(method)))
}

const pieces = ['/', '/', '/', '.', '..', '...', ';', '%', '%2', '%2f', '%2e', '%5C', '%41', '%7e', '%7F', '%20', '%c3', '%00', '%%', '2', 'f', 'e', 'a', 'A', 'accounts', '\\', 'é', ' ', '~', '+', '#', '?', '*', '\u007f', '\n']
const loosePath = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((some) => some.join(''))
const anyPath = loosePath.map((path) => `/${path}`)
const principal = fc.constantFrom<Principal>('gateway', 'service:shop/ledger', 'service:bank/ledger', 'service:shop/nobody')
const accessPath = fc.record({ type: fc.constantFrom('Exact' as const, 'PathPrefix' as const), value: anyPath })
const rule: fc.Arbitrary<AccessRule> = fc.record({
  principals: fc.array(principal, { minLength: 1, maxLength: 3 }),
  methods: fc.option(fc.array(fc.constantFrom(...accessMethods), { minLength: 1, maxLength: 3 })), paths: fc.option(fc.array(accessPath, { minLength: 1, maxLength: 3 })),
})
const anyAccess: fc.Arbitrary<SnapshotAccess> = fc.array(rule, { maxLength: 3 }).map((rules) => ({ policies: ['shop/p'], rules }))

function checkAgreement(access: SnapshotAccess, caller: Principal, method: string, path: string): void {
  const sources = sourcesOf(access, names)
  // A service that the topology does not have has no workload to be let in.
  const wanted = allows(access, caller, method, path) || isProbe(access, caller, method, path)
  for (const name of identitiesOf(caller, names)) expect(letsIn(sources, name, method, path), `${name} ${method} ${path}`).toBe(wanted)
}

test('Consul lets in exactly whom the policy allows, wherever the path', () => {
  fc.assert(fc.property(anyAccess, principal, fc.constantFrom(...accessMethods), loosePath, checkAgreement), { numRuns: 2000 })
})

test('and at, below and beside each path that it names', () => {
  const near = fc.constantFrom('', '/', '/a', 'x', '/..', '/../a', '//', '/%2e', ';x', '/.;x', '/...', '/%41', '/%c3%a9', '%2f', '\\a')
  fc.assert(fc.property(anyAccess, principal, fc.constantFrom(...accessMethods), near, fc.nat(), (access, caller, method, suffix, pick) => {
    const values = access.rules.flatMap(({ paths }) => paths ?? []).map(({ value }) => value)
    fc.pre(values.length > 0)
    checkAgreement(access, caller, method, `${values[pick % values.length].replace(/\/$/, '')}${suffix}`)
  }), { numRuns: 2000 })
})

test('what every path may be is what no reader takes for another', () => {
  const everywhere: SnapshotAccess = { policies: ['shop/p'], rules: [{ principals: ['gateway'], methods: null, paths: null }] }
  const [{ Permissions }] = sourcesOf(everywhere, names)
  const whole = new RegExp(`^(?:${Permissions![0].HTTP.PathRegex})$`)
  fc.assert(fc.property(fc.oneof(anyPath, fc.string({ unit: 'binary' }).map((path) => `/${path}`)), (path) => {
    expect(whole.test(path)).toBe(!isAmbiguous(path))
  }), { numRuns: 3000 })
  // RE2 has neither look-around nor back-references.
  expect(Permissions![0].HTTP.PathRegex).not.toMatch(/\(\?[=!<]|\\[1-9]/)
})

test('by whole segments, for each name that a caller has, and nothing for those it lacks', () => {
  const access: SnapshotAccess = { policies: ['shop/p'], rules: [
    { principals: ['service:shop/ledger', 'service:shop/nobody'], methods: ['GET'], paths: [{ type: 'PathPrefix', value: '/a.b/' }] },
    { principals: ['service:shop/ledger'], methods: null, paths: [{ type: 'Exact', value: '/c' }] },
  ] }
  const sources = sourcesOf(access, names)
  expect(sources.map(({ Name }) => Name)).toEqual(['ledger-shop-8080', 'ledger-shop-9090'])
  const opens = (method: string, path: string): boolean => letsIn(sources, 'ledger-shop-8080', method, path)
  expect([opens('GET', '/a.b'), opens('GET', '/a.b/'), opens('GET', '/a.b/c'), opens('GET', '/c'), opens('PATCH', '/c')]).toEqual([true, true, true, true, true])
  expect([opens('POST', '/a.b'), opens('GET', '/a.bc'), opens('GET', '/aXb'), opens('GET', '/A.b'), opens('GET', '/a.b/../c'), opens('GET', '/c/')]).toEqual([false, false, false, false, false, false])
})

test('a gateway that may call may probe, one that may not may not, and without a policy it may do all', () => {
  const only = (caller: Principal): SnapshotAccess => ({ policies: ['shop/p'], rules: [{ principals: [caller], methods: ['POST'], paths: [{ type: 'Exact', value: '/a' }] }] })
  expect(letsIn(sourcesOf(only('gateway'), names), gatewayName, 'GET', '/healthz')).toBe(true)
  expect(letsIn(sourcesOf(only('gateway'), names), gatewayName, 'GET', '/healthz/x')).toBe(false)
  expect(letsIn(sourcesOf(only('service:shop/ledger'), names), gatewayName, 'GET', '/healthz')).toBe(false)
  expect(letsIn(sourcesOf(only('service:shop/ledger'), names), 'ledger-shop-8080', 'GET', '/healthz')).toBe(false)
  expect(sourcesOf(undefined, names)).toEqual([{ Name: gatewayName, Action: 'allow' }])
  expect(sourcesOf({ policies: ['shop/p'], rules: [] }, names)).toEqual([])
})
