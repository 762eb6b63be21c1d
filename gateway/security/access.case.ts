// What the tests of access share: policies, requests and paths of every kind, near enough to each other that both answers
// happen often.

import fc from 'fast-check'
import { accessMethods, type AccessPath, type AccessRule, type Principal, type SnapshotAccess } from './access.ts'

export const somePrincipal = fc.constantFrom<Principal>('gateway', 'service:shop/cart', 'service:shop/checkout', 'service:other/cart')
export const someMethod = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'get', 'PURGE')

const segment = fc.constantFrom('a', 'b', 'A', 'ab', '', '.', '..', '..;x', '...', '%41', '%2e', '%2F', '%5c', '%20', '%zz', '%', 'é', 'a;b', 'a b', 'a?b', '\\')
const plain = fc.constantFrom('a', 'b', 'ab', 'A', '%20', 'a;b')

/** Mostly paths that a service could get; hostile ones among them. */
export const somePath = fc.tuple(fc.array(fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: segment }), { maxLength: 4 }), fc.boolean())
  .map(([segments, open]) => `/${segments.join('/')}${open && segments.length > 0 ? '/' : ''}`)

const ruled = fc.record<AccessPath>({
  type: fc.constantFrom('Exact', 'PathPrefix'),
  value: fc.tuple(fc.array(plain, { maxLength: 3 }), fc.boolean()).map(([segments, open]) => `/${segments.join('/')}${open && segments.length > 0 ? '/' : ''}`),
})

const rule = fc.record<AccessRule>({
  principals: fc.uniqueArray(somePrincipal, { minLength: 1 }),
  methods: fc.option(fc.subarray([...accessMethods], { minLength: 1 })),
  paths: fc.option(fc.array(ruled, { minLength: 1, maxLength: 4 })),
})

export const someAccess = fc.record<SnapshotAccess>({ policies: fc.constant(['shop/guard']), rules: fc.array(rule, { maxLength: 4 }) })
