// A service's name and its three parts.

import { expect, test } from 'vitest'
import { parseServiceName, withoutPort } from './service-name.ts'

test('a service name has three parts', () => {
  expect(parseServiceName('shop/catalog:8080')).toEqual({ namespace: 'shop', name: 'catalog', port: 8080 })
  expect(withoutPort('shop/catalog:8080')).toBe('shop/catalog')
})
