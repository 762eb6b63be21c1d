// An API server's own word on the manifests: schemas, admission, and the pod security standard that its namespaces enforce.
// Nothing runs for it: what is not needed for others to be accepted is applied without being kept.

import type { V1Deployment } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyObjects } from '../api/apply.ts'
import { readKubeconfig } from '../api/kubeconfig.ts'
import { openResources, type Resources } from '../api/resources.ts'
import { openTransport, type Transport } from '../api/transport.ts'
import { describeCluster, uniqueName } from '../kind.case.ts'
import { regionManifests } from './index.ts'
import { regionPlan } from './region.case.ts'

describeCluster('an API server', (cluster) => {
  const prefix = uniqueName('regatta-test')
  const objects = regionManifests(regionPlan({ run: prefix, prefix }))
  const kept = objects.filter(({ kind }) => kind === 'Namespace' || kind === 'ServiceAccount')
  let transport: Transport
  let resources: Resources

  beforeAll(async () => {
    transport = openTransport(await readKubeconfig({ kubeconfig: cluster.kubeconfig, context: cluster.context }))
    resources = openResources(transport)
    await applyObjects(transport, resources, kept)
  })
  afterAll(async () => {
    for (const { kind, metadata } of kept) if (kind === 'Namespace') await transport.ask({ method: 'DELETE', path: `/api/v1/namespaces/${metadata.name}`, purpose: 'clean up' })
    transport.close()
  })

  test('takes every object', async () => {
    const taken = await applyObjects(transport, resources, objects, { dryRun: true })
    expect(taken.map(({ kind, metadata }) => `${kind} ${metadata!.name}`)).toEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`))
  })

  test('lets every pod pass its security standard, and would not let a lesser one', async () => {
    const pods = objects.filter(({ kind }) => kind === 'Deployment').map(({ metadata, spec }: V1Deployment) =>
      ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata!.name!, namespace: metadata!.namespace!, labels: spec!.template.metadata!.labels! }, spec: spec!.template.spec! }))
    expect(await applyObjects(transport, resources, pods, { dryRun: true })).toHaveLength(4)
    const lesser = structuredClone(pods[0])
    delete lesser.spec.containers[0].securityContext!.capabilities
    await expect(applyObjects(transport, resources, [lesser], { dryRun: true })).rejects.toMatchObject({ code: 'RGT_KUBERNETES', details: { found: expect.stringContaining('violates PodSecurity') } })
  })
})
