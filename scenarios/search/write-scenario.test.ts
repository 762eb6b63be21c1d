// What is written reads back to the same scenario, for every drill there is and for whatever a search comes up with.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { primitiveKinds, type Capabilities } from '../../topologies/primitives.ts'
import { catalogScenarios, loadScenarioAndTopology } from '../load-scenario.ts'
import { plan } from '../plan.ts'
import type { Scenario } from '../scenario.ts'
import { generateSchedule } from './schedules.ts'
import { writeScenario } from './write-scenario.ts'

const folder = mkdtempSync(join(tmpdir(), 'written-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const catalogue = await catalogScenarios()
const capabilities = Object.fromEntries(primitiveKinds.map((kind) => [kind, { supported: true, how: '', symptom: '' }])) as Capabilities

async function readBack(scenario: Scenario): Promise<Scenario> {
  const file = join(folder, 'written.yaml')
  writeFileSync(file, writeScenario(scenario, { name: 'found', description: 'Found.', comment: 'A line.\n\nAnother.', file }))
  return (await loadScenarioAndTopology(file)).scenario
}
const withoutWords = ({ name: _name, description: _description, file: _file, mustExit: _mustExit, ...rest }: Scenario): object => JSON.parse(JSON.stringify(rest)) as object

describe.each(catalogue.map(({ name }) => name))('%s', (name) => {
  it.each([false, true])('reads back to itself (fast: %s)', async (fast) => {
    const { scenario } = await loadScenarioAndTopology(name, { fast })
    expect(withoutWords(await readBack(scenario))).toEqual(withoutWords({ ...scenario, options: { ...scenario.options, requireTools: [], toolPaths: {} } }))
  })
})

it('generated schedules and planted defects read back to the same plan', async () => {
  const { scenario, topology } = await loadScenarioAndTopology('regional-outage', { fast: true })
  for (let seed = 1; seed <= 60; seed++) {
    const found: Scenario = { ...scenario, method: generateSchedule({ scenario, topology, capabilities }, seed), simulation: { plant: ['never-recovers'] } }
    const back = await readBack(found)
    expect(back.simulation).toEqual({ plant: ['never-recovers'] })
    expect(plan(back, topology, seed).steps).toEqual(plan(found, topology, seed).steps)
    expect(plan(back, topology, seed).loads).toEqual(plan(found, topology, seed).loads)
  }
})

it('the path of a topology is written as seen from the file', async () => {
  const { scenario } = await loadScenarioAndTopology('steady', { fast: true })
  const text = writeScenario({ ...scenario, topology: join(folder, 'shapes', 'mine.yaml') }, { name: 'found', description: 'Found.', comment: '', file: join(folder, 'out', 'found.yaml') })
  expect(text).toContain('topology: ../shapes/mine.yaml')
})
