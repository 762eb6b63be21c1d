// Schedules are pure functions of the seed, every one of them a valid scenario, and between them they reach everything
// that a schedule may hold.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { primitiveKinds, type Capabilities, type PrimitiveKind } from '../../topologies/primitives.ts'
import { loadTopology } from '../../topologies/load.ts'
import { faultKinds, faults, type FaultKind } from '../faults/index.ts'
import { loadScenarioAndTopology } from '../load-scenario.ts'
import { plan } from '../plan.ts'
import { generateSchedule, mostFaults } from './schedules.ts'

const three = await loadScenarioAndTopology('regional-outage', { fast: true })
const fifteen = { scenario: three.scenario, topology: await loadTopology('fifteen-regions') }
const without = (...kinds: PrimitiveKind[]): Capabilities =>
  Object.fromEntries(primitiveKinds.map((kind) => [kind, { supported: !kinds.includes(kind), how: '', symptom: '' }])) as Capabilities
const all = without()
/** A search plays in virtual time, where these cannot be had. */
const notInVirtualTime: FaultKind[] = ['api-server-loss', 'collector-outage', 'dns-failure', 'packet-loss', 'pod-eviction', 'pod-unready']
const seeds = Array.from({ length: 400 }, (_, index) => index + 1)

describe.each([['three regions', three], ['fifteen regions', fifteen]] as const)('on %s', (_, ground) => {
  it('the same seed gives the same schedule, which is a valid plan inside the fault phase', () => {
    const { faultUs } = ground.scenario.timeline
    const [, , phase] = plan(ground.scenario, ground.topology, 1).phases
    fc.assert(fc.property(fc.nat({ max: 999_999_999 }), (seed) => {
      const method = generateSchedule({ ...ground, capabilities: all }, seed)
      expect(generateSchedule({ ...ground, capabilities: all }, seed)).toEqual(method)
      const added = method.slice(ground.scenario.method.length)
      expect(method.slice(0, ground.scenario.method.length)).toEqual(ground.scenario.method)
      expect(added.length).toBeGreaterThanOrEqual(1)
      expect(added.length).toBeLessThanOrEqual(mostFaults)
      expect(new Set(method.map(({ name }) => name)).size).toBe(method.length)
      for (const { kind, atUs, forUs, parameters } of added) {
        expect(atUs).toBeGreaterThanOrEqual(0)
        expect(forUs).toBeGreaterThan(0)
        expect(atUs + forUs).toBeLessThanOrEqual(faultUs)
        // Written by hand they would be the same: no parameter is unknown or missing.
        expect(Object.keys(faults[kind as FaultKind].parameters.shape)).toEqual(expect.arrayContaining(Object.keys(parameters)))
      }
      const planned = plan({ ...ground.scenario, method }, ground.topology, seed)
      for (const { fromUs, toUs } of planned.faults) {
        expect(fromUs).toBeGreaterThanOrEqual(phase.fromUs)
        expect(toUs).toBeLessThanOrEqual(phase.toUs)
      }
    }), { numRuns: 150 })
  })
  it('every kind of fault is drawn, alone and beside others, overlapping and in turn', () => {
    const schedules = seeds.map((seed) => generateSchedule({ ...ground, capabilities: all }, seed).slice(1))
    const drawn = faultKinds.filter((kind) => !notInVirtualTime.includes(kind))
    expect([...new Set(schedules.flat().map(({ kind }) => kind))].sort()).toEqual(drawn.sort())
    const sizes = new Set(schedules.map(({ length }) => length))
    expect(Array.from({ length: mostFaults }, (_, size) => size + 1).every((size) => sizes.has(size))).toBe(true)
    const pairs = schedules.flatMap((blocks) => blocks.slice(1).map((block, index) => [blocks[index], block]))
    expect(pairs.some(([a, b]) => b.atUs < a.atUs + a.forUs && a.atUs < b.atUs + b.forUs)).toBe(true)
    expect(pairs.some(([a, b]) => b.atUs >= a.atUs + a.forUs)).toBe(true)
  })
})

it('some schedules lose every region of a residency zone at once', () => {
  const zone = fifteen.topology.regions.filter(({ jurisdiction }) => jurisdiction === 'EU').map(({ name }) => name)
  const whole = ['regional-outage', 'regional-crash', 'regional-hang']
  expect(seeds.some((seed) => {
    const lost = generateSchedule({ ...fifteen, capabilities: all }, seed).slice(1).filter(({ kind }) => whole.includes(kind)).map(({ parameters }) => parameters.region)
    return zone.every((region) => lost.includes(region))
  })).toBe(true)
})

it('what the substrate cannot do is not drawn', () => {
  const kinds = seeds.flatMap((seed) => generateSchedule({ ...three, capabilities: without('stop', 'pause') }, seed).slice(1).map(({ kind }) => kind))
  expect(kinds).not.toContain('regional-crash')
  expect(kinds).not.toContain('service-outage')
  expect(kinds).toContain('link-cut')
})

it('a fault phase without room is refused', () => {
  const scenario = { ...three.scenario, timeline: { ...three.scenario.timeline, faultUs: 900_000 } }
  expect(() => generateSchedule({ scenario, topology: three.topology, capabilities: all }, 1)).toThrow(expect.objectContaining({ code: 'RGT_SCENARIO_TIMELINE' }))
})
