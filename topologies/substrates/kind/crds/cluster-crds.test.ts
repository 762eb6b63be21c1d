// Tries what a cluster is given when the bundles are there, and when they are not.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { bundles, defaultBundlePlaces, type BundleName } from '../../../tools/bundles/index.ts'
import { clusterCrds, type ClusterCrdsRequest } from './cluster-crds.ts'

let cacheDir: string
afterEach(() => rmSync(cacheDir, { recursive: true, force: true }))

function request(cached: Partial<Record<BundleName, object[]>>, policy: Partial<ClusterCrdsRequest['policy']> = {}): ClusterCrdsRequest {
  cacheDir = mkdtempSync(join(tmpdir(), 'regatta-crds-'))
  for (const [name, manifests] of Object.entries(cached) as [BundleName, object[]][]) {
    const folder = join(cacheDir, name, bundles[name].version)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'manifests.json'), JSON.stringify(manifests))
  }
  return { policy: { allowEmbedded: true, allowInstall: false, ...policy }, progress: () => {}, signal: new AbortController().signal, places: { ...defaultBundlePlaces(), cacheDir } }
}

const crd = (group: string, kind: string) => ({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${kind.toLowerCase()}s.${group}` }, spec: { group, names: { kind } } })
const gateway = 'gateway.networking.k8s.io'

describe('a cluster', () => {
  it('is given of a bundle what is used here', async () => {
    const { crds, tools } = await clusterCrds(request({
      'gateway-api': [crd(gateway, 'GatewayClass'), crd(gateway, 'Gateway'), crd(gateway, 'HTTPRoute'), crd(gateway, 'TLSRoute'), crd(gateway, 'ReferenceGrant')],
      'mcs-api': [crd('multicluster.x-k8s.io', 'ServiceExport'), crd('multicluster.x-k8s.io', 'ServiceImport')],
    }))
    expect(crds.map(({ spec }) => spec.names.kind)).toEqual(['FailoverPolicy', 'ResidencyPolicy', 'AccessPolicy', 'SamplingPolicy', 'MetricsPolicy', 'AlertPolicy', 'ConfigRevision', 'GatewayClass', 'Gateway', 'HTTPRoute', 'ReferenceGrant', 'ServiceImport'])
    expect(tools).toEqual({ 'gateway-api': { version: bundles['gateway-api'].version, origin: 'cache' }, 'mcs-api': { version: bundles['mcs-api'].version, origin: 'cache' } })
  })

  it('gets stand-ins that say so where a bundle cannot be had', async () => {
    const { crds, tools } = await clusterCrds(request({ 'mcs-api': [crd('multicluster.x-k8s.io', 'ServiceImport')] }))
    const standIns = crds.filter(({ metadata }) => metadata.annotations?.['api-approved.kubernetes.io']?.startsWith('unapproved') === true)
    expect(standIns.map(({ spec }) => spec.names.kind)).toEqual(['Gateway', 'HTTPRoute', 'ReferenceGrant'])
    expect(standIns.find(({ spec }) => spec.names.kind === 'HTTPRoute')!.spec.versions.map(({ name }) => name)).toEqual(['v1', 'v1beta1'])
    expect(tools['gateway-api']).toMatchObject({ origin: 'embedded', reason: expect.stringContaining('switched off') })
    expect(tools['mcs-api']).toMatchObject({ origin: 'cache' })
  })

  it.each([{ allowEmbedded: false }, { required: ['gateway-api'] }])('gets none when the policy wants the real ones: %j', async (policy) => {
    await expect(clusterCrds(request({}, policy))).rejects.toMatchObject({ code: 'RGT_TOOL_MISSING', message: expect.stringContaining('gateway-api') })
  })
})
