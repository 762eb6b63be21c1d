// Each planted defect breaks the invariant that is meant to find it, and the same scenario without it breaks none.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { plantedDefects, type PlantedDefect } from '../topologies/substrate.ts'
import type { Invariant } from '../topologies/substrates/simulated/invariants.ts'
import { simulatedSubstrate } from '../topologies/substrates/simulated/simulated.ts'
import { loadScenarioAndTopology } from './load-scenario.ts'
import { run } from './run.ts'
import type { FaultBlock, Scenario } from './scenario.ts'

const scratch = mkdtempSync(join(tmpdir(), 'regatta-invariants-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let runs = 0

const seconds = 1_000_000
const brownout = (region: string): FaultBlock => ({
  name: `errors-${region}`, kind: 'region-brownout', atUs: 0, forUs: 8 * seconds, parameters: { region, delay: 0, errorRate: 0.6, services: null },
})
/** Nobody is ejected for errors, so every error may be sent again, and again. */
const lenient = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'FailoverPolicy', metadata: { name: 'shop', namespace: 'shop' },
  spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }], health: { outlier: { consecutive5xx: 1000 } } },
}

const cases: Record<PlantedDefect, { breaks: Invariant; base: string; change(scenario: Scenario): Scenario }> = {
  'residency-as-preference': { breaks: 'residency', base: 'residency-lock', change: (scenario) => scenario },
  'retries-unbounded': {
    breaks: 'retry-budget', base: 'region-brownout',
    change: (scenario) => ({
      ...scenario, method: ['eu-west', 'us-east', 'ap-south'].map(brownout), timeline: { ...scenario.timeline, faultUs: 8 * seconds },
      loads: scenario.loads.map((load) => ({ ...load, ratePerSecond: 300 })), config: [lenient],
    }),
  },
  'never-recovers': { breaks: 'recovery', base: 'regional-outage', change: (scenario) => scenario },
}

async function broken(name: string, change: (scenario: Scenario) => Scenario, plant: PlantedDefect[]): Promise<Set<string>> {
  const { scenario, topology } = await loadScenarioAndTopology(name, { fast: true })
  const runDir = join(scratch, String(runs++))
  mkdirSync(runDir)
  const found = new Set<string>()
  const record = await run({
    scenario: change(scenario), topology, seed: 1, runDir, substrate: simulatedSubstrate, tools: { allowEmbedded: true, allowInstall: false },
    options: { gateway: 'reference', simulation: { plant } }, signal: new AbortController().signal, command: 'test',
    onEvent: (event) => { if (event.kind === 'invariant-violated') found.add(event.invariant) },
  })
  expect(record.error).toBeNull()
  return found
}

test.for(plantedDefects)('%s', { timeout: 60_000 }, async (defect) => {
  const { breaks, base, change } = cases[defect]
  expect([...await broken(base, change, [])]).toEqual([])
  expect(await broken(base, change, [defect])).toContain(breaks)
})
