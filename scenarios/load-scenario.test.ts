// Reading scenarios: every problem of a file is told with its place and a hint, the catalogue is sound, and
// the must-fail files fail as they are meant to.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { faultKinds } from './faults/index.ts'
import { catalogScenarios, loadScenario, loadScenarioAndTopology, mustFailScenarios } from './load-scenario.ts'
import { believableRate, limitsInRealTime, plan } from './plan.ts'
import { scenarioJsonSchema } from './schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'scenario-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const head = `apiVersion: regatta.dev/v1alpha1
kind: Scenario
metadata: { name: drill, description: a drill }
spec:
  load:
    - { name: shop, rate: 90, host: shop.example.com, mix: [{ name: catalog, path: /catalog/1 }] }
  phases: { fault: 6s }
`
// The line after the head is line 8.
const thresholds = '  thresholds: { eligible_failed: [count==0] }\n'

let count = 0
function write(text: string, ending = 'yaml'): string {
  const file = join(folder, `drill-${count++}.${ending}`)
  writeFileSync(file, text)
  return file
}

async function problems(text: string, options = {}): Promise<CodedError[]> {
  try {
    await loadScenario(write(text), options)
  } catch (error) {
    if (error instanceof CodedErrors) return [...error.errors]
    if (error instanceof CodedError) return [error]
    throw error
  }
  return []
}

async function told(text: string, options = {}): Promise<object[]> {
  return (await problems(text, options)).map(({ code, message, details: { place, hint, found } }) => ({
    code, message, line: place?.line, column: place?.column, ...(hint === undefined ? {} : { hint }), found,
  }))
}

describe('what is refused, and where', () => {
  it('a misspelt key of a fault, with the nearest', async () => {
    expect(await told(`${head}${thresholds}  method:\n    - fault: regional-outage\n      region: eu-west\n      scpoe: all\n`)).toEqual([{
      code: 'RGT_SCENARIO_SCHEMA', message: 'unknown key `scpoe`', line: 12, column: 7, hint: 'did you mean `scope`?', found: 'scpoe',
    }])
  })
  it('a fault that does not exist', async () => {
    expect(await told(`${head}${thresholds}  method:\n    - { fault: regional-outge, region: eu-west }\n`)).toMatchObject([{
      code: 'RGT_SCENARIO_SCHEMA', line: 10, column: 16, hint: 'did you mean `regional-outage`?',
    }])
  })
  it('a region that the topology does not have', async () => {
    expect(await told(`${head}${thresholds}  method:\n    - { fault: regional-hang, region: eu-wst }\n`)).toMatchObject([{
      code: 'RGT_SCENARIO_REFERENCE', line: 10, column: 39, hint: 'did you mean `eu-west`?', found: 'eu-wst',
    }])
  })
  it('a link that the topology does not have', async () => {
    expect(await told(`${head}${thresholds}  method:\n    - { fault: link-cut, from: 'edge:frankfurt', to: 'edge:new-york' }\n`)).toMatchObject([{
      code: 'RGT_SCENARIO_REFERENCE', line: 10, column: 7,
    }])
  })
  it('a fault that outlives its phase', async () => {
    expect(await told(`${head}${thresholds}  method:\n    - { fault: regional-hang, region: eu-west, at: 4s, for: 3s }\n`)).toMatchObject([{
      code: 'RGT_SCENARIO_TIMELINE', line: 10, column: 7, found: '4s to 7s',
    }])
  })
  it('changes that do not fit into the phase', async () => {
    const document = '{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: x, namespace: shop }, spec: { parentRefs: [{ name: shop }], rules: [{ backendRefs: [{ name: catalog, port: 8080 }] }] } }'
    const change = `    - { change: routes, count: 100, rate: 10, document: ${document} }\n`
    expect(await told(`${head}${thresholds}  method:\n${change}`)).toMatchObject([{ code: 'RGT_SCENARIO_TIMELINE', line: 10 }])
  })
  it('a misspelt metric and tag value, both at once', async () => {
    expect(await told(`${head}  thresholds:\n    failver_time: [max<5s]\n    'http_reqs{region:eu-wst}': [count>1]\n`)).toMatchObject([
      { code: 'RGT_THRESHOLD_METRIC', line: 9, column: 5, hint: 'did you mean `failover_time`?' },
      { code: 'RGT_THRESHOLD_METRIC', line: 10, column: 5, hint: 'did you mean `eu-west`?' },
    ])
  })
  it('a condition, at its own place', async () => {
    expect(await told(`${head}  thresholds:\n    failover_time:\n      - max<5s\n      - p(99)<5 parsecs\n`)).toMatchObject([
      { code: 'RGT_THRESHOLD_SYNTAX', line: 11, column: 9 },
    ])
  })
  it('a prober that would repeat what may not be repeated', async () => {
    const posts = head.replace('path: /catalog/1', 'path: /checkout, method: POST')
    expect(await told(`${posts}${thresholds}`)).toMatchObject([{ code: 'RGT_SCENARIO_REFERENCE', line: 6, column: 5 }])
    expect(await told(`${head}${thresholds}  prober: { template: catalgo }\n`)).toMatchObject([
      { code: 'RGT_SCENARIO_REFERENCE', line: 9, column: 23, hint: 'did you mean `catalog`?' },
    ])
  })
  it('groups that do not exist, in load and prober', async () => {
    const grouped = head.replace('rate: 90', 'rate: 90, groups: [europa]')
    expect(await told(`${grouped}${thresholds}  prober: { groups: [asai] }\n`)).toMatchObject([
      { code: 'RGT_SCENARIO_REFERENCE', line: 6, hint: 'did you mean `europe`?' },
      { code: 'RGT_SCENARIO_REFERENCE', line: 9, hint: 'did you mean `asia`?' },
    ])
  })
  it('a load that its kind cannot play, and a suite that does not exist', async () => {
    expect(await told(`${head.replace('rate: 90', 'rate: 90, arrivals: poisson')}${thresholds}`)).toMatchObject([{ code: 'RGT_LOAD_KIND', line: 6 }])
    expect(await told(`${head.replace('rate: 90', 'rate: 90, suite: nowhere')}${thresholds}`)).toMatchObject([{ code: 'RGT_SCENARIO_REFERENCE', line: 6, column: 38, found: 'nowhere' }])
  })
  it('a request without a host', async () => {
    expect(await told(`${head.replace('host: shop.example.com, ', '')}${thresholds}`)).toMatchObject([{ code: 'RGT_SCENARIO_SCHEMA', line: 6, message: 'a request needs a host' }])
  })
  it('configuration that is no document, and a file that does not exist', async () => {
    expect(await told(`${head}${thresholds}  config:\n    - { kind: FailoverPolicy }\n    - nowhere.yaml\n`)).toMatchObject([
      { code: 'RGT_SCENARIO_SCHEMA', line: 10 }, { code: 'RGT_SCENARIO_SCHEMA', line: 10 },
      { code: 'RGT_SCENARIO_REFERENCE', line: 11, column: 7 },
    ])
  })
  it('a policy that no gateway would accept, and a change to a service that nobody runs', async () => {
    const policy = `  config:
    - apiVersion: regatta.dev/v1alpha1
      kind: FailoverPolicy
      metadata: { name: shop, namespace: shop }
      spec:
        targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: shop }]
        helth: {}
`
    expect(await told(`${head}${thresholds}${policy}`)).toMatchObject([{ code: 'RGT_CONFIG_SCHEMA', line: 15, column: 9, hint: 'did you mean `health`?' }])
    const change = `  method:
    - change: routes
      count: 2
      rate: 10
      document:
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: { name: 'change-{i}', namespace: shop }
        spec: { parentRefs: [{ name: shop }], rules: [{ backendRefs: [{ name: catalgo, port: 8080 }] }] }
`
    expect(await told(`${head}${thresholds}${change}`)).toMatchObject([{ code: 'RGT_TOPOLOGY_REFERENCE', line: 17, hint: 'did you mean `shop/catalog:8080`?' }])
  })
  it('problems of the short form, in the short form', async () => {
    const text = `${head}${thresholds}  fast:\n    thresholds:\n      eligible_faild: [count==0]\n`
    expect(await told(text)).toEqual([])
    expect(await told(text, { fast: true })).toMatchObject([{ code: 'RGT_THRESHOLD_METRIC', line: 11, column: 7 }])
  })
  it('YAML that is none, and two documents', async () => {
    expect(await told('a: [1')).toMatchObject([{ code: 'RGT_SCENARIO_SYNTAX', line: 1 }])
    expect(await told(`${head}${thresholds}---\n${head}${thresholds}`)).toMatchObject([{ code: 'RGT_SCENARIO_SCHEMA', found: '2 documents' }])
  })
  it('a name that is in no catalogue', async () => {
    await expect(loadScenario('regional-outge')).rejects.toMatchObject({ code: 'RGT_SCENARIO_UNKNOWN', details: { hint: 'did you mean `regional-outage`?' } })
    await expect(loadScenario('./nowhere.yaml')).rejects.toMatchObject({ code: 'RGT_SCENARIO_UNKNOWN' })
  })
})

describe('what is read', () => {
  it('defaults, names and durations', async () => {
    const scenario = await loadScenario(write(`${head}${thresholds}  method:
    - { fault: regional-hang, region: eu-west, for: 2s }
    - { fault: regional-hang, region: eu-west, at: 3s }
`))
    expect(scenario.timeline).toEqual({ warmupUs: 2_000_000, steadyUs: 8_000_000, faultUs: 6_000_000, healingUs: 15_000_000, recoveredUs: 5_000_000 })
    expect(scenario.method).toEqual([
      { name: 'regional-hang', kind: 'regional-hang', atUs: 0, forUs: 2_000_000, parameters: { region: 'eu-west' } },
      { name: 'regional-hang-2', kind: 'regional-hang', atUs: 3_000_000, forUs: 3_000_000, parameters: { region: 'eu-west' } },
    ])
    expect(scenario.prober).toEqual({ groups: null, intervalMs: 10, template: 'catalog', timeoutMs: 2000 })
    expect(Object.isFrozen(scenario.method[0].parameters)).toBe(true)
  })
  it('the short form over the long one', async () => {
    const file = write(`${head}  thresholds: { eligible_failed: [count==0], http_reqs: [count>1] }
  fast:
    phases: { steady: 4s }
    thresholds: { http_reqs: [count>0] }
    config:
      - apiVersion: regatta.dev/v1alpha1
        kind: FailoverPolicy
        metadata: { name: shop, namespace: shop }
        spec: { targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: shop }], enabled: false }
`)
    const [long, short] = [await loadScenario(file), await loadScenario(file, { fast: true })]
    expect(long.config).toEqual([])
    expect(short.config).toHaveLength(1)
    expect(short.timeline).toEqual({ ...long.timeline, steadyUs: 4_000_000 })
    expect(short.thresholds).toEqual({ eligible_failed: ['count==0'], http_reqs: ['count>0'] })
  })
  it('configuration from files, relative to the scenario', async () => {
    const route = (name: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: shop }
spec: { parentRefs: [{ name: shop }], rules: [{ matches: [{ path: { value: /${name} } }], backendRefs: [{ name: catalog, port: 8080 }] }] }
`
    const config = write(`${route('one')}---\n${route('two')}`)
    const { config: documents } = await loadScenario(write(`${head}${thresholds}  config: [./${config.slice(folder.length + 1)}]\n`))
    expect(documents.map(({ metadata }) => metadata.name)).toEqual(['one', 'two'])
  })
  it('a scenario written in TypeScript, and the problems of one', async () => {
    const define = JSON.stringify(join(import.meta.dirname, 'define.ts'))
    const module = (region: string): string => `import { defineScenario } from ${define}
export default defineScenario({ name: 'typed', description: 'typed', load: [{ name: 'shop', rate: 30, host: 'h', mix: [{ name: 'get', path: '/' }] }],
  phases: {}, method: [{ fault: 'regional-outage', region: '${region}' }], thresholds: { http_reqs: ['count>0'] } })\n`
    expect((await loadScenario(write(module('eu-west'), 'ts'))).name).toBe('typed')
    await expect(loadScenario(write(module('eu-wset'), 'ts'))).rejects.toMatchObject({
      errors: [{ code: 'RGT_SCENARIO_REFERENCE', details: { place: { path: 'spec.method[0].region' } } }],
    })
    await expect(loadScenario(write('export const nothing = 1\n', 'ts'))).rejects.toMatchObject({ code: 'RGT_SCENARIO_SCHEMA' })
    await expect(loadScenario(write('throw new Error("no")\n', 'ts'))).rejects.toMatchObject({ code: 'RGT_SCENARIO_SYNTAX' })
  })
  it('a JSON Schema with a branch for each fault', () => {
    const text = JSON.stringify(scenarioJsonSchema())
    for (const kind of faultKinds) expect(text).toContain(`"const":"${kind}"`)
  })
})

describe('the catalogue', async () => {
  const entries = await catalogScenarios()
  const forms = entries.flatMap((entry) => [false, true].map((fast) => ({ ...entry, fast })))
  it('names each scenario as its file is named', () => {
    expect(entries.length).toBeGreaterThanOrEqual(12)
    for (const { name, file } of entries) expect(file.endsWith(`/${name}.yaml`)).toBe(true)
  })
  it.each(forms)('$name (fast: $fast) loads, plans, and offers no more than can be believed where it is for', async ({ name, fast }) => {
    const { scenario, topology } = await loadScenarioAndTopology(name, { fast })
    const planned = plan(scenario, topology, 1)
    // What is too much for sockets says where it is for.
    if (planned.offeredRate! > believableRate) expect(scenario.description).toContain('`--on simulated`')
    else expect(limitsInRealTime(planned)).toEqual([])
    expect(planned.limits).toEqual([])
    expect(scenario.mustExit).toBeNull()
    expect(Object.keys(scenario.thresholds).length).toBeGreaterThan(0)
    // Variants in turn need their rounds, and virtual time is cheap.
    const longest = scenario.description.includes('--on simulated') ? Infinity : scenario.blocks === undefined ? 18_000_000 : 150_000_000
    if (fast) expect(planned.endUs).toBeLessThanOrEqual(longest)
  })
  it.each(entries)('$name says what happens, what must hold and why', ({ description }) => {
    for (const part of ['What happens:', 'What must hold:', 'Why:']) expect(description).toContain(part)
  })
})

describe('the traps of meshes', async () => {
  const entries = (await Promise.all(['consul', 'istio'].map(async (mesh) => (await mustFailScenarios(mesh)).map((entry) => ({ ...entry, mesh }))))).flat()
  it('are there for each mesh that has some', async () => {
    expect(new Set(entries.map(({ mesh }) => mesh)).size).toBe(2)
    expect(await mustFailScenarios('none')).toEqual([])
  })
  it.each(entries)('$name loads and plans, and leaves failover to its mesh', async ({ file, name, mesh }) => {
    const { scenario, topology } = await loadScenarioAndTopology(file)
    expect(scenario.name).toBe(name)
    expect(plan(scenario, topology, 1).topology).toMatchObject({ mesh, failoverOwner: 'mesh' })
  })
})

describe('the must-fail scenarios', async () => {
  const entries = await mustFailScenarios()
  it('cover every way to end but a pass and an interruption', () => {
    expect([...new Set(entries.map(({ mustExit }) => mustExit))].sort()).toEqual([1, 2, 3, 4])
  })
  it.each(entries.filter(({ mustExit }) => mustExit === 3))('$name is refused with line, column and the nearest name', async ({ file }) => {
    const error = await loadScenario(file).then(() => null, (thrown: unknown) => thrown)
    const [first] = error instanceof CodedErrors ? error.errors : []
    expect(first.details.place).toMatchObject({ file, line: expect.any(Number), column: expect.any(Number) })
    expect(first.details.hint).toMatch(/did you mean/)
  })
  it.each(entries.filter(({ mustExit }) => mustExit !== 3))('$name loads, plans and is short', async ({ file, name, mustExit }) => {
    const { scenario, topology } = await loadScenarioAndTopology(file)
    const planned = plan(scenario, topology, 1)
    expect([scenario.name, scenario.mustExit]).toEqual([name, mustExit])
    expect(planned.endUs).toBeLessThanOrEqual(12_000_000)
  })
})
