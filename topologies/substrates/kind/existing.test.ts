// In clusters of others a run touches what it made and nothing else: it refuses a namespace that is there, removes its
// own only while they are its own, and when one region fails the others are called off.

import { expect, test } from 'vitest'
import { topologyError } from '../../errors.ts'
import type { Region } from '../../topology.ts'
import type { Undo } from '../sockets/stages.ts'
import { memoryApi, type MemoryApi } from './api/memory.case.ts'
import { existingGrounds, type Ground, type Grounds } from './grounds.ts'
import { regionPlan } from './manifests/region.case.ts'
import { namespaceNames } from './manifests/namespaces.ts'
import { ownNamespaces } from './namespaces.ts'
import { bounded, raiseRegions } from './regions.ts'

const plan = regionPlan({ run: 'regatta-abc', prefix: 'regatta-abc' })
const groundOf = (api: MemoryApi): Ground => ({ region: api.region, context: api.context, kubeconfig: '/k', api, nodes: null })
const namespace = (name: string, labels: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
const region = (name: string): Region => ({ name, cloud: 'x', jurisdiction: 'EU', coordinates: { latitude: 0, longitude: 0 } })

test('a namespace that is there is refused, and nothing is claimed', async () => {
  const api = memoryApi()
  api.put(namespace('regatta-abc-shop'))
  const claimed: unknown[] = []
  const undo: Undo[] = []
  await expect(ownNamespaces('regatta-abc', (made) => claimed.push(made)).claim(groundOf(api), plan, [], undo)).rejects.toMatchObject({ code: 'RGT_NAMESPACE' })
  expect({ claimed, undo }).toEqual({ claimed: [], undo: [] })
})

test('its own are claimed before they are made, and removed; one that became somebody else\'s stays', async () => {
  const api = memoryApi()
  const claimed: { names: string[] }[] = []
  const undo: Undo[] = []
  await ownNamespaces('regatta-abc', (made) => claimed.push(made)).claim(groundOf(api), plan, [], undo)
  expect(claimed).toEqual([{ kubeconfig: '/k', context: api.context, names: namespaceNames(plan), crds: [] }])
  api.put(namespace('regatta-abc-system', { 'regatta.dev/run': 'regatta-abc' }))
  api.put(namespace('regatta-abc-shop', { 'regatta.dev/run': 'another' }))
  for (const step of undo) await step()
  expect([...api.objects.values()].map(({ metadata }) => metadata?.name)).toEqual(['regatta-abc-shop'])
})

test('of CRDs only those that are missing are made, and they go when nobody else uses them', async () => {
  const api = memoryApi()
  const crd = (plural: string, kind: string) => ({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.example.dev` },
    spec: { group: 'example.dev', names: { plural, kind }, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: true }] },
  })
  const crds = [crd('apples', 'Apple'), crd('pears', 'Pear'), crd('plums', 'Plum')]
  api.put({ ...crds[0] })
  const claimed: { crds: string[] }[] = []
  const undo: Undo[] = []
  const missing = await ownNamespaces('regatta-abc', (made) => claimed.push(made)).claim(groundOf(api), plan, crds, undo)
  expect(missing.map(({ metadata }) => metadata?.name)).toEqual(['pears.example.dev', 'plums.example.dev'])
  expect(claimed[0].crds).toEqual(['pears.example.dev', 'plums.example.dev'])
  for (const one of missing) api.put(one as never)
  api.put({ apiVersion: 'example.dev/v1', kind: 'Plum', metadata: { namespace: 'theirs', name: 'one' } })
  for (const step of undo) await step()
  expect([...api.objects.values()].map(({ metadata }) => metadata?.name).sort()).toEqual(['apples.example.dev', 'one', 'plums.example.dev'])
})

test('images go into kind clusters, and elsewhere the hint says where to put them', async () => {
  const loaded: string[] = []
  const clusters = { version: '1', create: () => Promise.reject(new Error('none')), remove: async () => {}, load: async (name: string) => void loaded.push(name) }
  const grounds = existingGrounds({ options: { contexts: {}, kubeconfig: '/k' }, clusters })
  const signal = new AbortController().signal
  await grounds.load({ ...groundOf(memoryApi()), context: 'kind-mine' }, ['a'], signal)
  expect(loaded).toEqual(['mine'])
  await expect(grounds.load({ ...groundOf(memoryApi()), context: 'prod' }, ['a'], signal)).rejects.toMatchObject({ code: 'RGT_IMAGE', details: { hint: expect.stringContaining('REGATTA_GATEWAY_IMAGE') as string } })
})

test('when one region fails, the others are called off and its error is told', async () => {
  const calledOff: string[] = []
  const grounds: Grounds = {
    provide: ({ name }, signal) => name === 'us-east'
      ? Promise.reject(topologyError('RGT_CLUSTER', 'no room'))
      : new Promise((_, reject) => signal.addEventListener('abort', () => {
        calledOff.push(name)
        reject(signal.reason as Error)
      })),
    load: async () => {}, reach: () => Promise.reject(new Error('never')),
  }
  await expect(raiseRegions({
    regions: ['eu-west', 'us-east', 'ap-south'].map(region), plans: ['eu-west', 'us-east', 'ap-south'].map((name) => ({ ...plan, region: name })),
    mesh: null,
    grounds, crds: [], atOnce: 3, images: null, namespaces: null, manifestsDir: '/nowhere', readyTimeoutMs: 1, stages: { ms: {}, time: (_, work) => work() }, undo: [],
    answering: () => {}, signal: new AbortController().signal,
  })).rejects.toMatchObject({ code: 'RGT_CLUSTER' })
  expect(calledOff).toEqual(['eu-west', 'ap-south'])
})

test('at most so many at once, in order, also after a failure', async () => {
  const turn = bounded(2)
  const order: string[] = []
  let running = 0
  const work = (name: string, fails = false) => turn(async () => {
    expect(++running).toBeLessThanOrEqual(2)
    order.push(name)
    await Promise.resolve()
    running--
    if (fails) throw new Error(name)
  })
  const results = await Promise.allSettled([work('a'), work('b', true), work('c'), work('d')])
  expect(order).toEqual(['a', 'b', 'c', 'd'])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
})
