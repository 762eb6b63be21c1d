// Every object of the plan against the definitions of Linkerd, the Gateway API and SMI, as far as each can be had.

import { expect, test } from 'vitest'
import { findBundle } from '../../tools/bundles/index.ts'
import type { MeshObject } from '../kubernetes-objects.ts'
import { checkOf, moduleCrds, type Check } from '../module-crds.case.ts'
import { fromCatalogue } from './plan.case.ts'
import { planLinkerd } from './plan.ts'

const policy = 'charts/linkerd-crds/templates/policy'
const linkerd = moduleCrds({
  module: 'github.com/linkerd/linkerd2', version: 'version-2.18',
  files: [`${policy}/server.yaml`, `${policy}/authorization-policy.yaml`, `${policy}/meshtls-authentication.yaml`, 'charts/linkerd-crds/templates/serviceprofile.yaml', 'multicluster/charts/linkerd-multicluster/templates/link-crd.yaml'],
})
const bundle = await findBundle('gateway-api', { allowInstall: false })
const gatewayApi: Check | string = 'manifests' in bundle ? checkOf(bundle.manifests as never) : bundle.reason

async function objects(): Promise<MeshObject[]> {
  const access = new Map([['shop/catalog:8080', {
    policies: ['shop/p'], rules: [{ principals: ['gateway' as const], methods: ['GET'], paths: [{ type: 'PathPrefix' as const, value: '/a' }] }, { principals: ['service:shop/ledger' as const], methods: null, paths: null }],
  }]])
  return planLinkerd({ ...await fromCatalogue('three-regions', 'mesh'), access }).regions.flatMap((region) => region.objects)
}

test.for([
  ['Linkerd', linkerd, ['AuthorizationPolicy', 'Link', 'MeshTLSAuthentication', 'Server', 'ServiceProfile']],
  ['the Gateway API', gatewayApi, ['HTTPRoute']],
] as const)('%s takes what it is told', async ([, check, kinds], context) => {
  context.skip(typeof check === 'string', String(check))
  const looked = new Set<string>()
  for (const object of await objects()) {
    const problems = (check as Check)(object)
    if (problems === null) continue
    looked.add(object.kind)
    expect(problems, object.metadata.name).toEqual([])
  }
  expect([...looked].sort()).toEqual(kinds)
})
