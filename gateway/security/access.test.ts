// The meaning of a policy, and which paths are allowed to nobody.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { somePath } from './access.case.ts'
import { allows, isAmbiguous, type AccessRule } from './access.ts'

const rule = (changes: Partial<AccessRule>): AccessRule => ({ principals: ['gateway'], methods: null, paths: null, ...changes })
const may = (rules: AccessRule[], method = 'GET', path = '/a'): boolean => allows({ policies: ['shop/guard'], rules }, 'gateway', method, path)

test('what no rule allows is refused', () => {
  expect(may([])).toBe(false)
  expect(may([rule({})])).toBe(true)
  expect(may([rule({ principals: ['service:shop/a'] })])).toBe(false)
  expect(may([rule({ methods: ['POST'] }), rule({ paths: [{ type: 'Exact', value: '/b' }] })])).toBe(false)
})

test('methods compare exactly: GET is neither HEAD nor get', () => {
  expect(['GET', 'HEAD', 'get', 'PURGE'].map((method) => may([rule({ methods: ['GET'] })], method))).toEqual([true, false, false, false])
})

test.each<['Exact' | 'PathPrefix', string, string[], string[]]>([
  ['Exact', '/a', ['/a'], ['/a/', '/A', '/a/b', '/', '/ab']],
  ['PathPrefix', '/a', ['/a', '/a/', '/a/b'], ['/ab', '/A', '/', '/b/a']],
  ['PathPrefix', '/a/', ['/a', '/a/', '/a/b'], ['/ab']],
  ['PathPrefix', '/', ['/', '/a', '/a/b'], ['*']],
])('%s %s', (type, value, allowed, refused) => {
  const ruled = (path: string): boolean => may([rule({ paths: [{ type, value }] })], 'GET', path)
  expect([allowed.filter(ruled), refused.filter(ruled)]).toEqual([allowed, []])
})

test.each([
  '/a/../b', '/..', '/a/.', '/a/./b', '/a/..;/b', '/a/.;x', '//a', '/a//b', '/a//', '/a\\b', '/%2e/a', '/%2E%2e/a', '/a%2fb', '/a%2Fb', '/a%5Cb',
  '/%61', '/%41', '/%7e', '/%30', '/%00', '/a%', '/a%2', '/a%zz', '/é', '/a b', '/a\u007f', '/a\nb', '/a?b', '/a#b',
])('%j can be read in two ways and is allowed to nobody', (path) => {
  expect([isAmbiguous(path), may([rule({})], 'GET', path)]).toEqual([true, false])
})

test.each(['/', '/a', '/a/', '/a/b.c', '/a/.b', '/a/..b', '/a/...', '/a/b..', '/a;x=1', '/a%20b', '/%C3%A9', '/a%3Bb', '*'])('%j has one reading', (path) => {
  expect(isAmbiguous(path)).toBe(false)
})

/** The same said by patterns: slower, and shorter to check by eye. */
function oracle(path: string): boolean {
  return /\/\/|\/\.\.?(?=[/;]|$)/.test(path) || /[^!-~]|[\\?#]/.test(path)
    || /%(?![0-9a-f]{2})|%(2[def]|5[cf]|7e|[46][1-9a-f]|[57][0-9a]|3[0-9]|00)/i.test(path)
}

test('one walk finds what patterns find', () => {
  const hostile = fc.array(fc.constantFrom('/', '.', '%', '2', 'e', 'F', '5', 'c', '0', '7', 'a', 'Z', ';', '?', '\\', ' ', '~', 'ÿ'), { maxLength: 12 }).map((parts) => `/${parts.join('')}`)
  fc.assert(fc.property(fc.oneof(somePath, hostile), (path) => {
    expect(isAmbiguous(path)).toBe(oracle(path))
  }), { numRuns: 3000 })
  for (let code = 0; code < 256; code++) {
    const path = `/a%${code.toString(16).padStart(2, '0')}`
    expect([path, isAmbiguous(path)]).toEqual([path, oracle(path)])
  }
})
