// A plan is a pure function of scenario, topology and seed, and holds what the verdicts' rules ask for.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countArrivals } from '../topologies/arrivals.ts'
import { catalogScenarios, loadScenarioAndTopology } from './load-scenario.ts'
import { believableRate, limitsInRealTime, plan } from './plan.ts'
import type { LoadSpec } from '../topologies/substrate.ts'
import type { Plan, Scenario } from './scenario.ts'

const { scenario, topology } = await loadScenarioAndTopology('regional-outage')
const loadOf = (planned: Plan, name: string): LoadSpec => planned.loads.find((load) => load.name === name)!
const changed = (over: Partial<Scenario>): Scenario => ({ ...structuredClone(scenario), ...over })

/** The same data with the keys of every map in another order. */
function shuffled<T>(value: T, order: (keys: string[]) => string[]): T {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, order)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(order(Object.keys(value)).map((key) => [key, shuffled((value as Record<string, unknown>)[key], order)])) as T
}

describe('purity', async () => {
  it.each(await catalogScenarios())('$name: the same twice, and for maps in another order', async ({ name }) => {
    const given = await loadScenarioAndTopology(name, { fast: true })
    const first = plan(given.scenario, given.topology, 7)
    expect(plan(given.scenario, given.topology, 7)).toEqual(first)
    const backwards = (keys: string[]): string[] => [...keys].reverse()
    expect(plan(shuffled(given.scenario, backwards), shuffled(given.topology, backwards), 7)).toEqual(first)
    expect(JSON.parse(JSON.stringify(first))).toEqual(first)
  })
  it('another seed gives other arrivals and the same times of faults', () => {
    const [one, two] = [plan(scenario, topology, 1), plan(scenario, topology, 2)]
    expect(loadOf(one, 'prober').streams[0].seed).not.toBe(loadOf(two, 'prober').streams[0].seed)
    expect(two.steps).toEqual(one.steps)
  })
  it('freezes what it gives and leaves alone what it got', () => {
    const own = structuredClone(topology)
    const planned = plan(scenario, own, 1)
    expect(Object.isFrozen(planned.loads[0].streams[0].templates)).toBe(true)
    expect(Object.isFrozen(own.links)).toBe(false)
  })
})

describe('steps', () => {
  const planned = plan(scenario, topology, 1)
  it('mark the phases, apply in the fault phase and heal at its end, in this order', () => {
    const us = 1_000_000
    expect(planned.steps.map(({ atUs, step }) => [atUs / us, step.kind === 'mark' ? step.event.phase : step.kind])).toEqual([
      [0, 'warmup'], [2, 'steady'], [10, 'fault'], [10, 'apply'], [20, 'healing'], [20, 'heal'], [35, 'recovered'],
    ])
    expect(planned.endUs).toBe(40 * us)
  })
  it('heal all that they apply, whatever the times of the faults', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(9_000), fc.integer({ min: 1, max: 1_000 })), { minLength: 1, maxLength: 6 }), (windows) => {
      const method = windows.map(([at, length], index) => ({
        name: `hang-${index}`, kind: 'regional-hang', atUs: at * 1000, forUs: length * 1000, parameters: { region: 'eu-west' },
      }))
      const { steps } = plan(changed({ method }), topology, 1)
      for (const { atUs, step } of steps) {
        if (step.kind !== 'apply') continue
        const healing = steps.filter((other) => other.step.kind === 'heal' && other.step.fault === step.fault && other.step.index === step.index)
        expect(healing).toHaveLength(1)
        expect(healing[0].atUs).toBeGreaterThan(atUs)
      }
      expect(steps.map(({ atUs }) => atUs)).toEqual(steps.map(({ atUs }) => atUs).sort((a, b) => a - b))
    }))
  })
  it('mark no phase that has no length', () => {
    const { steps, phases } = plan(changed({ method: [], timeline: { ...scenario.timeline, faultUs: 0, healingUs: 0 } }), topology, 1)
    expect(steps.map(({ step }) => step.kind === 'mark' && step.event.phase)).toEqual(['warmup', 'steady', 'recovered'])
    expect(phases).toHaveLength(5)
  })
})

describe('probes', () => {
  const planned = plan(scenario, topology, 1)
  it('the groups near the fault are probed ten times as finely as the others', () => {
    expect(planned.affectedGroups).toEqual(['europe'])
    expect(loadOf(planned, 'prober').streams.map(({ group, ratePerSecond, timeoutMs }) => [group, ratePerSecond, timeoutMs]))
      .toEqual([['europe', 100, 2000], ['america', 10, 2000], ['asia', 10, 2000]])
  })
  it('asked-for groups come before computed ones', () => {
    const { affectedGroups } = plan(changed({ prober: { ...scenario.prober, groups: ['asia'] } }), topology, 1)
    expect(affectedGroups).toEqual(['asia'])
  })
  it.each([false, true])('every path that may be needed has its 220 samples within the steady phase (fast: %s)', async (fast) => {
    const given = await loadScenarioAndTopology('regional-outage', { fast })
    const own = plan(given.scenario, given.topology, 1)
    const paths = loadOf(own, 'paths')
    const [, steady] = own.phases
    expect(paths.fromUs).toBe(steady.fromUs)
    expect(paths.toUs).toBeLessThan(steady.toUs)
    expect(paths.streams.map(({ group, pinned }) => `${group} → ${pinned}`).sort()).toEqual([
      'america → us-east', 'asia → ap-south', 'europe → ap-south', 'europe → eu-west', 'europe → us-east',
    ])
    paths.streams.forEach((_, index) => expect(countArrivals(paths, index)).toBeGreaterThanOrEqual(220))
  })
  it('a witness watches each path of each fault for the whole run', () => {
    const witness = loadOf(planned, 'witness')
    expect([witness.fromUs, witness.toUs]).toEqual([0, planned.endUs])
    expect(witness.streams.map(({ group, pinned, timeoutMs }) => [group, pinned, timeoutMs])).toEqual([['europe', 'eu-west', 1000]])
  })
  it('all pinned requests ask for the prober\'s template, which is safe to repeat', () => {
    for (const name of ['paths', 'witness', 'prober']) {
      for (const { templates } of loadOf(planned, name).streams) expect(templates.map((template) => template.name)).toEqual(['catalog'])
    }
  })
  it('paths that do not fit into the budget are left out from the far end, and that is said', async () => {
    const given = await loadScenarioAndTopology('regional-outage')
    const short = plan(changed({ timeline: { ...scenario.timeline, steadyUs: 2_000_000 } }), given.topology, 1)
    expect(loadOf(short, 'paths').streams.map(({ group, pinned }) => `${group} → ${pinned}`)).toEqual(['europe → eu-west', 'america → us-east'])
    expect(short.limits).toHaveLength(1)
  })
})

describe('the offered rate', () => {
  it('is the sum of all that is sent at once, and too much of it is a limit where a machine has to send it', () => {
    const calm = plan(scenario, topology, 1)
    expect([...calm.limits!, ...limitsInRealTime(calm)]).toEqual([])
    const heavy = plan(changed({ loads: scenario.loads.map((load) => ({ ...load, ratePerSecond: 900 })) }), topology, 1)
    expect(heavy.offeredRate).toBe(calm.offeredRate! + 900 - scenario.loads[0].ratePerSecond)
    expect(heavy.limits).toEqual([])
    expect(limitsInRealTime(heavy)).toEqual([expect.stringContaining(String(believableRate))])
  })
})

describe('ways in', () => {
  it.each(['direct', 'list'] as const)('%s stands in the topology of the plan', (entry) => {
    const { topology: own, affectedGroups } = plan(changed({ entry }), topology, 1)
    expect(own.clients.every((group) => group.entry.kind === entry)).toBe(true)
    expect(affectedGroups).toEqual(['europe'])
  })
  it('edge needs an edge', () => {
    const bare = { ...topology, edges: [], clients: topology.clients.map((group) => ({ ...group, entry: { kind: 'direct' as const, region: 'eu-west' } })) }
    expect(() => plan(changed({ entry: 'edge' }), bare, 1)).toThrow(expect.objectContaining({ code: 'RGT_SCENARIO_REFERENCE' }))
  })
})

describe('changes', () => {
  it('follow one another, each with the next revision and its own document', async () => {
    const given = await loadScenarioAndTopology('config-change-under-load')
    const published = plan(given.scenario, given.topology, 1).steps.flatMap(({ atUs, step }) => (step.kind === 'publish' ? [{ atUs, ...step.change }] : []))
    expect(published).toHaveLength(3000)
    expect(published.map(({ revision }) => revision)).toEqual(Array.from({ length: 3000 }, (_, index) => index + 2))
    expect(published[0].atUs).toBe(7_000_000)
    // 30 a second: the last one 2,999 intervals after the first.
    expect(published[2999].atUs).toBe(7_000_000 + Math.round((2999 * 1_000_000) / 30))
    const [document] = published[501].put
    expect(document.metadata.name).toBe('change-1')
    expect(JSON.stringify(document.spec)).toContain('/changes/1/501')
  })
})
