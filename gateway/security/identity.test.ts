// What a sidecar tells of its peer, and what somebody might tell in its place.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callerOf, consulIdentityPath, kubernetesIdentityPath, type Identities } from './identity.ts'

const cart = 'spiffe://f00.consul/ns/default/dc/eu-west/svc/cart-shop-8080'
const identities: Identities = {
  [consulIdentityPath('eu-west', 'cart-shop-8080')]: 'service:shop/cart',
  [kubernetesIdentityPath('shop', 'checkout')]: 'service:shop/checkout',
  [`spiffe://one.example${kubernetesIdentityPath('shop', 'pay')}`]: 'service:shop/pay',
}
const principalOf = (value: string | undefined): unknown => {
  const caller = callerOf(value, identities)
  return typeof caller === 'string' ? caller : caller.principal
}

test.each([
  [`By=spiffe://f00.consul/ns/default/dc/eu-west/svc/gateway;Hash=468e;Subject="CN=cart,O=\\"Shop, Inc\\";x";URI=${cart}`, 'service:shop/cart'],
  [`URI=${cart}`, 'service:shop/cart'],
  [`URI="${cart}"`, 'service:shop/cart'],
  [`Hash=1;Cert="-----BEGIN%20CERTIFICATE-----";Subject="";URI=${cart};DNS=a.example;DNS=b.example`, 'service:shop/cart'],
  ['URI=spiffe://cluster.local/ns/shop/sa/checkout', 'service:shop/checkout'],
  // The last element is the direct peer, whatever was passed on before it.
  [`URI=spiffe://cluster.local/ns/shop/sa/checkout,URI=${cart}`, 'service:shop/cart'],
  [`URI=${cart}, Hash=1;URI=spiffe://cluster.local/ns/shop/sa/checkout`, 'service:shop/checkout'],
  ['URI=spiffe://one.example/ns/shop/sa/pay', 'service:shop/pay'],
  ['URI=spiffe://two.example/ns/shop/sa/pay', null],
  ['URI=spiffe://cluster.local/ns/shop/sa/unheard-of', null],
  ['URI=spiffe://cluster.local/ns/shop/sa/CHECKOUT', null],
  ['URI=spiffe://cluster.local/constructor', null],
])('%s is %s', (header, principal) => expect(principalOf(header)).toBe(principal))

test('an identity that is not known is named', () => {
  expect(callerOf('URI=spiffe://cluster.local/ns/shop/sa/x', identities)).toEqual({ principal: null, name: 'spiffe://cluster.local/ns/shop/sa/x' })
  expect(callerOf(`URI=${cart}`, identities)).toEqual({ principal: 'service:shop/cart', name: 'service:shop/cart' })
})

test.each([
  undefined, '', ',', ';', 'URI', '=', `URI=${cart},`, `URI=${cart};`, `URI="${cart}`, `URI=${cart}"`, `URI="${cart}"x`,
  'Hash=1;Subject="CN=cart"', `URI=${cart};URI=${cart}`, `URI=${cart},Hash=1`, `Subject="x\\";URI=${cart}`, `uri=${cart}`, `${cart}`,
  'URI=https://f00.consul/ns/default/dc/eu-west/svc/cart-shop-8080', 'URI=spiffe://f00.consul', 'URI=spiffe://f00.consul/', 'URI=spiffe:///ns/shop/sa/checkout',
  'URI=spiffe://cluster.local/ns/shop/sa/checkout/', 'URI=spiffe://cluster.local/ns/x/../shop/sa/checkout', 'URI=spiffe://cluster.local//ns/shop/sa/checkout',
  'URI=spiffe://cluster.local/ns/shop/sa/check%6Fut', 'URI=spiffe://user@cluster.local/ns/shop/sa/checkout', 'URI=spiffe://Cluster.local/ns/shop/sa/checkout',
  `URI=${cart};Hash=${'a'.repeat(20_000)}`,
])('%s tells of nobody', (header) => expect(callerOf(header, identities)).toEqual(expect.stringMatching(/x-forwarded-client-cert/)))

test('no text makes a caller of what its last element does not name', () => {
  const part = fc.constantFrom('URI=', 'Subject=', 'Hash=', '"', '\\"', '\\', ',', ';', '=', ' ', 'x', cart, 'spiffe://cluster.local/ns/shop/sa/checkout')
  fc.assert(fc.property(fc.array(part, { maxLength: 14 }).map((parts) => parts.join('')), (header) => {
    const caller = callerOf(header, identities)
    if (typeof caller === 'string' || caller.principal === null) return
    // Wherever quotes stand, the identity must stand behind the last comma that is not inside of them.
    const outside = header.replace(/="(?:\\"|[^"])*"/g, (quoted) => (quoted.includes('spiffe') ? quoted.replaceAll(',', '') : '=q'))
    expect(outside.slice(outside.lastIndexOf(',') + 1)).toMatch(/URI="?spiffe:/)
  }), { numRuns: 3000 })
})
