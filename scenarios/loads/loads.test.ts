// Planning of loads: rates split, phases apart, the same for the same seed, and errors that name what is known.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrivalsOf } from '../../topologies/arrivals.ts'
import { usualClusters, type Topology } from '../../topologies/topology.ts'
import type { LoadBlock } from '../scenario.ts'
import { loadKinds, loads, planLoads, renderSuite } from './index.ts'
import { suiteNames } from './k6.ts'

const group = (name: string) => ({ name, coordinates: { latitude: 0, longitude: 0 }, jurisdiction: 'eu', entry: { kind: 'edge', edge: 'e' } as const })
const topology: Topology = {
  name: 'three-regions', description: '', regions: [], edges: [], clients: ['europe', 'america', 'asia'].map(group), services: [], links: [],
  gateway: { kind: 'reference', config: [] }, mesh: 'none', failoverOwner: 'gateway', clusters: usualClusters,
}
const block = (over: Partial<LoadBlock> = {}): LoadBlock => ({
  name: 'shop', kind: 'k6', ratePerSecond: 150, arrivals: 'constant', groups: null, timeoutMs: 2000, suite: null,
  mix: [{ name: 'cart', weight: 1, method: 'GET', host: 'shop.example', path: '/cart', headers: {}, bodyBytes: 0 }], ...over,
})
const window = { fromUs: 0, toUs: 10_000_000 }
const code = (code: string, expected: RegExp) => expect.objectContaining({ code, details: expect.objectContaining({ expected: expect.stringMatching(expected) }) })

describe('a plan of loads', () => {
  it('splits the rate over the groups and keeps them apart', () => {
    const [load] = planLoads([block()], topology, 7, window)
    expect(load).toMatchObject({ name: 'shop', source: 'load', engine: 'k6', ...window })
    expect(load.streams.map(({ group, ratePerSecond, phaseUs }) => [group, ratePerSecond, phaseUs]))
      .toEqual([['europe', 50, 0], ['america', 50, 6667], ['asia', 50, 13_333]])
    expect(new Set(load.streams.map(({ seed }) => seed)).size).toBe(3)
    const all = load.streams.flatMap((_, at) => [...arrivalsOf(load, at)]).map(({ atUs }) => atUs).sort((a, b) => a - b)
    expect(all).toHaveLength(1500)
    expect(Math.min(...all.slice(1).map((atUs, i) => atUs - all[i]))).toBeGreaterThan(6000)
  })

  it('keeps the whole rate, whatever the groups', () => {
    fc.assert(fc.property(fc.subarray(['europe', 'america', 'asia'], { minLength: 1 }), fc.integer({ min: 1, max: 600 }), (groups, ratePerSecond) => {
      const [load] = planLoads([block({ groups, ratePerSecond, kind: 'open-loop' })], topology, 1, window)
      expect(load.streams.reduce((sum, stream) => sum + stream.ratePerSecond, 0)).toBeCloseTo(ratePerSecond)
      expect(load.streams.map(({ group }) => group)).toEqual(groups)
    }))
  })

  it('is the same for the same seed, and another for another', () => {
    expect(planLoads([block()], topology, 7, window)).toEqual(planLoads([block()], topology, 7, window))
    expect(planLoads([block()], topology, 7, window)).not.toEqual(planLoads([block()], topology, 8, window))
  })

  it('finds hand-written suites', () => {
    expect(suiteNames()).toEqual(['shop-journey', 'spike'])
    expect(planLoads([block({ suite: 'spike' })], topology, 7, window)[0].suite).toMatch(/scenarios\/suites\/spike\.ts$/)
  })

  it.each([
    ['an unknown group', block({ groups: ['europa'] }), 'RGT_SCENARIO_REFERENCE', /europe, america, asia/],
    ['an unknown suite', block({ suite: 'spikes' }), 'RGT_SCENARIO_REFERENCE', /shop-journey, spike/],
    ['a suite outside its folder', block({ suite: '../loads/k6' }), 'RGT_SCENARIO_REFERENCE', /shop-journey, spike/],
    ['a season of k6', block({ season: { periodUs: 60_000_000, swing: 0.5 } }), 'RGT_LOAD_KIND', /open-loop/],
    ['Poisson arrivals of k6', block({ arrivals: 'poisson' }), 'RGT_LOAD_KIND', /open-loop/],
    ['a suite for the open-loop engine', block({ kind: 'open-loop', suite: 'spike' }), 'RGT_LOAD_KIND', /kind: k6/],
    ['an unknown kind', block({ kind: 'wrk' }), 'RGT_LOAD_KIND', /k6, open-loop/],
  ])('refuses %s', (_, bad, errorCode, expected) => {
    expect(() => planLoads([bad], topology, 7, window)).toThrow(code(errorCode, expected))
  })

  it('refuses two loads of one name', () => {
    expect(() => planLoads([block(), block()], topology, 7, window)).toThrow(code('RGT_LOAD_KIND', /a name each/))
  })
})

it('kinds are named as they are registered', () => {
  for (const kind of loadKinds) expect(loads[kind].kind).toBe(kind)
})

describe('a rendered suite', () => {
  const [load] = planLoads([block()], topology, 7, window)

  it('holds the load, and neither an address nor a token', () => {
    const text = renderSuite(load, './lib/regatta.ts')
    expect(text).toContain('"ratePerSecond": 50')
    expect(text).not.toMatch(/127\.0\.0\.1|REGATTA_TOKEN|http:\/\//)
    expect(renderSuite(load, './lib/regatta.ts')).toBe(text)
  })
})

it('hand-written suites and their library hold to the types of k6', () => {
  const root = join(import.meta.dirname, '..', '..')
  expect(() => execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', join(root, 'scenarios/suites')], { encoding: 'utf8' })).not.toThrow()
})
