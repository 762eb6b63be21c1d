// Topology files: what is filled in, what is refused and where, and what the catalogue promises.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { catalogTopologies, loadTopology } from './load.ts'
import { topologyJsonSchema } from './schema.ts'
import type { Topology } from './topology.ts'

let dir = ''
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'regatta-topology-')) })
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const valid = `apiVersion: regatta.dev/v1alpha1
kind: Topology
metadata: { name: small }
spec:
  description: two regions
  regions:
    - { name: north, cloud: one, jurisdiction: EU, coordinates: { latitude: 60, longitude: 0 } }
    - { name: south, cloud: two, jurisdiction: ZA, coordinates: { latitude: -30, longitude: 20 } }
  edges:
    - { name: pop, coordinates: { latitude: 50, longitude: 0 } }
  clients:
    - { name: people, jurisdiction: EU, coordinates: { latitude: 51, longitude: 1 } }
  services:
    - { name: shop/catalog:8080, response: { latency: 2ms } }
  links:
    - { between: [region:south, region:north], rtt: 90ms }
  gateway: { config: [gateway.yaml] }
`

function load(text: string): Promise<Topology> {
  writeFileSync(join(dir, 'gateway.yaml'), '')
  writeFileSync(join(dir, 'small.yaml'), text)
  return loadTopology(join(dir, 'small.yaml'))
}

async function errorsOf(text: string): Promise<readonly CodedError[]> {
  const error = await load(text).then(() => null, (problem: unknown) => problem)
  if (error instanceof CodedErrors) return error.errors
  if (error instanceof CodedError) return [error]
  throw new Error('the file was accepted', { cause: error })
}

const rttMs = (topology: Topology, from: string, to: string): number | undefined =>
  topology.links.find((link) => link.from === from && link.to === to)?.rttMs

test('what the file leaves out is filled in', async () => {
  const topology = await load(valid)
  expect(topology.edges[0].home).toBe('north')
  expect(topology.clients[0].entry).toEqual({ kind: 'edge', edge: 'pop' })
  expect(topology.services[0]).toMatchObject({ regions: ['north', 'south'], replicas: 1, response: { latencyMs: 2, errorRate: 0 } })
  expect(topology).toMatchObject({ gateway: { kind: 'reference', config: [join(dir, 'gateway.yaml')] }, mesh: 'none', failoverOwner: 'gateway' })
})

test('clusters are as kind makes them, unless the file says otherwise', async () => {
  expect((await load(valid)).clusters).toEqual({ cni: 'default', isolation: 'pause', kubernetes: null })
  const said = (clusters: string): string => valid.replace('\n  regions:', `\n  clusters: ${clusters}\n  regions:`)
  expect((await load(said('{ cni: image, kubernetes: v1.34 }'))).clusters).toEqual({ cni: 'image', isolation: 'pause', kubernetes: 'v1.34' })
  expect((await load(said('{ isolation: disconnect }'))).clusters).toMatchObject({ isolation: 'disconnect' })
  expect((await errorsOf(said('{ kubernetes: 1.34 }'))).map(({ code }) => code)).toEqual(['RGT_TOPOLOGY_SCHEMA'])
  expect((await errorsOf(said('{ isolation: paus }')))[0]).toMatchObject({ code: 'RGT_TOPOLOGY_SCHEMA' })
})

test('every pair that talks has both directions, and a stated one stands', async () => {
  const { links } = await load(valid)
  // people↔pop, people↔2 regions, pop↔2 regions, north↔south
  expect(links).toHaveLength(12)
  for (const { from, to, rttMs: there } of links) {
    expect(links.find((link) => link.from === to && link.to === from)?.rttMs).toBe(there)
  }
  expect(links.filter((link) => link.source === 'stated').map(({ from, to, rttMs: ms }) => [from, to, ms])).toEqual([
    ['region:north', 'region:south', 90], ['region:south', 'region:north', 90],
  ])
})

test.each([
  ['a region', 'home: norht, coordinates: { latitude: 50', 'coordinates: { latitude: 50', 10, 'did you mean `north`?'],
  ['an edge', 'jurisdiction: EU, entry: { kind: edge, edge: pope }, coordinates: { latitude: 51', 'jurisdiction: EU, coordinates: { latitude: 51', 12, 'did you mean `pop`?'],
  ['a place of a link', 'region:west]', 'region:north]', 16, undefined],
])('%s that does not exist is named with its line and the nearest name', async (_what, better, was, line, hint) => {
  const [error, ...others] = await errorsOf(valid.replace(was, better))
  expect(others).toEqual([])
  expect(error.code).toBe('RGT_TOPOLOGY_REFERENCE')
  expect(error.details.place).toMatchObject({ file: join(dir, 'small.yaml'), line })
  expect(error.details.hint).toBe(hint)
})

test('names that stand twice, links between strangers and missing files are told together', async () => {
  const text = valid.replace('name: south', 'name: north').replace('[region:south, region:north]', '[edge:pop, edge:pop]')
    .replace('gateway.yaml', 'elsewhere.yaml')
  const messages = (await errorsOf(text)).map((error) => error.message)
  expect(messages).toEqual([
    '`north` stands twice among the regions', 'these two places do not talk to each other', 'the gateway configuration file does not exist',
  ])
})

const many = (entry: string): string => valid.replace('    - { name: shop/catalog:8080, response: { latency: 2ms } }', `    - ${entry}`)

test('a service says what it makes of trace context only where the file does', async () => {
  const trace = async (response: string) => (await load(many(`{ name: pay/ledger:80, response: ${response} }`))).services[0].response
  expect(await trace('{ trace: drop }')).toMatchObject({ trace: 'drop' })
  expect(await trace('{}')).not.toHaveProperty('trace')
})

test('one entry stands for many services, numbered to one width', async () => {
  const { services } = await load(many('{ name: "pay/ledger-{n}:80", count: 12, replicas: 2, response: { distribution: lognormal, jitter: 1ms, concurrency: 4 } }'))
  expect(services.map(({ name }) => name).slice(0, 2)).toEqual(['pay/ledger-01:80', 'pay/ledger-02:80'])
  expect(services[11]).toEqual({
    name: 'pay/ledger-12:80', number: '12', regions: ['north', 'south'], replicas: 2,
    response: { latencyMs: 2, jitterMs: 1, distribution: 'lognormal', concurrency: 4, bytes: 256, errorRate: 0 },
  })
})

test.each([
  ['a number without a count', '{ name: "pay/ledger-{n}:80" }', 14, '`spec.services[0].name` is numbered, and nobody says how many there are'],
  ['a count without a number', '{ name: pay/ledger:80, count: 3 }', 14, '`spec.services[0].count` asks for many services of one name'],
  ['jitter of an exponential', '{ name: pay/ledger:80, response: { distribution: exponential, jitter: 1ms } }', 14, '`spec.services[0].response.jitter` means nothing to an exponential service time'],
  ['a lognormal without a median', '{ name: pay/ledger:80, response: { distribution: lognormal, latency: 0s } }', 14, '`spec.services[0].response.latency` is no median of a lognormal service time'],
])('%s is refused at its place', async (_what, entry, line, message) => {
  const errors = await errorsOf(many(entry))
  expect(errors.map((error) => [error.code, error.message, error.details.place?.line])).toEqual([['RGT_TOPOLOGY_SCHEMA', message, line]])
})

test('a name that one entry gives and another says is told at the second', async () => {
  const errors = await errorsOf(many('{ name: "pay/ledger-{n}:80", count: 12 }\n    - { name: pay/ledger-07:80 }'))
  expect(errors.map(({ message, details }) => [message, details.place?.line])).toEqual([['`pay/ledger-07:80` stands twice among the services', 15]])
})

test('templates name services that are there and files that exist', async () => {
  const templates = '  gateway: { config: [gateway.yaml], templates: [{ services: shop/*, config: [gateway.yaml] }] }'
  const text = valid.replace('  gateway: { config: [gateway.yaml] }', templates)
  expect((await load(text)).gateway.templates).toEqual([{ services: ['shop/*'], config: [join(dir, 'gateway.yaml')] }])
  const errors = await errorsOf(text.replace('shop/*, config: [gateway.yaml]', '[shop/*, shpo/*], config: [elsewhere.yaml]'))
  expect(errors.map(({ message }) => message)).toEqual(['no service is called as `shpo/*` says', 'the gateway configuration file does not exist'])
})

test('a misspelt key is named with line, column and the nearest one', async () => {
  const errors = await errorsOf(valid.replace('cloud: two', 'clowd: two'))
  const unknown = errors.find((error) => error.details.found === 'clowd')
  expect(unknown).toMatchObject({
    code: 'RGT_TOPOLOGY_SCHEMA', details: { hint: 'did you mean `cloud`?', place: { line: 8, column: 22 } },
  })
})

test('a name that is not in the catalogue gets the nearest one', async () => {
  await expect(loadTopology('three-region')).rejects.toMatchObject({
    code: 'RGT_TOPOLOGY_UNKNOWN', details: { hint: 'did you mean `three-regions`?' },
  })
})

test('the catalogue holds what it says', async () => {
  expect(catalogTopologies().map(({ name }) => name)).toEqual(['fifteen-regions', 'global-federation', 'three-regions', 'two-regions-access', 'two-regions'])
  const fifteen = await loadTopology('fifteen-regions')
  expect(fifteen.regions).toHaveLength(15)
  expect(new Set(fifteen.regions.map(({ cloud }) => cloud)).size).toBe(3)
  expect([fifteen.edges.length, fifteen.clients.length]).toEqual([5, 5])
})

test('global-federation is as large as it says, and every zone but Brazil can lose a region', async () => {
  const world = await loadTopology('global-federation')
  expect([world.regions.length, world.edges.length, world.clients.length, world.services.length]).toEqual([15, 15, 15, 2000])
  expect(new Set(world.regions.map(({ cloud }) => cloud))).toEqual(new Set(['aws', 'gcp', 'azure']))
  expect(new Set(world.clients.map(({ entry }) => entry.kind === 'edge' && entry.edge)).size).toBe(15)
  const zone = (jurisdiction: string): number => world.regions.filter((region) => region.jurisdiction === jurisdiction).length
  expect(['EU', 'US', 'IN', 'CN', 'BR'].map(zone)).toEqual([3, 3, 2, 2, 1])
  const global = world.services.filter(({ name }) => !/^(eu|us|in|cn|br)-|^platform/.test(name))
  for (const { regions } of global) expect(regions.length).toBeGreaterThanOrEqual(4)
  for (const { regions } of global) expect(regions.length).toBeLessThanOrEqual(8)
})

test('three-regions keeps the links short that its drills go over', async () => {
  const three = await loadTopology('three-regions')
  expect(rttMs(three, 'region:eu-west', 'region:us-east')).toBeCloseTo(80, 0)
  for (const edge of three.edges) {
    const others = three.regions.filter(({ name }) => name !== edge.home)
    // The second-best region of every edge lies within the 120 ms that the failover budget assumes.
    const best = Math.min(...others.map(({ name }) => rttMs(three, `edge:${edge.name}`, `region:${name}`) ?? Infinity))
    expect(best).toBeLessThanOrEqual(120)
  }
  expect(rttMs(three, 'region:eu-west', 'region:ap-south')).toBeLessThanOrEqual(120)
})

test('the JSON Schema speaks of the file as people write it', () => {
  const schema = JSON.stringify(topologyJsonSchema())
  expect(schema).toContain('pathFactor')
  expect(schema).toContain('90ms')
})
