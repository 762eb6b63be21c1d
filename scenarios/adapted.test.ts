// A drill that is adapted asks for less or waits longer, and holds what it held.

import { expect, test } from 'vitest'
import { meshes } from '../topologies/meshes/index.ts'
import { readMeshUse, withMesh } from '../topologies/meshes/use.ts'
import { loadScenarioAndTopology } from './load-scenario.ts'
import { inForce, unhurried, withMeshUse, withRateShare } from './adapted.ts'
import { plan } from './plan.ts'

const { scenario, topology } = await loadScenarioAndTopology('regional-outage')

test('phases before the fault are lengthened for the substrate and for the mesh, never shortened', () => {
  const { timeline } = scenario
  expect(unhurried(scenario, {}, topology)).toBe(scenario)
  expect(unhurried(scenario, { leastUs: { warmup: 1, steady: 1 } }, topology)).toEqual(scenario)
  expect(unhurried(scenario, { leastUs: { warmup: 12_000_000, steady: 1 } }, topology)).toEqual({ ...scenario, timeline: { ...timeline, warmupUs: 12_000_000 } })
  const { warmup, steady } = meshes.consul.leastUs!
  const beside = withMeshUse(scenario, readMeshUse('consul'))
  expect(unhurried(beside, { leastUs: { warmup: warmup + 1, steady: 1 } }, topology).timeline).toEqual({ ...timeline, warmupUs: warmup + 1, steadyUs: steady })
})

test('a mesh that is asked for stands instead of the topology\'s own', () => {
  expect(withMeshUse(scenario, undefined)).toBe(scenario)
  expect(inForce(scenario, topology)).toBe(topology)
  const own = withMesh(topology, readMeshUse('consul:stock'))
  expect(inForce(withMeshUse(scenario, readMeshUse('consul')), own)).toEqual({ ...topology, mesh: 'consul', failoverOwner: 'gateway' })
  expect(plan(withMeshUse(scenario, readMeshUse('consul:tuned')), topology, 1).topology).toMatchObject({ mesh: 'consul', failoverOwner: 'mesh', meshSettings: 'tuned' })
})

test('a share of the rate is offered by every load, and probers keep their resolution', () => {
  expect(withRateShare(scenario, 1)).toBe(scenario)
  const half = withRateShare(scenario, 0.5)
  expect(half.loads.map(({ ratePerSecond }) => ratePerSecond)).toEqual(scenario.loads.map(({ ratePerSecond }) => ratePerSecond / 2))
  expect({ ...half, loads: null }).toEqual({ ...scenario, loads: null })
})
