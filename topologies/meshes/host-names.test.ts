// Every backend of every route is asked for by the name that the mesh knows, and the configuration stays good.

import { expect, test } from 'vitest'
import { federate, fromObjects } from '../../gateway/config/federate.ts'
import { gatewayConfig } from '../gateway-config.ts'
import { loadTopology } from '../load.ts'
import { addressedByName } from './host-names.ts'

const hostOf = (service: string): string => `${service.split(/[/:]/)[1]}.${service.split('/')[0]}.svc.cluster.local`

test('of the catalogue', async () => {
  const config = addressedByName(await gatewayConfig(await loadTopology('three-regions')), hostOf)
  const { routes } = federate(fromObjects(config, 'config'))
  const backends = routes.flatMap(({ document }) => document.spec.rules.flatMap(({ backendRefs }) => backendRefs))
  expect(backends.length).toBeGreaterThan(3)
  for (const { name, filters } of backends) {
    expect(filters).toEqual([expect.objectContaining({ type: 'URLRewrite', urlRewrite: expect.objectContaining({ hostname: `${name}.shop.svc.cluster.local` }) as unknown })])
  }
})

test('a rewrite that is there keeps its path and loses its host, and other filters stay', () => {
  const header = { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-a', value: '1' }] } }
  const [document] = addressedByName([{
    apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'cart', namespace: 'shop' },
    spec: { rules: [{ backendRefs: [
      { name: 'cart', namespace: 'other', port: 80, filters: [header, { type: 'URLRewrite', urlRewrite: { hostname: 'old', path: { type: 'ReplaceFullPath', replaceFullPath: '/x' } } }] },
      { name: 'cart', port: 80, filters: [header] },
    ] }, { filters: [{ type: 'RequestRedirect' }] }] },
  }], hostOf)
  const rules = (document.spec as { rules: { backendRefs?: { filters: unknown[] }[] }[] }).rules
  expect(rules[0].backendRefs!.map(({ filters }) => filters)).toEqual([
    [header, { type: 'URLRewrite', urlRewrite: { hostname: 'cart.other.svc.cluster.local', path: { type: 'ReplaceFullPath', replaceFullPath: '/x' } } }],
    [header, { type: 'URLRewrite', urlRewrite: { hostname: 'cart.shop.svc.cluster.local' } }],
  ])
  expect(rules[1]).not.toHaveProperty('backendRefs.0')
})
