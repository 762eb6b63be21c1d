// The catalogue's own configuration is valid, and a route to nowhere is found before anything starts.

import { expect, test } from 'vitest'
import { federate, fromObjects, readDocuments } from '../gateway/config/federate.ts'
import { CodedErrors } from '../gateway/errors.ts'
import { checkGatewayConfig, gatewayConfig } from './gateway-config.ts'
import { catalogTopologies, loadTopology } from './load.ts'

test.each(['three-regions', 'fifteen-regions'])('the gateway configuration of %s is valid and routes the shop', async (name) => {
  const documents = await gatewayConfig(await loadTopology(name))
  const routes = documents.filter(({ kind }) => kind === 'HTTPRoute').map(({ metadata }) => metadata.name)
  expect(routes.sort()).toEqual(['accounts', 'catalog', 'checkout', 'ledger'])
  expect(documents.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Gateway', 'FailoverPolicy', 'ResidencyPolicy']))
})

test('that of global-federation routes every service, and locks every tenant of a zone to it', async () => {
  const topology = await loadTopology('global-federation')
  const { routes } = federate(fromObjects(await gatewayConfig(topology), 'config'))
  const led = routes.map(({ document: { metadata, spec } }) => `${metadata.namespace}/${spec.rules[0].backendRefs[0].name}:${spec.rules[0].backendRefs[0].port}`)
  expect(led.sort()).toEqual(topology.services.map(({ name }) => name).sort())
  for (const { document: { metadata }, residency } of routes) {
    const zone = /^(eu|us|in|cn|br)-/.exec(metadata.namespace)?.[1].toUpperCase()
    expect(residency.map(({ spec }) => spec.allowedJurisdictions)).toEqual(zone === undefined ? [] : [[zone]])
  }
})

test.each(catalogTopologies())('a service of $name that is locked runs where it is allowed', async ({ name }) => {
  const topology = await loadTopology(name)
  const { routes } = federate(fromObjects(await gatewayConfig(topology), 'config'))
  const jurisdictions = new Map(topology.regions.map((region) => [region.name, region.jurisdiction]))
  const regions = new Map(topology.services.map((service) => [service.name, service.regions]))
  const locked = routes.filter(({ residency }) => residency.length > 0)
  expect(locked.length).toBeGreaterThan(0)
  for (const { document: { metadata, spec }, residency } of locked) {
    const allowed = residency.flatMap((policy) => policy.spec.allowedJurisdictions ?? [])
    const [{ name: backend, port }] = spec.rules[0].backendRefs
    const runs = regions.get(`${metadata.namespace}/${backend}:${port}`) ?? []
    expect(runs.some((region) => allowed.includes(jurisdictions.get(region) ?? ''))).toBe(true)
  }
})

test('a route to a service that nobody runs is named with its line and the nearest service', async () => {
  const topology = await loadTopology('three-regions')
  const sources = readDocuments(`apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop, namespace: shop }
spec: { gatewayClassName: regatta, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: lost, namespace: shop }
spec:
  parentRefs: [{ name: shop }]
  rules:
    - backendRefs: [{ name: catalogue, port: 8080 }]
`, 'lost.yaml')
  const check = (): void => checkGatewayConfig(topology, sources)
  expect(check).toThrow(CodedErrors)
  expect(check).toThrow(expect.objectContaining({
    errors: [expect.objectContaining({
      code: 'RGT_TOPOLOGY_REFERENCE',
      details: expect.objectContaining({
        place: expect.objectContaining({ file: 'lost.yaml', line: 12 }), found: 'shop/catalogue:8080', hint: 'did you mean `shop/catalog:8080`?',
      }),
    })],
  }))
})
