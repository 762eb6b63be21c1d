// The same questions to gateways and to Linkerd: how Linkerd finds the one route that answers is written down here once
// more, and both must give one answer for any caller, method and path that are read alike by both.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allows, isAmbiguous, type AccessPath, type AccessRule, type Principal } from '../../../gateway/security/access.ts'
import { matchesOf, type AccessMatch } from './plan-matches.ts'

/** Gateway API, HTTPRouteMatch: an exact path, else the longest prefix by segments, else one that names the method. */
function linkerdAllows(rules: readonly AccessRule[], caller: Principal, method: string, path: string): boolean {
  const fits = ({ path: { type, value }, method: named }: AccessMatch): boolean =>
    (named === null || named === method) && (type === 'Exact' ? path === value : value === '/' || path === value || path.startsWith(`${value}/`))
  const rank = ({ path: { type, value }, method: named }: AccessMatch): number[] => [Number(type === 'Exact'), value.length, Number(named !== null)]
  const all = matchesOf(rules).flatMap(({ principals, matches }) => matches.filter(fits).map((match) => ({ principals, rank: rank(match) })))
  const [best] = all.sort((a, b) => b.rank[0] - a.rank[0] || b.rank[1] - a.rank[1] || b.rank[2] - a.rank[2])
  return best?.principals.includes(caller) ?? false
}

const path = fc.tuple(fc.array(fc.constantFrom('a', 'ab', 'b'), { maxLength: 3 }), fc.constantFrom('', '/')).map(([segments, end]) => `/${segments.join('/')}${segments.length > 0 ? end : ''}`)
const principal = fc.constantFrom<Principal>('gateway', 'service:shop/a', 'service:shop/b')
const rule: fc.Arbitrary<AccessRule> = fc.record({
  principals: fc.uniqueArray(principal, { minLength: 1 }), methods: fc.option(fc.uniqueArray(fc.constantFrom('GET', 'POST'), { minLength: 1 })),
  paths: fc.option(fc.array(fc.record({ type: fc.constantFrom<AccessPath['type']>('Exact', 'PathPrefix'), value: path }), { minLength: 1, maxLength: 3 })),
})

test('gateways and Linkerd answer alike', () => {
  fc.assert(fc.property(fc.array(rule, { maxLength: 4 }), principal, fc.constantFrom('GET', 'POST', 'PUT'), path, (rules, caller, method, asked) => {
    fc.pre(!isAmbiguous(asked))
    expect(linkerdAllows(rules, caller, method, asked)).toBe(allows({ policies: [], rules }, caller, method, asked))
  }), { numRuns: 2000 })
})

test('no match stands twice, and the order of rules does not show', () => {
  fc.assert(fc.property(fc.array(rule, { maxLength: 4 }), (rules) => {
    const matches = matchesOf(rules).flatMap((one) => one.matches.map((match) => JSON.stringify(match)))
    expect(new Set(matches).size).toBe(matches.length)
    expect(matchesOf([...rules].reverse())).toEqual(matchesOf(rules))
  }))
})

test('a wide rule does not lose its caller to a narrower one for somebody else', () => {
  const narrow: AccessRule = { principals: ['service:shop/a'], methods: null, paths: [{ type: 'PathPrefix', value: '/a' }] }
  expect(matchesOf([{ principals: ['gateway'], methods: null, paths: null }, narrow])).toEqual([
    { principals: ['gateway'], matches: [{ path: { type: 'PathPrefix', value: '/' }, method: null }] },
    { principals: ['gateway', 'service:shop/a'], matches: [{ path: { type: 'PathPrefix', value: '/a' }, method: null }] },
  ])
})
