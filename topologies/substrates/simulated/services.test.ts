// Services in the simulated world: what they take, and who waits for whom where concurrency is limited.

import { expect, test } from 'vitest'
import { seededRandom } from '../../../gateway/runtime.ts'
import { loadTopology } from '../../load.ts'
import type { Topology } from '../../topology.ts'
import { layOutWorld } from './layout.ts'
import { defaultModel } from './model.ts'
import { Services } from './services.ts'

const three = await loadTopology('three-regions')
const still = { ...defaultModel, serviceUs: [0] }

function servicesOf(topology: Topology): { services: Services; endpointOf(service: string, region: string): number } {
  const layout = layOutWorld(topology)
  return {
    services: new Services(layout, still, seededRandom(1)),
    endpointOf: (service, region) => layout.endpoints.findIndex((endpoint) =>
      layout.services[endpoint.service].name === service && layout.regions[endpoint.region] === region),
  }
}

test('work takes the stated time, and what degrades a region comes on top for the services named', () => {
  const { services, endpointOf } = servicesOf(three)
  const catalog = endpointOf('shop/catalog:8080', 'eu-west')
  const ledger = endpointOf('shop/ledger:8080', 'eu-west')
  const within = (us: number, fromMs: number, toMs: number): void => {
    expect(us).toBeGreaterThanOrEqual(fromMs * 1000)
    expect(us).toBeLessThanOrEqual(toMs * 1000)
  }
  within(services.workUs(catalog), 1, 3)
  services.degrade(0, [{ services: ['shop/catalog:8080'], degradation: { delayMs: 100, errorRate: 1 } }])
  within(services.workUs(catalog), 101, 103)
  within(services.workUs(ledger), 3, 5)
  expect(services.status(catalog)).toBe(500)
  expect(services.status(ledger)).toBe(200)
  services.degrade(0, [])
  expect(services.status(catalog)).toBe(200)
})

test('a limited endpoint works on so many at once, the others in order, without those that gave up', () => {
  const limited: Topology = { ...three, services: three.services.map((service) => ({ ...service, response: { ...service.response, concurrency: 2 } })) }
  const { services, endpointOf } = servicesOf(limited)
  const endpoint = endpointOf('shop/catalog:8080', 'us-east')
  expect(services.isLimited(endpoint)).toBe(true)
  expect([1, 2, 3, 4, 5].map((attempt) => services.begin(endpoint, attempt))).toEqual([true, true, false, false, false])
  const alive = (attempt: number): boolean => attempt !== 3
  expect(services.end(endpoint, alive)).toBe(4)
  expect(services.end(endpoint, alive)).toBe(5)
  expect(services.end(endpoint, alive)).toBe(-1)
  expect(services.begin(endpoint, 6)).toBe(true)
  expect(services.begin(endpoint, 7)).toBe(false)
  services.forget(1)
  expect(services.begin(endpoint, 8)).toBe(true)
})
