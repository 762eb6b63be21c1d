// Plans to try things on: topologies of the catalogue with the residency of their own gateway configuration, and random ones
// with a random law.

import fc from 'fast-check'
import type { SnapshotAccess } from '../../../gateway/security/access.ts'
import { federate, fromObjects } from '../../../gateway/config/federate.ts'
import { compileSnapshot } from '../../../gateway/snapshot/compile.ts'
import { gatewayConfig } from '../../gateway-config.ts'
import { loadTopology } from '../../load.ts'
import { layOutProcesses } from '../../substrates/local/layout.ts'
import { usualClusters, type Topology } from '../../topology.ts'
import { residencyOf, type Residency } from '../reach.ts'
import type { IstioPlanRequest, Placement } from './plan.ts'
import { tunedSettings } from './plan-settings.ts'

/** As services become pods on clusters: those of a namespace share them, each on a port of its own. */
export function placementIn({ services }: Pick<Topology, 'services'>): Placement {
  return {
    namespaceOf: (namespace) => `run-${namespace}`,
    podsOf: (_, service) => ({ labels: { part: 'services' }, port: 10_000 + services.map(({ name }) => name).sort().indexOf(service) }),
    accountOf: (principal) => {
      if (principal === 'gateway') return { namespace: 'run-system', account: 'gateway' }
      const [, namespace, name] = /^service:(.*)\/(.*)$/.exec(principal)!
      return { namespace: `run-${namespace}`, account: name }
    },
  }
}

export function requestFor(topology: Topology, residency: Residency, access: ReadonlyMap<string, SnapshotAccess> = new Map()): IstioPlanRequest {
  const order = topology.regions.map(({ name }) => name).sort()
  return {
    topology, residency, access, settings: tunedSettings(), trustDomain: 'mesh.example', meshId: 'run', images: { hub: 'hub.example', tag: '1', pullPolicy: 'Never' },
    placement: placementIn(topology),
    wayTo: (from, to) => ({ host: '10.9.0.1', port: 20_000 + order.indexOf(from) * 100 + order.indexOf(to) }),
    authorityOf: (region) => ({ caCert: `cert of ${region}`, caKey: `key of ${region}`, rootCert: 'root', certChain: `cert of ${region}, root` }),
  }
}

export async function fromCatalogue(name: string, failoverOwner: Topology['failoverOwner']): Promise<IstioPlanRequest> {
  const topology: Topology = { ...await loadTopology(name), failoverOwner }
  const { controlPlanes: [{ discovery }] } = layOutProcesses({ topology, ports: { next: () => 1 }, token: '', seed: 1, stateDir: '' })
  const region = topology.regions[0].name
  const config = federate(fromObjects(await gatewayConfig(topology), 'catalogue'))
  const { routes } = compileSnapshot(config, { gateway: { name: region, role: 'region', region }, discovery }, 1)
  return requestFor(topology, residencyOf(routes))
}

const most = 6

/** Three to six regions and up to five services on two Kubernetes Services' names, each in some regions, with any distances, any law, any callers. */
export const anyRequest: fc.Arbitrary<IstioPlanRequest> = fc.record({
  count: fc.integer({ min: 3, max: most }), failoverOwner: fc.constantFrom('gateway' as const, 'mesh' as const),
  rtts: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: most * most, maxLength: most * most }),
  services: fc.array(fc.record({
    runs: fc.nat({ max: 63 }), allowed: fc.option(fc.nat({ max: 63 })), host: fc.nat({ max: 2 }),
    access: fc.option(fc.array(fc.record({ callers: fc.integer({ min: 1, max: 3 }), methods: fc.option(fc.constant<string[]>(['GET'])) }), { maxLength: 2 })),
  }), { maxLength: 5 }),
}).map(({ count, failoverOwner, rtts, services }) => {
  const names = Array.from({ length: count }, (_, index) => `region-${index}`)
  const chosen = (mask: number): string[] => names.filter((_, index) => ((mask >> index) & 1) === 1)
  const called = services.map(({ host }, index) => `shop/service-${host}:${8000 + index}`)
  const topology: Topology = {
    name: 'random', description: '', edges: [], clients: [], mesh: 'istio', failoverOwner, clusters: usualClusters, gateway: { kind: 'reference', config: [] },
    regions: names.map((name) => ({ name, cloud: 'any', jurisdiction: 'EU', coordinates: { latitude: 0, longitude: 0 } })),
    links: names.flatMap((a, i) => names.flatMap((b, j) => a === b ? []
      : [{ from: `region:${a}` as const, to: `region:${b}` as const, rttMs: rtts[Math.min(i, j) * most + Math.max(i, j)], source: 'stated' as const }])),
    services: services.map(({ runs }, index) => ({
      name: called[index], regions: chosen(runs), replicas: 1,
      response: { latencyMs: 1, jitterMs: 0, distribution: 'uniform', concurrency: null, bytes: 1, errorRate: 0 },
    })),
  }
  const residency = new Map(services.flatMap(({ allowed }, index) => allowed === null ? [] : [[called[index], new Set(chosen(allowed))] as const]))
  const access = new Map(services.flatMap(({ access: rules }, index): [string, SnapshotAccess][] => rules === null ? [] : [[called[index], {
    policies: ['shop/policy'],
    rules: rules.map(({ callers, methods }) => ({ principals: (['gateway', 'service:shop/other'] as const).filter((_, at) => ((callers >> at) & 1) === 1), methods, paths: null })),
  }]]))
  return requestFor(topology, residency, access)
})

/** The same, listed the other way round. */
export function reversed<T extends Pick<IstioPlanRequest, 'topology' | 'residency' | 'access'>>(request: T): T {
  const { topology, residency, access } = request
  const { regions, services, links } = topology
  return {
    ...request, residency: new Map([...residency].reverse()), access: new Map([...access].reverse()),
    topology: { ...topology, regions: [...regions].reverse(), links: [...links].reverse(), services: [...services].reverse().map((service) => ({ ...service, regions: [...service.regions].reverse() })) },
  }
}
