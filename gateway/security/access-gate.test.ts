// What gateways ask answers as the meaning does.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { accessGateOf, admits, gatewayCaller } from './access-gate.ts'
import { someAccess, someMethod, somePath, somePrincipal } from './access.case.ts'
import { allows } from './access.ts'

test('a gate admits whom the policy allows, when it allows the gateway, too', () => {
  const seen = { admitted: 0, refused: 0, onlyGateway: 0, onlyCaller: 0 }
  fc.assert(fc.property(someAccess, somePrincipal, someMethod, somePath, (access, principal, method, path) => {
    const [own, gateway] = [allows(access, principal, method, path), allows(access, 'gateway', method, path)]
    expect(admits(accessGateOf(access), { principal, name: principal }, method, path)).toBe(own && gateway)
    expect(admits(accessGateOf(access), gatewayCaller, method, path)).toBe(gateway)
    seen[own && gateway ? 'admitted' : own ? 'onlyCaller' : gateway ? 'onlyGateway' : 'refused']++
  }), { numRuns: 3000 })
  // The property says nothing of a case that never comes up.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20)
})

test('an identity that is nobody\'s is admitted by no rule', () => {
  const open = accessGateOf({ policies: ['shop/guard'], rules: [{ principals: ['gateway'], methods: null, paths: null }] })
  expect(admits(open, { principal: null, name: 'spiffe://elsewhere/x' }, 'GET', '/')).toBe(false)
})

test('is made once for a policy', () => {
  const access = { policies: ['shop/guard'], rules: [] }
  expect(accessGateOf(access)).toBe(accessGateOf(access))
})
