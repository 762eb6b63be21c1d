// Plans to try things on: topologies of the catalogue with the residency that their own gateway configuration says, and
// random small ones with a random law.

import fc from 'fast-check'
import { federate, fromObjects } from '../../../gateway/config/federate.ts'
import { compileSnapshot } from '../../../gateway/snapshot/compile.ts'
import { gatewayConfig } from '../../gateway-config.ts'
import { loadTopology } from '../../load.ts'
import { layOutProcesses, type Layout } from '../../substrates/local/layout.ts'
import { usualClusters, type Topology } from '../../topology.ts'
import { planConsul, type ConsulPlan } from './plan.ts'
import { residencyOf, type Residency } from '../reach.ts'
import { tunedSettings, type ConsulSettings } from './plan-settings.ts'

export const catalogued = ['two-regions', 'three-regions', 'fifteen-regions'] as const

export interface Planned { topology: Topology; residency: Residency; layout: Layout; plan: ConsulPlan; /** of the mesh alone */ taken: { from: number; to: number } }

export function planned(topology: Topology, residency: Residency, settings: ConsulSettings = tunedSettings()): Planned {
  let next = 12_000
  const ports = { next: () => next++ }
  const layout = layOutProcesses({ topology, ports, token: 'token', seed: 1, stateDir: '/run' })
  const from = next
  const plan = planConsul({ topology, ports, services: layout.services, gateways: layout.gateways, residency, settings, stateDir: '/run' })
  return { topology, residency, layout, plan, taken: { from, to: next } }
}

export async function plannedFromCatalogue(name: string, failoverOwner: Topology['failoverOwner'], settings?: ConsulSettings): Promise<Planned> {
  const topology = { ...await loadTopology(name), failoverOwner }
  const { controlPlanes: [{ discovery }] } = layOutProcesses({ topology, ports: { next: () => 1 }, token: '', seed: 1, stateDir: '' })
  const region = topology.regions[0].name
  const config = federate(fromObjects(await gatewayConfig(topology), 'catalogue'))
  const { routes } = compileSnapshot(config, { gateway: { name: region, role: 'region', region }, discovery }, 1)
  return planned(topology, residencyOf(routes), settings)
}

/** At most five regions and four services, each in some regions (perhaps none), with any distances and any law. */
export const anyPlanned: fc.Arbitrary<Planned> = fc.record({
  count: fc.integer({ min: 1, max: 5 }), failoverOwner: fc.constantFrom('gateway' as const, 'mesh' as const),
  rtts: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 25, maxLength: 25 }),
  services: fc.array(fc.record({ runs: fc.nat({ max: 31 }), allowed: fc.option(fc.nat({ max: 31 })), replicas: fc.integer({ min: 1, max: 3 }) }), { maxLength: 4 }),
}).map(({ count, failoverOwner, rtts, services }) => {
  const names = Array.from({ length: count }, (_, index) => `region-${index}`)
  const chosen = (mask: number): string[] => names.filter((_, index) => ((mask >> index) & 1) === 1)
  const topology: Topology = {
    name: 'random', description: '', edges: [], clients: [], mesh: 'consul', failoverOwner, clusters: usualClusters, gateway: { kind: 'reference', config: [] },
    regions: names.map((name) => ({ name, cloud: 'any', jurisdiction: 'EU', coordinates: { latitude: 0, longitude: 0 } })),
    links: names.flatMap((a, i) => names.flatMap((b, j) => a === b ? []
      : [{ from: `region:${a}` as const, to: `region:${b}` as const, rttMs: rtts[Math.min(i, j) * 5 + Math.max(i, j)], source: 'stated' as const }])),
    services: services.map(({ runs, replicas }, index) => ({
      name: `shop/service-${index}:80`, regions: chosen(runs), replicas,
      response: { latencyMs: 1, jitterMs: 0, distribution: 'uniform', concurrency: null, bytes: 1, errorRate: 0 },
    })),
  }
  const residency = new Map(services.flatMap(({ allowed }, index) => allowed === null ? [] : [[`shop/service-${index}:80`, new Set(chosen(allowed))] as const]))
  return planned(topology, residency)
})
