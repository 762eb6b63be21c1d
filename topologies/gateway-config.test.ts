// The catalogue's own configuration is valid, and a route to nowhere is found before anything starts.

import { expect, test } from 'vitest'
import { readDocuments } from '../gateway/config/federate.ts'
import { CodedErrors } from '../gateway/errors.ts'
import { checkGatewayConfig, gatewayConfig } from './gateway-config.ts'
import { catalogTopologies, loadTopology } from './load.ts'

test.each(catalogTopologies())('the gateway configuration of $name is valid and routes the shop', async ({ name }) => {
  const documents = await gatewayConfig(await loadTopology(name))
  const routes = documents.filter(({ kind }) => kind === 'HTTPRoute').map(({ metadata }) => metadata.name)
  expect(routes.sort()).toEqual(['accounts', 'catalog', 'checkout', 'ledger'])
  expect(documents.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Gateway', 'FailoverPolicy', 'ResidencyPolicy']))
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
