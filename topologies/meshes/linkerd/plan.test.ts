// What clusters would be told, for the topologies of the catalogue and for any: the law holds, every object can be found
// again, and nothing depends on the order in which regions and services are listed.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reversed } from '../istio/plan.case.ts'
import { labelOf, kubernetesName } from '../kubernetes-hosts.ts'
import { anyRequest, fromCatalogue } from './plan.case.ts'
import { planLinkerd, type LinkerdPlanRequest, type LinkerdRegion } from './plan.ts'
import { mirrorName } from './plan-failover.ts'
import { credentials, exportedLabel } from './plan-join.ts'
import { linkerdSettings, linkerdSettingsNamed } from './plan-settings.ts'

const find = ({ objects }: LinkerdRegion, kind: string, name: string) => objects.find((one) => one.kind === kind && one.metadata.name === name)
const specOf = (region: LinkerdRegion, kind: string, name: string): Record<string, unknown> | undefined => find(region, kind, name)?.spec as never

function checkLaw(request: LinkerdPlanRequest): void {
  const { topology, residency } = request
  const { regions } = planLinkerd(request)
  const may = (service: string, region: string): boolean => residency.get(service)?.has(region) ?? true
  for (const region of regions) {
    for (const { name, regions: runs } of topology.services) {
      const { namespace, name: host, port } = kubernetesName(name)
      if (!runs.includes(region.region)) continue
      const split = specOf(region, 'TrafficSplit', host) as { backends: { service: string }[] } | undefined
      const peers = (split?.backends ?? []).slice(1).map(({ service }) => service.slice(host.length + 1))
      for (const peer of peers) {
        expect(may(name, peer), `${name} offered from ${region.region} in ${peer}`).toBe(true)
        // Nobody finds a mirror of what is not exported.
        expect(regions.find((one) => one.region === peer)!.services[`${namespace}/${host}`].labels).toHaveProperty([exportedLabel])
      }
      if (topology.failoverOwner === 'gateway') expect(peers).toEqual([])
      const authorizations = region.objects.filter(({ kind, spec }) => kind === 'AuthorizationPolicy' && JSON.stringify(spec).includes(`"${labelOf({ name: host }, port, 5)}`))
      if (!may(name, region.region)) expect([authorizations, region.forbidden.includes(name), peers]).toEqual([[], true, []])
      expect(specOf(region, 'Server', labelOf({ name: host }, port, 5))).toMatchObject({ accessPolicy: 'deny' })
    }
  }
}

function checkShape(request: LinkerdPlanRequest): void {
  for (const region of planLinkerd(request).regions) {
    const refs = region.objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => {
      // A ServiceProfile is found by the full name of its service.
      for (const label of kind === 'ServiceProfile' ? name.split('.') : [name, namespace!]) expect(label).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
      expect(apiVersion).toMatch(/\S/)
      return `${apiVersion} ${kind} ${namespace}/${name}`
    })
    expect(new Set(refs).size).toBe(refs.length)
    for (const peer of region.peers) {
      const { host, port, probePort } = request.wayTo(region.region, peer)
      expect(specOf(region, 'Link', peer)).toMatchObject({ gatewayAddress: host, gatewayPort: String(port), probeSpec: { port: String(probePort) } })
    }
  }
}

describe.each(['two-regions', 'three-regions', 'fifteen-regions'])('%s', (name) => {
  test.each(['gateway', 'mesh'] as const)('keeps the law, and is told of nothing twice (failover: %s)', async (owner) => {
    const request = await fromCatalogue(name, owner)
    checkLaw(request)
    checkShape(request)
  })
})

test('any topology, too, in any order', () => {
  fc.assert(fc.property(anyRequest, (request) => {
    checkLaw(request)
    checkShape(request)
    const byName = ({ regions }: ReturnType<typeof planLinkerd>): unknown => regions.toSorted((a, b) => (a.region < b.region ? -1 : 1))
    expect(byName(planLinkerd(reversed(request)))).toEqual(byName(planLinkerd(request)))
  }))
})

test('three clusters: what may be served everywhere has mirrors behind it, nearest first, and what the law holds stays', async () => {
  const [region] = planLinkerd(await fromCatalogue('three-regions', 'mesh')).regions
  expect(specOf(region, 'TrafficSplit', 'catalog')).toEqual({
    service: 'catalog', backends: [{ service: 'catalog', weight: 1 }, { service: 'catalog-us-east', weight: 0 }, { service: 'catalog-ap-south', weight: 0 }],
  })
  const { routes, retryBudget } = specOf(region, 'ServiceProfile', 'catalog.run-shop.svc.cluster.local') as { routes: { name: string; isRetryable?: boolean }[]; retryBudget: object }
  expect(routes.filter(({ isRetryable }) => isRetryable).map(({ name }) => name)).toEqual(['get', 'head', 'put', 'delete', 'options'])
  expect(retryBudget).toEqual({ retryRatio: 0.2, minRetriesPerSecond: 10, ttl: '10000ms' })
  expect([find(region, 'TrafficSplit', 'ledger'), find(region, 'ServiceProfile', 'ledger.run-shop.svc.cluster.local')]).toEqual([undefined, undefined])
  expect(region.services['shop/ledger']).toMatchObject({ labels: {}, annotations: { 'balancer.linkerd.io/failure-accrual': 'consecutive', 'timeout.linkerd.io/response': expect.stringMatching(/^\d+ms$/) } })
  // A proxy takes a profile or accrual, never both.
  expect(region.services['shop/catalog'].annotations).toEqual({})
  expect(region.charts.map(({ release }) => release)).toEqual(['linkerd-crds', 'linkerd-control-plane', 'linkerd-multicluster', 'linkerd-smi', 'linkerd-failover'])
})

test('stock settings say nothing but where to turn; gateways that own failover leave nothing to turn', async () => {
  const stock = planLinkerd({ ...await fromCatalogue('three-regions', 'mesh'), settings: linkerdSettingsNamed('stock') }).regions[0]
  expect(stock.objects.filter(({ kind }) => kind === 'ServiceProfile')).toEqual([])
  expect(find(stock, 'TrafficSplit', 'catalog')).toBeDefined()
  expect(stock.services['shop/ledger'].annotations).toEqual({})
  for (const region of planLinkerd(await fromCatalogue('three-regions', 'gateway')).regions) {
    expect(region.objects.filter(({ kind }) => kind === 'ServiceProfile' || kind === 'TrafficSplit')).toEqual([])
    expect(Object.values(region.services)).toEqual(Object.keys(region.services).map(() => ({ labels: {}, annotations: {} })))
    expect(region.charts.map(({ release }) => release)).not.toContain('linkerd-failover')
  }
  for (const name of Object.keys(linkerdSettings)) expect(linkerdSettingsNamed(name).name).toBe(name)
})

test("callers are named by their identities, and peers' gateways only where the federation's own may call", async () => {
  const request = await fromCatalogue('three-regions', 'mesh')
  const rules = [{ principals: ['gateway' as const], methods: ['GET'], paths: null }, { principals: ['service:shop/ledger' as const], methods: ['POST'], paths: null }]
  const [region] = planLinkerd({ ...request, access: new Map([['shop/catalog:8080', { policies: ['shop/p'], rules }]]) }).regions
  const identities = [0, 1, 2].map((index) => specOf(region, 'MeshTLSAuthentication', `catalog-8080-${index}`)?.identities)
  expect(identities).toEqual([
    undefined, // methods that no rule names
    ['gateway.run-system.serviceaccount.identity.linkerd.mesh.example', 'linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.mesh.example'],
    ['ledger.run-shop.serviceaccount.identity.linkerd.mesh.example'],
  ])
  expect(specOf(region, 'HTTPRoute', 'catalog-8080-1')).toEqual({
    parentRefs: [{ group: 'policy.linkerd.io', kind: 'Server', name: 'catalog-8080' }], rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' }, method: 'GET' }] }],
  })
  expect(specOf(region, 'MeshTLSAuthentication', 'accounts-8080')).toEqual({ identities: ['*'] })
})

test('names that leave no room for a mirror are refused, and a peer is read with a token', () => {
  expect(() => mirrorName('a'.repeat(60), 'eu-west')).toThrow(expect.objectContaining({ code: 'RGT_UNSUPPORTED' }))
  const secrets = credentials({ peer: 'us-east', server: 'https://10.9.0.1:1', tlsServerName: 'kubernetes', token: 't', caData: 'Y2E=' })
  expect(secrets.map(({ metadata: { namespace } }) => namespace)).toEqual(['linkerd-multicluster', 'linkerd'])
  expect(JSON.parse(secrets[0].stringData!.kubeconfig)).toMatchObject({ clusters: [{ cluster: { 'tls-server-name': 'kubernetes' } }], users: [{ user: { token: 't' } }] })
})
