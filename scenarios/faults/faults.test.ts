// Faults are pure recipes: each composes on every topology of the catalogue, touches what it says and no more.

import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../gateway/runtime.ts'
import type { ToldSymptom } from '../../topologies/primitives.ts'
import { loadTopology } from '../../topologies/load.ts'
import { linksOfRegion } from '../../topologies/region-links.ts'
import type { Topology } from '../../topologies/topology.ts'
import { withEntry } from '../plan-entry.ts'
import type { Composition } from './fault.ts'
import { faultKinds, faults, type FaultKind } from './index.ts'
import { directionsOf, homeRegion, pathsOver, regionsByDistance } from './paths.ts'

const three = await loadTopology('three-regions')
const fifteen = await loadTopology('fifteen-regions')
const forUs = 10_000_000

/** The least that must be written for each kind. */
function leastOf(kind: FaultKind, topology: Topology): Record<string, unknown> {
  const [group] = topology.clients
  const region = homeRegion(topology, group)
  const [, link] = directionsOf(group, region)
  if (kind === 'control-plane-loss' || kind === 'collector-outage') return {}
  if (kind === 'link-cut' || kind === 'asymmetric-partition') return { from: link.to, to: link.from }
  return { region }
}

/** Those that no client may notice, and what the history tells of them instead. */
const hidden: Partial<Record<FaultKind, ToldSymptom>> = {
  'control-plane-loss': 'unreachable-control-plane', 'api-server-loss': 'unreachable-api-server', 'dns-failure': 'stopped',
  'collector-outage': 'unreachable-collector',
}

function compose(kind: FaultKind, topology: Topology, given: Record<string, unknown> = {}, seed = 1): Composition {
  const fault = faults[kind]
  const parameters = fault.parameters.parse({ ...leastOf(kind, topology), ...given })
  return fault.compose(parameters as never, { topology, random: seededRandom(seed), forUs })
}

describe('the registry', () => {
  it('names each fault as its file is named', () => {
    const notFaults = ['fault.ts', 'index.ts', 'parameters.ts', 'paths.ts']
    const files = readdirSync(import.meta.dirname).filter((name) => !name.endsWith('.test.ts') && !notFaults.includes(name))
    expect(faultKinds.map((kind) => `${kind}.ts`).sort()).toEqual(files.sort())
    for (const kind of faultKinds) expect(faults[kind].kind).toBe(kind)
  })
})

describe.each([three, fifteen])('on $name', (topology) => {
  it.each(faultKinds)('%s heals within its window, affects known regions and is plain data', (kind) => {
    const composed = compose(kind, topology)
    expect(composed.primitives.length).toBeGreaterThan(0)
    for (const { offsetUs, forUs: lasts } of composed.primitives) {
      expect(offsetUs).toBeGreaterThanOrEqual(0)
      expect(lasts).toBeGreaterThan(0)
      expect(offsetUs + lasts).toBeLessThanOrEqual(forUs)
    }
    const names = topology.regions.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(composed.affectedRegions))
    expect(composed.affectedRegions.length).toBeGreaterThan(0)
    expect(JSON.parse(JSON.stringify(composed))).toEqual(composed)
  })
  it.each(faultKinds)('%s says what a witness sees on the ways of the clients that it hits', (kind) => {
    for (const { symptom, paths } of compose(kind, topology).primitives) {
      if (kind in hidden) expect([symptom.expect, paths]).toEqual([hidden[kind], []])
      else {
        expect(paths.length).toBeGreaterThan(0)
        expect(symptom.expect).not.toBe('none')
      }
    }
  })
})

describe('names that the topology does not have', () => {
  it.each(faultKinds.filter((kind) => 'region' in leastOf(kind, three)))('%s tells the nearest region', (kind) => {
    expect(() => compose(kind, three, { region: 'eu-wset' })).toThrow(expect.objectContaining({
      code: 'RGT_SCENARIO_REFERENCE', details: expect.objectContaining({ found: 'eu-wset', hint: 'did you mean `eu-west`?' }),
    }))
  })
  it.each(['link-cut', 'asymmetric-partition'] as const)('%s tells that there is no such link', (kind) => {
    expect(() => compose(kind, three, { from: 'edge:frankfurt', to: 'edge:new-york' })).toThrow(/no link/)
  })
})

describe('what is touched', () => {
  it('a regional outage takes all of the region, and nothing else, off the network', () => {
    const [{ primitive, symptom, paths }] = compose('regional-outage', three).primitives
    expect(primitive).toEqual({ kind: 'isolate', regions: ['eu-west'] })
    expect(symptom).toEqual({ expect: 'silent' })
    expect(paths).toEqual([{ group: 'europe', region: 'eu-west' }])
  })
  it('scope services pauses the services and nothing else', () => {
    expect(compose('regional-outage', three, { scope: 'services' }).primitives[0].primitive)
      .toEqual({ kind: 'pause', at: [{ region: 'eu-west', parts: ['services'] }] })
  })
  it('an asymmetric partition cuts one direction only', () => {
    expect(compose('asymmetric-partition', three, { from: 'region:eu-west', to: 'edge:frankfurt' }).primitives[0].primitive)
      .toEqual({ kind: 'cut', on: [{ from: 'region:eu-west', to: 'edge:frankfurt' }], mode: 'black-hole' })
  })
  it('a link that is nobody\'s way home affects no region', () => {
    const composed = compose('link-cut', three, { from: 'edge:frankfurt', to: 'region:ap-south' })
    expect(composed.affectedRegions).toEqual([])
    expect(composed.primitives[0].paths).toEqual([{ group: 'europe', region: 'ap-south' }])
  })
  it('a brownout with few errors is recognised by its delay', () => {
    expect(compose('region-brownout', three, { errorRate: 0.05, delay: '300ms' }).primitives[0].symptom).toEqual({ expect: 'slower', byMs: 150 })
    expect(compose('region-brownout', three, { errorRate: 0.5 }).primitives[0].symptom).toEqual({ expect: 'errors', share: 0.2 })
  })
})

describe('pods', () => {
  it.each([
    ['pod-kill', 'kill', 'restarted'], ['pod-eviction', 'evict', 'restarted'], ['pod-unready', 'unready', 'out-of-discovery'],
  ] as const)('%s touches one part of one region', (kind, primitive, symptom) => {
    const composed = compose(kind, three, { part: 'services' })
    expect(composed.primitives).toMatchObject([{
      primitive: { kind: primitive, at: [{ region: 'eu-west', parts: ['services'] }] }, symptom: { expect: symptom }, paths: [{ group: 'europe', region: 'eu-west' }],
    }])
    expect(compose(kind, three, { part: 'control-plane' }).primitives[0].paths).toEqual([])
    expect(() => compose(kind, three, { part: 'api-server' })).toThrow(/part/)
  })
  it('a gateway out of discovery shows nothing: who is connected stays so', () => {
    expect(compose('pod-unready', three, { part: 'gateway' }).primitives[0].symptom).toEqual({ expect: 'none' })
  })
})

describe('packets that are lost', () => {
  it('delay the share of requests that one of two packets belonged to', () => {
    const [{ primitive, symptom }] = compose('packet-loss', three, { share: 0.5 }).primitives
    expect(primitive).toEqual({ kind: 'loss', regions: ['eu-west'], share: 0.5 })
    expect(symptom).toEqual({ expect: 'slower', byMs: 100, share: expect.closeTo(0.3, 10) as number })
  })
})

describe('a flapping region', () => {
  it('is never down twice at once, whatever the lengths and the seed', () => {
    fc.assert(fc.property(
      fc.integer({ min: 500, max: 4000 }), fc.integer({ min: 500, max: 4000 }), fc.double({ min: 0, max: 0.5, noNaN: true }), fc.nat(),
      (on, off, jitter, seed) => {
        const { primitives } = compose('flapping-region', three, { on: `${on}ms`, off: `${off}ms`, jitter }, seed)
        primitives.slice(1).forEach(({ offsetUs }, index) => {
          expect(offsetUs).toBeGreaterThan(primitives[index].offsetUs + primitives[index].forUs)
        })
        expect(compose('flapping-region', three, { on: `${on}ms`, off: `${off}ms`, jitter }, seed).primitives).toEqual(primitives)
      },
    ))
  })
  it('refuses lengths that no witness can see', () => {
    expect(() => compose('flapping-region', three, { on: '100ms' })).toThrow(expect.objectContaining({ code: 'RGT_SCENARIO_TIMELINE' }))
  })
})

describe('paths', () => {
  it('begin at the nearest region', () => {
    expect(three.clients.map((group) => [group.name, homeRegion(three, group)]))
      .toEqual([['europe', 'eu-west'], ['america', 'us-east'], ['asia', 'ap-south']])
    for (const group of fifteen.clients) {
      expect([...regionsByDistance(fifteen, group)].sort()).toEqual(fifteen.regions.map(({ name }) => name).sort())
    }
  })
  it('lead through the entry, whichever way a group comes in', () => {
    const [direct] = withEntry(three, 'direct').clients
    expect(directionsOf(direct, 'eu-west')).toEqual([{ from: 'clients:europe', to: 'region:eu-west' }])
    expect(directionsOf(direct, 'us-east')).toEqual([
      { from: 'clients:europe', to: 'region:eu-west' }, { from: 'region:eu-west', to: 'region:us-east' },
    ])
    const [list] = withEntry(three, 'list').clients
    expect(list.entry).toEqual({ kind: 'list', regions: ['eu-west', 'ap-south', 'us-east'], timeoutMs: 1000 })
  })
  it('over the links of a region include every way into it', () => {
    const paths = pathsOver(three, linksOfRegion(three, 'us-east'))
    expect(paths).toEqual(expect.arrayContaining(three.clients.map(({ name }) => ({ group: name, region: 'us-east' }))))
    expect(paths).not.toContainEqual({ group: 'europe', region: 'eu-west' })
  })
})
