// The search over a substrate whose answers are known, with real worker threads: what it finds depends on the seed and
// on nothing else.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import { loadScenarioAndTopology } from '../load-scenario.ts'
import { overlay } from '../overlay.ts'
import { openPool } from '../workers/pool.ts'
import { fakeSubstrate } from './fake-substrate.case.ts'
import { mergeSearches } from './merge.ts'
import type { SearchAsked, SearchResult, Shard } from './result.ts'
import { search, type SearchRequest } from './search.ts'
import { parseShard, runsOf, seedOf } from './shard.ts'
import { playTrial, type TrialGround, type TrialJob, type TrialResult } from './trial.ts'

const folder = mkdtempSync(join(tmpdir(), 'search-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const { scenario, topology } = await loadScenarioAndTopology('regional-outage', { fast: true })
const ground: TrialGround = { scenario, topology, config: overlay(await gatewayConfig(topology), scenario.config), gateway: 'reference' }
const asked: SearchAsked = { scenario: 'regional-outage', form: 'short', topology: topology.name, gateway: 'reference', plant: [], seed: 1, runs: 150, keepGoing: true }
const program = new URL('./fake-substrate.case.ts', import.meta.url)

interface Settings { workers?: number; shard?: Shard; abortAfter?: number }
async function searched(over: Partial<SearchAsked>, { workers = 2, shard = { index: 0, of: 1 }, abortAfter }: Settings = {}, request: Partial<SearchRequest> = {}): Promise<SearchResult> {
  const abort = new AbortController()
  let seen = 0
  await using pool = openPool<TrialJob, TrialResult>({ program, size: workers, signal: abort.signal, data: ground })
  const outcome = await search({
    asked: { ...asked, ...over }, ground, shard, pool, signal: abort.signal, timeIsUp: () => false, replays: 300, folder,
    onTrial: () => { if (++seen === abortAfter) abort.abort(new Error('interrupted')) },
    ...request,
  })
  return { ...outcome, watched: {}, unwatched: {}, limits: [], took: { wallMs: 0, workers: 0 } }
}

const whole = await searched({})

describe('a search', () => {
  it('finds each broken invariant and shrinks its first schedule to the faults that matter', () => {
    expect(whole).toMatchObject({ ended: 'complete', runs: 150, shards: [{ index: 0, of: 1 }] })
    expect(whole.violations.map(({ invariant }) => invariant)).toEqual(['residency', 'retry-budget', 'run-ends'])
    const [residency, budget, ends] = whole.findings
    expect(residency).toMatchObject({ invariant: 'residency', faults: 2, minimal: true, seed: whole.violations[0].seeds[0] })
    const planes = residency.method.find(({ kind }) => kind === 'control-plane-loss' || kind === 'regional-crash')
    expect(planes).toBeDefined()
    expect(budget.method).toEqual([expect.objectContaining({ kind: 'region-brownout', forUs: 600_000, parameters: expect.objectContaining({ region: 'us-east' }) })])
    expect(ends).toMatchObject({ text: 'TypeError: nobody is left', faults: 2 })
    for (const finding of whole.findings) expect(finding.drawn).toBeGreaterThanOrEqual(finding.faults)
  })
  it('gives the same with any number of workers', async () => {
    expect(await searched({}, { workers: 1 })).toEqual(whole)
    expect(await searched({}, { workers: 3 })).toEqual(whole)
  })
  it('stops at the first violation of the lowest seed, with any number of workers', async () => {
    const lowest = Math.min(...whole.violations.flatMap(({ seeds }) => seeds))
    const one = await searched({ keepGoing: false, runs: null }, { workers: 1 })
    expect(one).toMatchObject({ ended: 'found', runs: lowest })
    expect(one.findings.map(({ seed }) => seed)).toEqual(one.findings.map(() => lowest))
    expect(await searched({ keepGoing: false, runs: null }, { workers: 3 })).toEqual(one)
  })
  it('what it writes is a scenario that breaks the same invariant with the same trace', async () => {
    for (const { file, content, seed, invariant, traceHash } of whole.findings.slice(0, 2)) {
      const path = join(folder, file)
      writeFileSync(path, content)
      const written = await loadScenarioAndTopology(path)
      const again = await playTrial({ ...ground, scenario: written.scenario }, { seed, candidate: { method: written.scenario.method, loadShare: 1 } }, fakeSubstrate)
      expect(again.violations.map((violation) => violation.invariant)).toContain(invariant)
      expect(again.traceHash).toBe(traceHash)
      expect(content).toContain(`regatta run ${file} --on simulated --seed ${seed}`)
    }
  })
  it('ends when time is up', async () => {
    let asks = 0
    const result = await searched({ runs: null }, { workers: 1 }, { timeIsUp: () => ++asks > 20 })
    expect(result).toMatchObject({ ended: 'time', runs: 20 })
  })
  it('interrupted, gives what was done', async () => {
    const result = await searched({}, { abortAfter: 12 })
    expect(result).toMatchObject({ ended: 'interrupted', runs: 12 })
    for (const { minimal, method, drawn } of result.findings) expect([minimal, method.length]).toEqual([false, drawn])
  })
  it('a scenario that cannot be searched rejects with its code and the seed', async () => {
    const abort = new AbortController()
    const broken = { ...ground, scenario: { ...scenario, prober: { ...scenario.prober, template: 'nobody' } } }
    await using pool = openPool<TrialJob, TrialResult>({ program, size: 1, signal: abort.signal, data: broken })
    await expect(search({ asked, ground: broken, shard: { index: 0, of: 1 }, pool, signal: abort.signal, timeIsUp: () => false, replays: 1, folder }))
      .rejects.toMatchObject({ code: 'RGT_SCENARIO_REFERENCE' })
  })
})

describe('shards', () => {
  it('are disjoint and cover every seed', () => {
    for (const of of [1, 2, 3, 7]) {
      const seeds = Array.from({ length: of }, (_, index) => ({ index, of }))
        .flatMap((shard) => Array.from({ length: runsOf(shard, 100)! }, (_, ordinal) => seedOf(shard, 5, ordinal)))
      expect(seeds.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => 5 + index))
    }
  })
  it('put together are the whole', async () => {
    const parts = [await searched({}, { shard: { index: 2, of: 3 } }), await searched({}, { shard: { index: 0, of: 3 } }), await searched({}, { shard: { index: 1, of: 3 } })]
    expect(parts.map(({ runs }) => runs)).toEqual([50, 50, 50])
    expect(mergeSearches(parts)).toEqual(whole)
    expect(mergeSearches(parts.slice(0, 2))).toMatchObject({ runs: 100, limits: ['1 of 3 shards are missing'], shards: [{ index: 0, of: 3 }, { index: 2, of: 3 }] })
  })
  it('that do not belong together are refused', () => {
    const part = (index: number, of: number, over: Partial<SearchAsked> = {}): SearchResult => ({ ...whole, shards: [{ index, of }], asked: { ...asked, ...over } })
    for (const parts of [[], [part(0, 2), part(0, 2)], [part(0, 2), part(1, 3)], [part(0, 2), part(1, 2, { seed: 9 })]]) {
      expect(() => mergeSearches(parts)).toThrow(expect.objectContaining({ code: 'RGT_SEARCH_MERGE' }))
    }
  })
  it('are written as i/n', () => {
    expect(parseShard('2/3')).toEqual({ index: 2, of: 3 })
    for (const text of ['3/3', '1', '0/0', '-1/2', 'a/b', '1/2/3']) expect(parseShard(text)).toBeNull()
  })
})
