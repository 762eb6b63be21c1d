// The same questions to gateways and to Istio: what Istio's documentation says of its rules is written down here once more,
// and both must give one answer for any caller, method and path that are read alike by both.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allows, isAmbiguous, type AccessPath, type Principal, type SnapshotAccess } from '../../../gateway/security/access.ts'
import { istioPaths, refuseBrokenEscapes, servicePolicy, type IstioRule } from './plan-policies.ts'

const principalOf = (principal: Principal): string => (principal === 'gateway' ? 'mesh.example/ns/run-system/sa/gateway' : `mesh.example/ns/run-shop/sa/${principal.split('/')[1]}`)

const policyOf = (access: SnapshotAccess | undefined, lawful = true): IstioRule[] | undefined =>
  (servicePolicy({ name: 'catalog-80', namespace: 'run-shop', pods: { labels: { a: 'b' }, port: 10_001 }, lawful, access, principalOf }).spec as { rules?: IstioRule[] }).rules

/** security.istio.io/v1, AuthorizationPolicy: exact, prefix (`abc*`), suffix (`*abc`); rules of ALLOW are alternatives. */
function istioAllows(rules: IstioRule[] | undefined, caller: string, port: number, method: string, path: string): boolean {
  const fits = (patterns: string[] | undefined, value: string): boolean => patterns === undefined || patterns.some((pattern) =>
    pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern.startsWith('*') ? value.endsWith(pattern.slice(1)) : value === pattern)
  return (rules ?? []).some(({ from, to }) => (from === undefined || from.some(({ source }) => fits(source.principals, caller)))
    && to.some(({ operation }) => fits(operation.ports, String(port)) && fits(operation.methods, method) && fits(operation.paths, path)))
}

const segment = fc.constantFrom('a', 'ab', 'b', 'a.b', 'x-1')
const path = fc.tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '/')).map(([segments, end]) => `/${segments.join('/')}${segments.length > 0 ? end : ''}`)
const principal = fc.constantFrom<Principal>('gateway', 'service:shop/catalog', 'service:shop/cat')
const rule = fc.record({
  principals: fc.uniqueArray(principal, { minLength: 1 }), methods: fc.option(fc.uniqueArray(fc.constantFrom('GET', 'POST'), { minLength: 1 })),
  paths: fc.option(fc.array(fc.record({ type: fc.constantFrom('Exact', 'PathPrefix'), value: path }) as fc.Arbitrary<AccessPath>, { minLength: 1, maxLength: 3 })),
})
const access = fc.array(rule, { maxLength: 3 }).map((rules): SnapshotAccess => ({ policies: ['shop/p'], rules }))

test('gateways and Istio answer alike', () => {
  fc.assert(fc.property(access, principal, fc.constantFrom('GET', 'POST', 'PUT'), path, (policy, caller, method, asked) => {
    fc.pre(!isAmbiguous(asked))
    expect(istioAllows(policyOf(policy), principalOf(caller), 10_001, method, asked)).toBe(allows(policy, caller, method, asked))
    // Services share pods: what is allowed to one of them opens no other.
    expect(istioAllows(policyOf(policy), principalOf(caller), 10_002, method, asked)).toBe(false)
  }), { numRuns: 1000 })
})

test('prefixes go by whole segments', () => {
  expect(istioPaths({ type: 'PathPrefix', value: '/a/b' })).toEqual(['/a/b', '/a/b/*'])
  expect(istioPaths({ type: 'PathPrefix', value: '/a/b/' })).toEqual(['/a/b', '/a/b/*'])
  expect(istioPaths({ type: 'PathPrefix', value: '/' })).toEqual(['/*'])
  expect(istioPaths({ type: 'Exact', value: '/a/' })).toEqual(['/a/'])
})

test('without a policy everybody in the mesh may call, against the law nobody', () => {
  expect(policyOf(undefined)).toEqual([{ to: [{ operation: { ports: ['10001'] } }] }])
  expect(policyOf(undefined, false)).toBeUndefined()
  expect(policyOf({ policies: ['shop/p'], rules: [] })).toBeUndefined()
})

test.each(['/a*', '/*', '/{*}/b', '/a/{**}'])('%s, which Istio reads as a pattern, is refused', (value) => {
  expect(() => istioPaths({ type: 'Exact', value })).toThrow(expect.objectContaining({ code: 'RGT_UNSUPPORTED' }))
})

test('paths with a broken escape are refused, and no others', () => {
  const spec = refuseBrokenEscapes('istio-system').spec as { configPatches: [{ patch: { value: { typed_config: { rules: { policies: { 'broken-escapes': { permissions: [{ url_path: { path: { safe_regex: { regex: string } } } }] } } } } } } }] }
  const { regex } = spec.configPatches[0].patch.value.typed_config.rules.policies['broken-escapes'].permissions[0].url_path.path.safe_regex
  // Envoy's RE2 has to match the whole path.
  const refused = new RegExp(`^(?:${regex})$`)
  const isBroken = (path: string): boolean => /%(?![0-9A-Fa-f]{2})/.test(path)
  fc.assert(fc.property(fc.array(fc.constantFrom('%', '%4', '%zz', '%41', 'a', 'f', '0', '/', '.'), { maxLength: 12 }), (pieces) => {
    const path = `/${pieces.join('')}`
    expect(refused.test(path)).toBe(isBroken(path))
  }))
})
