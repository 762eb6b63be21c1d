// What a region's endpoints are where a mesh chooses behind each Service's own address.

import { expect, test } from 'vitest'
import { liveEndpoints } from './endpoints.ts'

const service = (name: string, spec: object) => ({ metadata: { name }, spec })
const slice = (of: string, ready: boolean) => ({
  metadata: { name: `${of}-1`, labels: { 'kubernetes.io/service-name': of } },
  ports: [{ name: 'http-80', port: 10_000, protocol: 'TCP' }], endpoints: [{ addresses: ['10.1.0.7'], conditions: { ready } }],
})
const ports = [{ name: 'http-80', port: 80, protocol: 'TCP' }, { name: 'dns', port: 53, protocol: 'UDP' }]
const world = [{
  namespace: 'shop',
  services: [service('cart', { clusterIP: '10.96.0.5', ports }), service('search', { clusterIP: '10.96.0.6', ports }), service('headless', { clusterIP: 'None', ports })],
  slices: [slice('cart', true), slice('search', false), slice('headless', true)],
}]

test('without a mesh they are the pods that are ready', () => {
  const pods = [{ host: '10.1.0.7', port: 10_000 }]
  expect(liveEndpoints(world)).toEqual({ 'shop/cart:80': pods, 'shop/search:80': [], 'shop/headless:80': pods })
})

test('behind a mesh they are the address of the Service, while any pod is ready', () => {
  expect(liveEndpoints(world, 'while-ready')).toEqual({ 'shop/cart:80': [{ host: '10.96.0.5', port: 80 }], 'shop/search:80': [], 'shop/headless:80': [] })
})

test('where the mesh may serve from elsewhere they are there whatever the pods', () => {
  expect(liveEndpoints(world, 'always')).toMatchObject({ 'shop/cart:80': [{ host: '10.96.0.5', port: 80 }], 'shop/search:80': [{ host: '10.96.0.6', port: 80 }], 'shop/headless:80': [] })
})
