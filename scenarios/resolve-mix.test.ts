// Loads that speak of many services: templates, shares, and what is refused, each where the file says it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { CodedErrors } from '../gateway/errors.ts'
import { loadScenario, loadScenarioAndTopology } from './load-scenario.ts'
import { plan } from './plan.ts'
import { zipfShares } from './resolve-mix.ts'
import type { Scenario } from './scenario.ts'

const folder = mkdtempSync(join(tmpdir(), 'mix-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const load = (mix: string[], over = ''): Promise<Scenario> => {
  const file = join(folder, `drill-${count++}.yaml`)
  // The first entry of the mix stands in line 12.
  writeFileSync(file, `apiVersion: regatta.dev/v1alpha1
kind: Scenario
metadata: { name: drill, description: a drill }
spec:
  topology: global-federation
  load:
    - name: all
      kind: open-loop
      rate: 100
      host: '{namespace}.example.com'
      mix:
${mix.map((entry) => `        - { ${entry} }\n`).join('')}  phases: { fault: 6s }
  thresholds: { eligible_failed: [count==0] }
${over}`)
  return loadScenario(file)
}

async function told(mix: string[]): Promise<object[]> {
  const error = await load(mix).then(() => null, (thrown: unknown) => thrown)
  if (!(error instanceof CodedErrors)) throw new Error('the file was accepted', { cause: error })
  return error.errors.map(({ code, message, details: { place, hint } }) => ({ code, message, line: place?.line, ...(hint === undefined ? {} : { hint }) }))
}

describe('a template for many services', () => {
  it('becomes one for each, with its own host and path, and one name', async () => {
    const { loads: [{ mix }] } = await load([
      "name: bank, services: 'br-bank/*', weight: 30, path: '/{service}/x-{n}', headers: { tenant: '{namespace}', plain: yes }", 'name: one, host: media.example.com, path: /stream-001',
    ])
    expect(mix).toHaveLength(61)
    expect(mix[1]).toEqual({
      name: 'bank', weight: 0.5, method: 'GET', host: 'br-bank.example.com', path: '/ledger-02/x-02', headers: { tenant: 'br-bank', plain: 'yes' }, bodyBytes: 0,
    })
    expect(mix[60]).toMatchObject({ name: 'one', weight: 1, path: '/stream-001' })
  })

  it('spreads its weight by popularity, the first being the most popular', async () => {
    const { loads: [{ mix }] } = await load(["name: bank, services: 'br-bank/*', weight: 30, popularity: { zipf: 1 }, path: '/{service}'"])
    expect(mix.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(30)
    expect(mix[0].weight / mix[1].weight).toBeCloseTo(2)
    expect(mix[0].weight / mix[59].weight).toBeCloseTo(60)
  })

  it('is told to the prober by its most popular service, and where that is served', async () => {
    const scenario = await load(["name: bank, services: 'eu-bank/*', popularity: { zipf: 1 }, path: '/{service}'", "name: session, services: 'platform/*', path: '/{service}'"])
    expect(scenario.prober).toMatchObject({ template: 'bank', regions: ['eu-central', 'eu-north', 'eu-west'] })
    expect((await load(["name: session, services: 'platform/*', path: '/{service}'"])).prober.regions).toBeUndefined()
  })
})

describe('what is refused, and where', () => {
  it('a pattern that no service matches, and a placeholder that there is none', async () => {
    expect(await told(["name: bank, services: 'eu-bnak/*', path: '/{service}'", "name: shop, services: 'eu-shop/*', path: '/{sevice}'"])).toEqual([
      { code: 'RGT_SCENARIO_REFERENCE', message: 'topology global-federation runs no service that is called so', line: 12 },
      { code: 'RGT_SCENARIO_REFERENCE', message: 'there is no placeholder {sevice}', line: 13 },
    ])
  })
  it('popularity of one request', async () => {
    expect(await told(['name: one, path: /, popularity: { zipf: 1 }'])).toMatchObject([{ code: 'RGT_SCENARIO_SCHEMA', line: 12 }])
  })
  it('one name for services that may be served in different regions', async () => {
    const hint = 'give them names of their own, or narrow the pattern of services'
    expect(await told(["name: bank, services: '*-bank/*', path: '/{service}'"])).toEqual([
      { code: 'RGT_SCENARIO_REFERENCE', message: 'requests called bank may be served in different regions', line: 12, hint },
    ])
    expect(await told(["name: world, services: 'media/*', path: '/{service}'", "name: world, services: 'games/*', path: '/{service}'"])).toMatchObject([
      { message: 'requests called world may be served in different regions', line: 13 },
    ])
  })
})

describe('the plan', () => {
  it('shares one list of templates among the streams of a load', async () => {
    const { scenario, topology } = await loadScenarioAndTopology('global-federation')
    const { loads } = plan(scenario, topology, 1)
    for (const { source, streams } of loads) if (source === 'load') expect(new Set(streams.map(({ templates }) => templates)).size).toBe(1)
  })
  it('probes only paths to regions that serve the prober\'s requests, and says where no witness can see', async () => {
    const scenario = await load(["name: bank, services: 'us-bank/*', path: '/{service}'"], '  method: [{ fault: regional-outage, region: eu-central }]\n')
    const { topology } = await loadScenarioAndTopology('global-federation')
    const { loads, limits } = plan(scenario, topology, 1)
    const pinned = loads.filter(({ source }) => source === 'path-probe' || source === 'witness').flatMap(({ streams }) => streams.map((stream) => stream.pinned))
    expect(new Set(pinned)).toEqual(new Set(['us-central', 'us-east', 'us-west']))
    expect(limits).toContain('no witness watches eu-central: requests called bank are not served there')
  })
})

it('shares by Zipf\'s law are in proportion to a power of the rank, and together one', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 3, noNaN: true }), (services, exponent) => {
    const shares = zipfShares(services, exponent)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1)
    shares.forEach((share, index) => expect(share * (index + 1) ** exponent).toBeCloseTo(shares[0]))
  }))
})
