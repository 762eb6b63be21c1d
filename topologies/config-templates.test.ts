// Templates of gateway configuration: one document for each service, for each namespace, or just one; and mistakes in
// them, told once and where the template says them.

import { expect, test } from 'vitest'
import { CodedErrors } from '../gateway/errors.ts'
import { checkGatewayConfig } from './gateway-config.ts'
import { instantiate } from './config-templates.ts'
import type { Service, Topology } from './topology.ts'

const service = (name: string, number?: string): Service => ({
  name, regions: ['north'], replicas: 1, ...(number === undefined ? {} : { number }),
  response: { latencyMs: 1, jitterMs: 0, distribution: 'uniform', concurrency: null, bytes: 1, errorRate: 0 },
})
const services = [service('pay/ledger-1:8080', '1'), service('pay/ledger-2:9090', '2'), service('shop/cart:80')]
const made = (text: string, patterns = ['*/*']): unknown[] =>
  instantiate([{ services: patterns, config: ['t.yaml'] }], services, () => text).map(({ value }) => value)

test('a document for each service, with numbers where a port alone stands', () => {
  expect(made('{ name: "{service}.{namespace}", port: "{port}", list: ["/{service}:{port}", 7, null] }')).toEqual([
    { name: 'ledger-1.pay', port: 8080, list: ['/ledger-1:8080', 7, null] },
    { name: 'ledger-2.pay', port: 9090, list: ['/ledger-2:9090', 7, null] },
    { name: 'cart.shop', port: 80, list: ['/cart:80', 7, null] },
  ])
  expect(made('{ n: "{n}" }', ['pay/*'])).toEqual([{ n: '1' }, { n: '2' }])
})

test('one for each namespace when it names no more, and just one when it names nothing', () => {
  expect(made('{ tenant: "{namespace}" }\n---\n{ all: yes }')).toEqual([{ tenant: 'pay' }, { tenant: 'shop' }, { all: 'yes' }])
})

test('a placeholder that cannot be filled in is told once, where it stands', () => {
  const attempt = (): unknown => made('kind: X\nname: "{sevice}"\nother: "{sevice} {n}"\n')
  expect(attempt).toThrow(CodedErrors)
  expect(attempt).toThrow(expect.objectContaining({
    errors: [
      expect.objectContaining({ code: 'RGT_TOPOLOGY_REFERENCE', details: expect.objectContaining({ hint: 'did you mean `{service}`?', place: expect.objectContaining({ file: 't.yaml', line: 2, column: 7 }) }) }),
      expect.objectContaining({ message: '{n} is the number of a service that is one of many, and shop/cart:80 is none' }),
    ],
  }))
})

test('what is wrong with an instance stands at the line of its template', () => {
  const text = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: tenant, namespace: "{namespace}" }
spec: { gatewayClassName: regatta, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: "{service}", namespace: "{namespace}" }
spec:
  parentRefs: [{ name: tenant }]
  rules:
    - backendRefs: [{ name: "{service}-x", port: "{port}" }]
`
  const sources = instantiate([{ services: ['*/*'], config: ['t.yaml'] }], services, () => text)
  const check = (): void => checkGatewayConfig({ name: 'small', services } as Topology, sources)
  expect(check).toThrow(expect.objectContaining({
    errors: ['ledger-1', 'ledger-2', 'cart'].map((name) => expect.objectContaining({
      details: expect.objectContaining({ found: expect.stringContaining(`${name}-x`), place: expect.objectContaining({ file: 't.yaml', line: 12 }) }),
    })),
  }))
})
