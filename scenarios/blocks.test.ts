// Variants of the configuration in turn: when each is in force, what is published for it, and what is refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { documentKey, refKey } from '../gateway/controlplane/documents.ts'
import type { ConfigDocument } from '../topologies/substrate.ts'
import { withRounds } from './adapted.ts'
import { loadScenarioAndTopology } from './load-scenario.ts'
import { plan } from './plan.ts'
import { planBlocks, publicationsOf } from './plan-variants.ts'
import type { Plan, VariantBlocks } from './scenario.ts'

const folder = mkdtempSync(join(tmpdir(), 'blocks-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const s = 1_000_000
const patience = (attempts: number): string =>
  `{ apiVersion: regatta.dev/v1alpha1, kind: FailoverPolicy, metadata: { name: patience, namespace: shop }, spec: { targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: catalog }], maxAttempts: ${attempts} } }`
const scenario = (spec: string): string => {
  const file = join(folder, 'drill.yaml')
  writeFileSync(file, `apiVersion: regatta.dev/v1alpha1
kind: Scenario
metadata: { name: drill, description: a drill }
spec:
  load:
    - { name: shop, rate: 90, kind: open-loop, host: shop.example.com, mix: [{ name: catalog, path: /catalog/1 }] }
  phases: { warmup: 1s, steady: 2s, healing: 1s, recovered: 1s }
  thresholds: { eligible_failed: [count==0] }
${spec}`)
  return file
}
const three = `  blocks:
    rounds: 2
    length: 4s
    settle: 1s
    variants:
      - { name: bare }
      - { name: two, config: [${patience(2)}] }
      - { name: four, config: [${patience(4)}] }
`
const planOf = async (spec: string, options = {}): Promise<Plan> => {
  const given = await loadScenarioAndTopology(scenario(spec), options)
  return plan(given.scenario, given.topology, 1)
}
const refused = async (spec: string, options = {}): Promise<unknown> => planOf(spec, options).then(() => null, (error: unknown) => error)

describe('blocks', () => {
  it('fill the fault phase, each round beginning with the next variant', async () => {
    const { blocks, phases, steps } = await planOf(three)
    expect(phases[2]).toEqual({ phase: 'fault', fromUs: 3 * s, toUs: 27 * s })
    expect(blocks?.map(({ variant, round }) => `${round} ${variant}`)).toEqual(['1 bare', '1 two', '1 four', '2 two', '2 four', '2 bare'])
    expect(blocks?.[1]).toEqual({ variant: 'two', round: 1, fromUs: 7 * s, settledUs: 8 * s, toUs: 11 * s })
    const published = steps.flatMap(({ atUs, step }) => (step.kind === 'publish' ? [[atUs / s, step.change.revision, step.change.put.length, step.change.remove.length]] : []))
    // The first block holds what is there already; four → two → four write one name over; the last takes it away.
    expect(published).toEqual([[7, 2, 1, 0], [11, 3, 1, 0], [15, 4, 1, 0], [19, 5, 1, 0], [23, 6, 0, 1]])
  })
  it('are numbered together with changes', async () => {
    const { steps } = await planOf(`${three}  method:
    - { change: routes, count: 2, rate: 0.125, at: 6s, document: { apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: 'r-{i}', namespace: shop }, spec: { parentRefs: [{ name: shop }], rules: [{ backendRefs: [{ name: catalog, port: 8080 }] }] } } }
`)
    const published = steps.flatMap(({ atUs, step }) => (step.kind === 'publish' ? [[atUs / s, step.change.revision]] : []))
    expect(published).toEqual([[7, 2], [9, 3], [11, 4], [15, 5], [17, 6], [19, 7], [23, 8]])
  })
  it('leave in force exactly what the variant of the moment says', () => {
    const documents = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
    fc.assert(fc.property(fc.array(fc.tuple(documents, fc.nat(1)), { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 4 }), (contents, rounds) => {
      const variants: VariantBlocks['variants'] = contents.map(([names, value], index) => ({
        name: `v${index}`, config: names.map((name): ConfigDocument => ({ apiVersion: 'x', kind: 'K', metadata: { name }, spec: value })),
      }))
      const shape = { rounds, lengthUs: 10, settleUs: 1, variants }
      const blocks = planBlocks(shape, 100)
      const publications = publicationsOf(shape, blocks)
      const held = new Map<string, ConfigDocument>()
      for (const { variant, fromUs } of blocks) {
        for (const { put, remove } of publications.filter(({ atUs }) => atUs === fromUs)) {
          for (const ref of remove) expect(held.delete(refKey(ref))).toBe(true)
          for (const document of put) held.set(documentKey(document), document)
        }
        const said = variants.find(({ name }) => name === variant)!.config
        expect([...held.values()].sort(byName)).toEqual([...said].sort(byName))
      }
    }))
  })
  it('come after a lead, which begins with the phase however many rounds there are', async () => {
    const led = three.replace('    variants:', '    lead: { variant: four, length: 10s }\n    variants:')
    const { blocks, phases, steps } = await planOf(led)
    expect(phases[2].toUs).toBe(37 * s)
    expect(blocks?.slice(0, 2)).toEqual([
      { variant: 'four', round: 0, fromUs: 3 * s, settledUs: 4 * s, toUs: 13 * s }, { variant: 'bare', round: 1, fromUs: 13 * s, settledUs: 14 * s, toUs: 17 * s },
    ])
    expect(steps.flatMap(({ atUs, step }) => (step.kind === 'publish' ? [[atUs / s, step.change.put.length, step.change.remove.length]] : [])).slice(0, 3))
      .toEqual([[3, 1, 0], [13, 0, 1], [17, 1, 0]])
    const given = await loadScenarioAndTopology(scenario(led))
    expect(withRounds(given.scenario, 1).timeline.faultUs).toBe(22 * s)
    expect((await planOf(`${led}  fast: { blocks: { lead: { variant: bare, length: 2s } } }\n`, { fast: true })).blocks?.[0]).toMatchObject({ variant: 'bare', toUs: 5 * s })
  })
  it('put back what one of them replaces', async () => {
    const { scenario: { blocks } } = await planOf(`  config: [${patience(3)}]\n${three}`)
    expect(blocks?.variants.map(({ config }) => config.map(({ spec }) => (spec as { maxAttempts: number }).maxAttempts))).toEqual([[3], [2], [4]])
  })
  it('are as many as the short form or the command says', async () => {
    expect((await planOf(`${three}  fast: { blocks: { rounds: 1, length: 3s } }\n`, { fast: true })).phases[2].toUs).toBe(12 * s)
    const given = await loadScenarioAndTopology(scenario(three))
    const more = withRounds(given.scenario, 5)
    expect([more.blocks?.rounds, more.timeline.faultUs]).toEqual([5, 60 * s])
    expect(plan(more, given.topology, 1).blocks).toHaveLength(15)
  })
  it.each<[string, string, string, RegExp]>([
    ['do not fit into the phase', three.replace('rounds: 2', 'rounds: 20').concat('  fast: { phases: { fault: 30s } }\n'), 'RGT_SCENARIO_TIMELINE', /do not fit/],
    ['settle for as long as they last', three.replace('settle: 1s', 'settle: 4s'), 'RGT_SCENARIO_TIMELINE', /nothing of a block counts/],
    ['settle for as long as the lead', three.replace('    variants:', '    lead: { variant: four, length: 1s }\n    variants:'), 'RGT_SCENARIO_TIMELINE', /nothing of a block counts/],
    ['are led by a variant that is not there', three.replace('    variants:', '    lead: { variant: six, length: 9s }\n    variants:'), 'RGT_SCENARIO_REFERENCE', /no variant/],
    ['name a variant twice', three.replace('name: four', 'name: two'), 'RGT_SCENARIO_REFERENCE', /share a name/],
    ['hold a policy that no gateway would take', three.replace('maxAttempts: 4', 'maxAttempts: many'), 'RGT_CONFIG_SCHEMA', /./],
    ['are compared with a variant that is not there', `${three}`.replace('name: bare', 'name: off'), 'RGT_SCENARIO_REFERENCE', /compares variants/],
  ])('are refused when they %s', async (why, spec, code, message) => {
    const asked = why.startsWith('are compared') ? `${spec}  fast: { thresholds: { 'tracing_overhead{variant:two}': [value<0.4] } }\n` : spec
    const error = await refused(asked, { fast: true })
    expect(error).toMatchObject({ errors: [expect.objectContaining({ code, message: expect.stringMatching(message) })] })
  })
  it('are not fewer than a fault lies in, and not there without variants', async () => {
    const given = await loadScenarioAndTopology(scenario(`${three}  method: [{ fault: regional-outage, region: eu-west, at: 14s, for: 2s }]\n`))
    expect(() => withRounds(given.scenario, 1)).toThrow(expect.objectContaining({ code: 'RGT_SCENARIO_TIMELINE' }))
    const { scenario: plain } = await loadScenarioAndTopology('steady')
    expect(() => withRounds(plain, 3)).toThrow(expect.objectContaining({ code: 'RGT_SCENARIO_TIMELINE' }))
  })
})

describe('tracing', () => {
  it('is begun by the clients of load and prober alone', async () => {
    const { loads, scenario: { tracing } } = await planOf('  tracing: true\n  method: [{ fault: regional-outage, region: eu-west, at: 1s, for: 2s }]\n')
    expect(tracing).toEqual({ collector: 'embedded', protocol: 'http/protobuf', clients: true, services: true })
    expect(loads.map(({ source, streams }) => [source, streams.every(({ traced }) => traced === true)])).toEqual([
      ['load', true], ['prober', true], ['path-probe', false], ['witness', false],
    ])
  })
  it('is begun by gateways where clients do not, and by nobody where it is not asked for', async () => {
    for (const spec of ['  tracing: { clients: false }\n', '']) {
      expect((await planOf(spec)).loads.some(({ streams }) => streams.some(({ traced }) => traced !== undefined))).toBe(false)
    }
    expect((await planOf('')).scenario).not.toHaveProperty('tracing')
  })
})

function byName(a: ConfigDocument, b: ConfigDocument): number {
  return a.metadata.name < b.metadata.name ? -1 : 1
}
