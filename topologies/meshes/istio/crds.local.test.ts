// Every object of the plan against Istio's own CustomResourceDefinitions, with unknown keys refused.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { moduleCrds } from '../module-crds.case.ts'
import { anyRequest, fromCatalogue } from './plan.case.ts'
import { planIstio, type IstioPlanRequest } from './plan.ts'
import { istioSettings, istioSettingsNamed } from './plan-settings.ts'

const check = moduleCrds({ module: 'istio.io/api', version: 'v1.31.4', files: ['kubernetes/customresourcedefinitions.gen.yaml'] })

function problems(request: IstioPlanRequest): { looked: Set<string>; found: string[] } {
  if (typeof check === 'string') throw new Error(check)
  const looked = new Set<string>()
  const found = planIstio(request).regions.flatMap(({ objects: { before, after } }) => [...before, ...after]).flatMap((object) => {
    const problems = check(object)
    if (problems !== null) looked.add(object.kind)
    return problems ?? []
  })
  return { looked, found }
}

test.for(Object.keys(istioSettings))('Istio takes what it is told with settings %s', async (name, context) => {
  context.skip(typeof check === 'string', String(check))
  const access = new Map([['shop/catalog:8080', { policies: ['shop/p'], rules: [{ principals: ['gateway' as const], methods: ['GET'], paths: [{ type: 'PathPrefix' as const, value: '/a' }] }] }]])
  const { looked, found } = problems({ ...await fromCatalogue('three-regions', 'mesh'), access, settings: istioSettingsNamed(name) })
  expect(found).toEqual([])
  const routed = name === 'stock' ? [] : name === 'tuned' ? ['DestinationRule', 'VirtualService'] : ['DestinationRule']
  expect([...looked].sort()).toEqual(['AuthorizationPolicy', 'EnvoyFilter', 'Gateway', 'PeerAuthentication', ...routed].sort())
})

test('and for any topology', (context) => {
  context.skip(typeof check === 'string', String(check))
  fc.assert(fc.property(anyRequest, (request) => { expect(problems(request).found).toEqual([]) }), { numRuns: 30 })
})

test('a misspelt key, a wrong type and an unknown version would be found', (context) => {
  context.skip(typeof check === 'string', String(check))
  if (typeof check === 'string') return
  const rule = (spec: object, version = 'v1') => check({ apiVersion: `networking.istio.io/${version}`, kind: 'DestinationRule', metadata: { name: 'a' }, spec: { host: 'a', ...spec } })
  expect(rule({})).toEqual([])
  expect(rule({ trafficPolicy: { outlierDetection: { consecutive5xxError: 1 } } })).not.toEqual([])
  expect(rule({ trafficPolicy: { outlierDetection: { maxEjectionPercent: 'all' } } })).not.toEqual([])
  expect(rule({}, 'v9')).not.toEqual([])
})
