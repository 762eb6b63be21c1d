// What clusters are told, for the topologies of the catalogue and for any: the law holds, every object can be found again,
// and nothing depends on the order in which regions and services are listed.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyRequest, fromCatalogue, reversed } from './plan.case.ts'
import { mergeValues, type MeshObject, type Values } from '../kubernetes-objects.ts'
import { planIstio, type IstioPlanRequest, type IstioRegion } from './plan.ts'
import { labelOf, kubernetesName } from '../kubernetes-hosts.ts'
import { remoteSecret } from './plan-join.ts'
import { istioSettings, istioSettingsNamed, type IstioSettingsName } from './plan-settings.ts'

const objectsOf = ({ objects: { before, after } }: IstioRegion): MeshObject[] => [...before, ...after]
const find = (region: IstioRegion, kind: string, name: string): MeshObject | undefined => objectsOf(region).find((one) => one.kind === kind && one.metadata.name === name)
const istiod = (region: IstioRegion): { meshConfig: Values; global: Values } => region.charts.find(({ release }) => release === 'istiod')!.values as never

/** Regions whose endpoints this region's istiod offers for the service, as Istio decides it: all that run it, or its own. */
function offered({ topology }: IstioPlanRequest, { region, local }: IstioRegion, name: string): string[] {
  const { namespace, name: host } = kubernetesName(name)
  const { regions } = topology.services.find((service) => service.name === name)!
  return local.includes(`${host}.run-${namespace}.svc.cluster.local`) ? regions.filter((one) => one === region) : regions
}

function checkLaw(request: IstioPlanRequest): void {
  const { topology, residency } = request
  for (const region of planIstio(request).regions) {
    for (const { name, regions } of topology.services) {
      const elsewhere = offered(request, region, name).filter((one) => one !== region.region)
      for (const one of elsewhere) expect(residency.get(name)?.has(one) ?? true, `${name} offered from ${region.region} in ${one}`).toBe(true)
      if (topology.failoverOwner === 'gateway') expect(elsewhere).toEqual([])
      if (!regions.includes(region.region)) continue
      const { rules } = find(region, 'AuthorizationPolicy', labelOf(kubernetesName(name), kubernetesName(name).port))!.spec as { rules?: unknown[] }
      if (residency.get(name)?.has(region.region) === false) {
        expect(rules).toBeUndefined()
        expect(region.forbidden).toContain(name)
      } else if (!request.access.has(name)) {
        expect(rules).toHaveLength(1)
      }
    }
  }
}

function checkShape(request: IstioPlanRequest): void {
  for (const region of planIstio(request).regions) {
    const refs = objectsOf(region).map(({ apiVersion, kind, metadata: { name, namespace } }) => {
      for (const label of [name, namespace ?? name]) expect(label).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
      expect(apiVersion).toMatch(/\S/)
      expect(kind).toMatch(/\S/)
      return `${apiVersion} ${kind} ${namespace}/${name}`
    })
    expect(new Set(refs).size).toBe(refs.length)
    // Every way to another network is this region's own.
    const networks = istiod(region).global.meshNetworks as Record<string, { gateways: { address: string; port: number }[] }>
    expect(Object.keys(networks)).toEqual(region.peers)
    for (const peer of region.peers) {
      const { host, port } = request.wayTo(region.region, peer)
      expect(networks[peer].gateways).toEqual([{ address: host, port }])
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
    const byName = ({ regions }: ReturnType<typeof planIstio>): unknown => regions.toSorted((a, b) => (a.region < b.region ? -1 : 1))
    expect(byName(planIstio(reversed(request)))).toEqual(byName(planIstio(request)))
  }))
})

test('a service that may be served everywhere moves to the nearest first, and one that the law holds stays', async () => {
  const request = await fromCatalogue('three-regions', 'mesh')
  const [region] = planIstio(request).regions
  expect(region.region).toBe('eu-west')
  expect(region.local).toEqual(['ledger.run-shop.svc.cluster.local'])
  const { trafficPolicy } = find(region, 'DestinationRule', 'catalog')!.spec as { trafficPolicy: Values }
  expect(trafficPolicy).toMatchObject({ loadBalancer: { localityLbSetting: { failover: [{ from: 'eu-west', to: 'us-east' }] } }, outlierDetection: { maxEjectionPercent: 100, baseEjectionTime: '13000ms' } })
  // A service that is kept at home is still watched there: one of its pods may be ejected.
  expect((find(region, 'DestinationRule', 'ledger')!.spec as { trafficPolicy: Values }).trafficPolicy).toMatchObject({ loadBalancer: { localityLbSetting: { enabled: true } } })
  expect(JSON.stringify(find(region, 'DestinationRule', 'ledger'))).not.toContain('failover')
})

test('where gateways own failover the mesh moves nothing and tries nothing again', async () => {
  for (const region of planIstio(await fromCatalogue('three-regions', 'gateway')).regions) {
    expect(istiod(region).meshConfig).toMatchObject({ defaultHttpRetryPolicy: { attempts: 0 }, serviceSettings: [{ settings: { clusterLocal: true }, hosts: region.local }] })
    expect(region.local).toHaveLength(4)
    expect(objectsOf(region).filter(({ kind }) => kind === 'DestinationRule' || kind === 'VirtualService')).toEqual([])
  }
})

test('each step of the ladder mends one trap', async () => {
  const request = await fromCatalogue('two-regions', 'mesh')
  const told = (name: IstioSettingsName): unknown[] => {
    const [region] = planIstio({ ...request, settings: istioSettingsNamed(name) }).regions
    return [find(region, 'DestinationRule', 'catalog'), find(region, 'VirtualService', 'catalog')].map((object) => object?.spec)
  }
  for (const name of Object.keys(istioSettings) as IstioSettingsName[]) expect(istioSettingsNamed(name).name).toBe(name)
  expect(istioSettingsNamed(undefined).name).toBe('tuned')
  expect(told('stock')).toEqual([undefined, undefined])
  const outlierDetection = { consecutive5xxErrors: 1, interval: '1000ms', baseEjectionTime: '60000ms' }
  const policy = (trafficPolicy: object): unknown => expect.objectContaining({ trafficPolicy: expect.objectContaining(trafficPolicy) as unknown })
  const onePerConnection = { http: { maxRequestsPerConnection: 1 } }
  expect(told('guide')).toEqual([policy({ outlierDetection, connectionPool: onePerConnection }), undefined])
  expect(told('guide-all-ejectable')).toEqual([policy({ outlierDetection: { ...outlierDetection, maxEjectionPercent: 100 }, connectionPool: onePerConnection }), undefined])
  expect(told('guide-fast-connect')).toEqual([
    policy({ outlierDetection: { ...outlierDetection, maxEjectionPercent: 100 }, connectionPool: { tcp: { connectTimeout: '1000ms' }, ...onePerConnection } }), undefined,
  ])
  const [, routes] = told('tuned') as [unknown, { http: { match: object[]; retries: { attempts: number; retryOn: string } }[] }]
  expect(routes.http.map(({ match, retries: { attempts, retryOn } }) => ({ match, attempts, retryOn }))).toEqual([
    { match: [{ port: 8080, method: { regex: 'GET|HEAD|PUT|DELETE|OPTIONS' } }], attempts: 2, retryOn: '5xx,reset,connect-failure,refused-stream' },
    { match: [{ port: 8080 }], attempts: 2, retryOn: 'connect-failure,refused-stream' },
  ])
})

test('nobody waits longer than a second to connect, however far', () => {
  fc.assert(fc.property(anyRequest, (request) => {
    for (const region of planIstio(request).regions) {
      for (const { kind, spec } of objectsOf(region)) {
        if (kind !== 'DestinationRule') continue
        const { connectTimeout } = (spec as { trafficPolicy: { connectionPool: { tcp: { connectTimeout: string } } } }).trafficPolicy.connectionPool.tcp
        const ms = Number(/^(\d+)ms$/.exec(connectTimeout)![1])
        expect(ms).toBeGreaterThanOrEqual(300)
        expect(ms).toBeLessThanOrEqual(1000)
      }
    }
  }))
})

test("a person's values are laid over ours and leave the rest alone", async () => {
  const request = { ...await fromCatalogue('two-regions', 'mesh'), extraValues: { istiod: { telemetry: { enabled: false }, meshConfig: { accessLogFile: '/dev/stdout' }, env: { A: 'b' } } } }
  const { meshConfig, ...rest } = istiod(planIstio(request).regions[0])
  expect(rest).toMatchObject({ telemetry: { enabled: false }, env: { A: 'b' }, global: { hub: 'hub.example', tag: '1', imagePullPolicy: 'Never' } })
  expect(meshConfig).toMatchObject({ accessLogFile: '/dev/stdout', trustDomain: 'mesh.example' })
  expect(mergeValues({ a: { b: 1, c: [1, 2] } }, { a: { c: [3] } })).toEqual({ a: { b: 1, c: [3] } })
  const hostile = mergeValues({}, JSON.parse('{"__proto__":{"polluted":true}}') as Values)
  expect([({} as Values).polluted, Object.getPrototypeOf(hostile)]).toEqual([undefined, Object.prototype])
})

test('a peer is read with a token, by a name that its certificate has', () => {
  const { stringData, metadata } = remoteSecret({ cluster: 'us-east', server: 'https://10.9.0.1:20031', tlsServerName: 'kubernetes', token: 't', caData: 'Y2E=' })
  expect(metadata).toMatchObject({ name: 'istio-remote-secret-us-east', labels: { 'istio/multiCluster': 'true' } })
  const { clusters: [{ cluster }], users: [{ user }], contexts: [{ context }], ...rest } = JSON.parse(stringData!['us-east']) as Record<string, { cluster: unknown; user: unknown; context: unknown }[]>
  expect(cluster).toEqual({ server: 'https://10.9.0.1:20031', 'tls-server-name': 'kubernetes', 'certificate-authority-data': 'Y2E=' })
  expect([user, context, rest['current-context']]).toEqual([{ token: 't' }, { cluster: 'us-east', user: 'us-east' }, 'us-east'])
})

test('a name that Kubernetes would not take is refused, and a long one is shortened without clashes', () => {
  for (const name of ['Shop/a:1', 'shop/1a:1', 'shop/a', 'a:1', `shop/${'a'.repeat(64)}:1`]) expect(() => kubernetesName(name)).toThrow(expect.objectContaining({ code: 'RGT_UNSUPPORTED' }))
  const long = { name: 'a'.repeat(63) }
  expect(new Set([1, 10, 100].map((port) => labelOf(long, port))).size).toBe(3)
  for (const port of [1, 65_535]) expect(labelOf(long, port)).toMatch(/^a[-a-z0-9]{61}[a-z0-9]$/)
})
