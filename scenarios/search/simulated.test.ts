// The search over the simulated substrate itself: a planted defect is found, shrunk and written, and the written file
// breaks the same promise with the same trace.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import { findSubstrate } from '../../topologies/substrates/index.ts'
import { judge } from '../judge.ts'
import { loadScenarioAndTopology } from '../load-scenario.ts'
import { overlay } from '../overlay.ts'
import { run } from '../run.ts'
import { openPool } from '../workers/pool.ts'
import { prepareSearch } from './prepare.ts'
import { search } from './search.ts'
import type { TrialJob, TrialResult } from './trial.ts'

const folder = mkdtempSync(join(tmpdir(), 'simulated-search-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const { signal } = new AbortController()
const substrate = findSubstrate('simulated')

it('finds a planted defect, shrinks it, and writes a scenario that shows it', async () => {
  const { scenario, topology } = await loadScenarioAndTopology('regional-outage', { fast: true })
  const { asked, ground, about } = prepareSearch({
    name: 'regional-outage', scenario, topology, config: overlay(await gatewayConfig(topology), scenario.config), substrate,
    form: 'short', seed: 1, runs: 20, keepGoing: false, plant: ['residency-as-preference'],
  })
  expect(about.limits).toContain('planted defect: residency-as-preference')
  await using pool = openPool<TrialJob, TrialResult>({ program: new URL('./trial-worker.ts', import.meta.url), size: 2, signal, data: ground })
  const { findings, ended } = await search({ asked, ground, shard: { index: 0, of: 1 }, pool, signal, timeIsUp: () => false, replays: 60, folder })
  expect(ended).toBe('found')
  const [finding] = findings
  expect(finding.invariant).toBe('residency')
  expect(finding.faults).toBeLessThanOrEqual(3)

  const file = join(folder, finding.file)
  writeFileSync(file, finding.content)
  const written = await loadScenarioAndTopology(file)
  const record = await run({
    ...written, seed: finding.seed, substrate, runDir: join(folder, 'run'), tools: { allowEmbedded: true, allowInstall: false },
    options: { gateway: 'reference' }, signal, command: '',
  })
  expect(record).toMatchObject({ ended: 'complete', inventory: { trace: { hash: finding.traceHash } } })
  expect(record.limits).toContain('planted defect: residency-as-preference')
  const verdict = await judge(join(folder, 'run'))
  expect(verdict).toMatchObject({ verdict: 'fail', exitCode: 1 })
  expect(verdict.checks.find(({ name }) => name === 'invariants')).toMatchObject({ verdict: 'fail', evidence: expect.arrayContaining([expect.stringContaining('residency at')]) })
}, 60_000)

it('real time cannot be searched', async () => {
  const { scenario, topology } = await loadScenarioAndTopology('regional-outage', { fast: true })
  expect(() => prepareSearch({
    name: 'regional-outage', scenario, topology, config: [], substrate: findSubstrate('local'),
    form: 'short', seed: 1, runs: 1, keepGoing: false, plant: [],
  })).toThrow(expect.objectContaining({ code: 'RGT_SEARCH_SUBSTRATE' }))
})
