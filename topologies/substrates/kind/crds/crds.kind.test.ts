// The CRDs in a real API server: taken, established, and strict about what they are given. They stay, because other
// tests on the same cluster use them; what is made of them goes with its namespace.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readDocuments } from '../../../../gateway/config/document.ts'
import type { RegionApi } from '../api/api.ts'
import { applyObjects } from '../api/apply.ts'
import { openRegionApi } from '../api/client.ts'
import { readKubeconfig } from '../api/kubeconfig.ts'
import { openResources } from '../api/resources.ts'
import { openTransport } from '../api/transport.ts'
import { describeCluster, uniqueName } from '../kind.case.ts'
import { clusterCrds } from './cluster-crds.ts'
import { standInCrds } from './stand-ins.ts'

type Json = KubernetesObject & Record<string, any>

const catalog = join(import.meta.dirname, '..', '..', '..', 'catalog', 'config')
const documents = (name: string): Json[] => readDocuments(readFileSync(join(catalog, name), 'utf8'), name).map(({ value }) => value as Json)

describeCluster('the CRDs', ({ context, kubeconfig }) => {
  const namespace = uniqueName('regatta-crds')
  let api: RegionApi

  beforeAll(async () => {
    api = await openRegionApi({ region: 'test', kubeconfig, context })
    const { crds } = await clusterCrds({ policy: { allowEmbedded: true, allowInstall: false }, progress: () => {}, signal: AbortSignal.timeout(60_000) })
    // Each is waited for until it is established.
    await api.apply([...crds, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }])
  }, 90_000)
  afterAll(async () => {
    await api.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
    api.close()
  })

  const here = (document: Json): Json => ({ ...document, metadata: { ...document.metadata, namespace } })
  const apply = (document: Json): Promise<KubernetesObject[]> => api.apply([here(document)])
  const failover = documents('gateway.yaml').find(({ kind }) => kind === 'FailoverPolicy')!
  const residency = documents('residency.yaml')[0]

  it('take the catalogue, and keep it as it was written', async () => {
    const all = readdirSync(catalog).filter((name) => name.endsWith('.yaml')).flatMap(documents)
    expect(all.length).toBeGreaterThan(3)
    const applied = await api.apply(all.map(here)) as Json[]
    for (const [at, { spec }] of all.filter(({ apiVersion }) => apiVersion === 'regatta.dev/v1alpha1').entries()) {
      expect(applied.filter(({ apiVersion }) => apiVersion === 'regatta.dev/v1alpha1')[at].spec).toEqual(spec)
    }
  }, 60_000)

  it.each<[string, () => Json, RegExp]>([
    ['a misspelt key', () => ({ ...failover, spec: { ...failover.spec, maxAttempt: 2 } }), /maxAttempt/],
    ['a wrong type', () => ({ ...failover, spec: { ...failover.spec, maxAttempts: 'two' } }), /maxAttempts/],
    ['a value out of bounds', () => ({ ...failover, spec: { ...failover.spec, health: { outlier: { panicShare: 2 } } } }), /panicShare/],
    ['a bound that is not included', () => ({ ...failover, spec: { ...failover.spec, health: { silence: { p99Multiple: 0 } } } }), /p99Multiple/],
    ['no duration', () => ({ ...failover, spec: { ...failover.spec, health: { probe: { interval: '5 parsecs' } } } }), /interval/],
    ['a target of another kind', () => ({ ...residency, spec: { ...residency.spec, targetRefs: [{ kind: 'Service', name: 'a' }] } }), /kind/],
    ['nothing that it applies to', () => ({ ...residency, spec: { reason: 'law' } }), /targetRefs: Required/],
    ['an HTTPRoute that leads nowhere known', () => ({
      apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'bad' }, spec: { rules: [{ matches: [{ path: { type: 'Sideways', value: '/' } }] }] },
    }), /Sideways|type/],
  ])('refuse %s', async (_, document, words) => {
    await expect(apply(document())).rejects.toMatchObject({ code: 'RGT_KUBERNETES', details: { found: expect.stringMatching(words) } })
  })

  it('keep a ConfigRevision and its status apart', async () => {
    const ref = { apiVersion: 'regatta.dev/v1alpha1', kind: 'ConfigRevision', namespace, name: 'active' }
    await apply({ apiVersion: ref.apiVersion, kind: ref.kind, metadata: { name: 'active' }, spec: { revision: 1, documents: [] } })
    await api.patch(ref, { status: { observedGeneration: 1, revision: 1, outcome: 'accepted', held: 1, errors: [] } }, 'status')
    await apply({ apiVersion: ref.apiVersion, kind: ref.kind, metadata: { name: 'active' }, spec: { revision: 2, documents: [] } })
    expect(await api.read(ref)).toMatchObject({ spec: { revision: 2 }, status: { revision: 1, outcome: 'accepted' } })
    await expect(api.patch(ref, { status: { outcome: 'perhaps' } }, 'status')).rejects.toMatchObject({ code: 'RGT_KUBERNETES' })
  })

  it('have stand-ins that an API server would take as well', async () => {
    const transport = openTransport(await readKubeconfig({ kubeconfig, context }))
    try {
      // Under names of their own, and tried only: the real ones are in use.
      const standIns = standInCrds(['gateway.networking.k8s.io', 'multicluster.x-k8s.io']).map((crd) => {
        const group = `try.${crd.spec.group}`
        return { ...crd, metadata: { ...crd.metadata, name: `${crd.spec.names.plural}.${group}` }, spec: { ...crd.spec, group } }
      })
      expect(await applyObjects(transport, openResources(transport), standIns, { dryRun: true })).toHaveLength(4)
    } finally {
      transport.close()
    }
  })
})
