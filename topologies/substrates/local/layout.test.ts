// The layout of any topology: pure, every link has one entry between the right ports, no port is used twice.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadTopology } from '../../load.ts'
import { usualClusters, type ClientGroup, type Entry, type Link, type PlaceRef, type Topology } from '../../topology.ts'
import { layOutProcesses, portsNeeded, type Layout } from './layout.ts'
import { localSubstrate } from './local.ts'
import { mostPorts } from '../sockets/ports.ts'

const names = (prefix: string, max: number, min = 0) => fc.integer({ min, max }).map((count) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`))

const topologies: fc.Arbitrary<Topology> = fc.record({
  regions: names('region', 4, 1), edges: names('edge', 3), groups: names('group', 3, 1), services: names('service', 3), replicas: fc.integer({ min: 1, max: 3 }),
  picks: fc.array(fc.nat(), { minLength: 32, maxLength: 32 }),
}).map(({ regions, edges, groups, services, replicas, picks }) => {
  const place = { latitude: 0, longitude: 0 }
  const pick = <T>(list: readonly T[], at: number): T => list[picks[at] % list.length]
  const entry = (at: number): Entry => edges.length > 0 ? { kind: 'edge', edge: pick(edges, at) } : { kind: 'direct', region: pick(regions, at) }
  const clients = groups.map((name, at): ClientGroup => ({ name, coordinates: place, jurisdiction: 'EU', entry: entry(at) }))
  const links = [
    ...groups.flatMap((group) => [...edges.map((edge) => [`clients:${group}`, `edge:${edge}`]), ...regions.map((region) => [`clients:${group}`, `region:${region}`])]),
    ...edges.flatMap((edge) => regions.map((region) => [`edge:${edge}`, `region:${region}`])),
    ...regions.flatMap((a) => regions.filter((b) => b !== a).map((b) => [`region:${a}`, `region:${b}`])),
  ].flatMap(([from, to], index): Link[] => {
    const rttMs = picks[index % picks.length] % 200
    const there: Link = { from: from as PlaceRef, to: to as PlaceRef, rttMs, source: 'stated' }
    return from.startsWith('region:') ? [there] : [there, { ...there, from: there.to, to: there.from }]
  })
  return {
    name: 'random', description: '', clients, links,
    regions: regions.map((name) => ({ name, cloud: 'any', jurisdiction: 'EU', coordinates: place })),
    edges: edges.map((name, at) => ({ name, coordinates: place, home: pick(regions, at + 8) })),
    services: services.map((name, at) => ({
      name: `shop/${name}:80`, regions: regions.filter((_, index) => (picks[at + 16] >> index) % 2 === 0), replicas,
      response: { latencyMs: 1, jitterMs: 0, distribution: 'uniform', concurrency: null, bytes: 1, errorRate: 0 },
    })),
    gateway: { kind: 'reference', config: [] }, mesh: 'none', failoverOwner: 'gateway', clusters: usualClusters,
  }
})

function layOut(topology: Topology): { layout: Layout; taken: number } {
  let next = 20_000
  const layout = layOutProcesses({ topology, ports: { next: () => next++ }, token: 'token', seed: 1, stateDir: '/nowhere' })
  return { layout, taken: next - 20_000 }
}

const portsOf = ({ gateways, controlPlanes, services, entries, faultProxyApiPort }: Layout): number[] => [
  faultProxyApiPort,
  ...gateways.flatMap(({ listen }) => [listen.ingress, listen.eastWest, listen.admin].flatMap((at) => at === null ? [] : [at.port])),
  ...controlPlanes.map(({ listen }) => listen.port),
  ...services.flatMap(({ control, endpoints }) => [control.port, ...endpoints.map(({ port }) => port)]),
  ...entries.map(({ listen }) => listen.port),
]

test('is pure, stays within the ports it asks for, and listens on no port twice', () => {
  fc.assert(fc.property(topologies, (topology) => {
    const before = structuredClone(topology)
    const { layout, taken } = layOut(topology)
    expect(layOut(topology)).toEqual({ layout, taken })
    expect(topology).toEqual(before)
    expect(taken).toBeLessThanOrEqual(portsNeeded(topology))
    const ports = portsOf(layout)
    expect(new Set(ports).size).toBe(ports.length)
  }))
})

test('gives every link that connections are opened on its entries, each to a port where somebody listens', () => {
  fc.assert(fc.property(topologies, (topology) => {
    const { layout } = layOut(topology)
    const listening = new Map<number, string>()
    for (const { name, role, listen } of layout.gateways) {
      listening.set(listen.ingress.port, `${role} ${name} ingress`)
      if (listen.eastWest !== null) listening.set(listen.eastWest.port, `${role} ${name} east-west`)
    }
    for (const { region, listen } of layout.controlPlanes) listening.set(listen.port, `control plane ${region}`)
    const told = layout.entries.map(({ from, to, channel, upstream, rttMs }) => `${from} ${to} ${channel} ${listening.get(upstream.port)} ${rttMs}`)
    const wanted = topology.links.flatMap(({ from, to, rttMs }) => {
      const [kind, name] = to.split(':')
      if (kind === 'clients' || (kind === 'edge' && !from.startsWith('clients:'))) return []
      if (kind === 'edge') return [`${from} ${to} data edge ${name} ingress ${rttMs}`]
      if (from.startsWith('clients:')) return [`${from} ${to} data region ${name} ingress ${rttMs}`]
      const data = `${from} ${to} data region ${name} east-west ${rttMs}`
      return from.startsWith('edge:') ? [data, `${from} ${to} control control plane ${name} ${rttMs}`] : [data]
    })
    expect(told.sort()).toEqual(wanted.sort())
    expect(new Set(layout.entries.map(({ name }) => name)).size).toBe(layout.entries.length)
  }))
})

test('nobody is given an address that leads round its link', () => {
  fc.assert(fc.property(topologies, (topology) => {
    const { layout } = layOut(topology)
    const entryAt = new Map(layout.entries.map((entry) => [entry.listen.port, entry]))
    for (const [group, { edges, regions }] of Object.entries(layout.waysIn)) {
      for (const [name, { port }] of Object.entries(edges)) expect(entryAt.get(port)).toMatchObject({ from: `clients:${group}`, to: `edge:${name}`, channel: 'data' })
      for (const [name, { port }] of Object.entries(regions)) expect(entryAt.get(port)).toMatchObject({ from: `clients:${group}`, to: `region:${name}`, channel: 'data' })
    }
    for (const { links } of layout.controlPlanes.map(({ discovery }) => discovery)) {
      for (const [gateway, byRegion] of Object.entries(links)) {
        for (const [region, { addresses }] of Object.entries(byRegion)) {
          for (const { port } of addresses) expect([`edge:${gateway} region:${region}`, `region:${gateway} region:${region}`]).toContain(`${entryAt.get(port)?.from} ${entryAt.get(port)?.to}`)
        }
      }
    }
    for (const { name, role, controlPlanes } of layout.gateways) {
      if (role === 'edge') for (const { port } of controlPlanes) expect(entryAt.get(port)).toMatchObject({ from: `edge:${name}`, channel: 'control' })
    }
  }))
})

test.for(['three-regions', 'fifteen-regions'])('%s: an edge asks the control plane of its home first', async (name) => {
  const topology = await loadTopology(name)
  const { layout } = layOut(topology)
  for (const { name: edge, home } of topology.edges) {
    const [first] = layout.gateways.find((one) => one.name === edge && one.role === 'edge')!.controlPlanes
    expect(layout.entries.find(({ listen }) => listen.port === first.port)?.to).toBe(`region:${home}`)
  }
})

test('what needs more ports than a machine has is refused before anything is started', async () => {
  const topology = await loadTopology('global-federation')
  expect(portsNeeded(topology)).toBeGreaterThan(mostPorts)
  // Nothing but the topology is there to be used.
  await expect(localSubstrate.start({ topology } as never)).rejects.toMatchObject({
    code: 'RGT_UNSUPPORTED', details: { hint: 'play it in virtual time: --on simulated', found: expect.stringContaining('2000 services in 15 regions') },
  })
  expect(portsNeeded(await loadTopology('fifteen-regions'))).toBeLessThan(mostPorts)
})
