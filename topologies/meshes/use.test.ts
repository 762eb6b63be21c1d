// The word for a mesh and who fails over, and what gateways are told when it is not them.

import { expect, test } from 'vitest'
import { checkGatewayConfig, gatewayConfig } from '../gateway-config.ts'
import { federate, fromObjects } from '../../gateway/config/federate.ts'
import { loadTopology } from '../load.ts'
import type { ConfigDocument } from '../substrate.ts'
import { standBack } from './stand-back.ts'
import { checkUse, meshUses, meshWord, readMeshUse, settingsOf } from './use.ts'

test.each(meshUses)('%s reads, and writes itself again', (word) => {
  expect(meshWord(readMeshUse(word))).toBe(word)
})

test('settings named make the mesh the owner; none named leave it to the gateways', () => {
  expect(readMeshUse('consul')).toEqual({ mesh: 'consul', failoverOwner: 'gateway' })
  expect(readMeshUse('consul:stock')).toEqual({ mesh: 'consul', failoverOwner: 'mesh', meshSettings: 'stock' })
  expect(settingsOf(readMeshUse('consul'))).toBe('tuned')
  expect(settingsOf(readMeshUse('none'))).toBeUndefined()
})

test.each([
  ['consul:stok', { hint: 'did you mean `consul:stock`?' }], ['none:tuned', { expected: 'no settings' }], ['konsul', { hint: 'did you mean `consul`?' }],
  ['consul:', { found: '' }], ['consul:a:b', { found: 'a:b' }],
])('%s is refused', (word, details) => {
  expect(() => readMeshUse(word)).toThrow(expect.objectContaining({ code: 'RGT_UNSUPPORTED', details: expect.objectContaining(details) as unknown }))
})

test('what is no mesh owns no failover', () => {
  expect(() => checkUse({ mesh: 'none', failoverOwner: 'mesh' })).toThrow('mesh none cannot own failover')
})

const topology = await loadTopology('three-regions')
const config = await gatewayConfig(topology)
const ownerOf = (documents: readonly ConfigDocument[]): string => federate(fromObjects(documents, 'config')).health.failoverOwner

test('gateways that own failover are told nothing', () => {
  expect(standBack(config, topology)).toEqual(config)
  expect(ownerOf(config)).toBe('gateway')
})

const policy = (targets: [kind: string, name: string][], health?: object): ConfigDocument => ({
  apiVersion: 'regatta.dev/v1alpha1', kind: 'FailoverPolicy', metadata: { name: 'mine', namespace: 'shop' },
  spec: { targetRefs: targets.map(([kind, name]) => ({ group: 'gateway.networking.k8s.io', kind, name })), maxAttempts: 2, ...(health === undefined ? {} : { health }) },
})

test.each<[string, ConfigDocument[]]>([
  ['no policy', []],
  ['a policy of the Gateway, whose own settings stay', [policy([['Gateway', 'shop']], { overprovisioning: 2 })]],
  ['a policy of a route', [policy([['HTTPRoute', 'catalog']])]],
  ['a policy of both', [policy([['Gateway', 'shop'], ['HTTPRoute', 'catalog']])]],
])('with %s the gateways stand back for a mesh', (_, own) => {
  const documents = standBack([...config.filter(({ kind }) => kind !== 'FailoverPolicy'), ...own], { failoverOwner: 'mesh' })
  checkGatewayConfig(topology, fromObjects(documents, 'config'))
  const { health, routes } = federate(fromObjects(documents, 'config'))
  expect(health.failoverOwner).toBe('mesh')
  if (own.some(({ spec }) => (spec as { health?: object }).health !== undefined)) expect(health.overprovisioning).toBe(2)
  const attempts = routes.map(({ failover }) => failover.maxAttempts)
  expect(attempts.includes(2)).toBe(own.length > 0)
})
