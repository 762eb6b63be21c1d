// Who plays what, when, and what happens when the machine had no room: on the simulated substrate, and on the same one
// dressed up as a real machine that can be busy.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Substrate } from '../../topologies/substrate.ts'
import { findSubstrate } from '../../topologies/substrates/index.ts'
import { paritySchema } from '../../scenarios/parity/document.ts'
import { parityReport } from './assemble.ts'
import { parityNames, parityScenarios } from './choose.ts'
import { playAll, type ParityRequest } from './play.ts'
import { recordedSides } from './recorded.ts'

const simulated = findSubstrate('simulated')
const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

/** `busy` says of each run, counted from 0, whether the machine has no room. */
function machine(busy: (run: number) => boolean): Substrate {
  let count = 0
  return {
    ...simulated, kind: 'local', time: 'real', unmeasured: {}, capabilities: () => simulated.capabilities(),
    start(request) {
      const cpuShare = busy(count++) ? 0.95 : 0.3
      for (const atUs of [3e6, 8e6, 12e6]) request.history.event({ atUs, source: 'run', kind: 'machine', cpuShare, loopLagP99Ms: 2, freeBytes: 1e9 })
      return simulated.start(request)
    },
  }
}

async function request(local: Substrate, change: Partial<ParityRequest> = {}): Promise<ParityRequest & { said: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-parity-'))
  folders.push(folder)
  const said: string[] = []
  return {
    scenarios: await parityScenarios(['patient-counting'], { fast: true, rateShare: 1, calibratedOn: null, seed: 1, capabilities: [] }), substrates: [simulated, local],
    runs: 1, retries: 1, seed: 4, model: null, clusters: {}, folder, install: false, flags: ['--fast'], signal: new AbortController().signal, said,
    say: (text) => said.push(text), ...change,
  }
}

const about = { model: null, clusters: {}, kinds: ['simulated', 'local'], runsAsked: 1, seed: 4, fast: true, command: 'regatta parity' }

describe('playing a comparison', { timeout: 60_000 }, () => {
  it('gives both sides the same seeds, and repeats a run for which the machine had no room', async () => {
    const asked = await request(machine((run) => run === 0))
    const played = await playAll(asked)
    const [ours, theirs] = played[0].sides
    expect(ours.runs.map(({ seed, doubts }) => [seed, doubts.length])).toEqual([[4, 0]])
    expect(theirs.runs.map(({ seed, crowded }) => [seed, crowded])).toEqual([[4, true], [4, false]])
    expect(readdirSync(join(asked.folder, 'runs')).sort()).toEqual(['patient-counting-local-4', 'patient-counting-local-4-1', 'patient-counting-simulated-4'])
    expect(asked.said.join('\n')).toMatch(/2\/2 patient-counting on local, seed 4: left out \(machine-room: .*95 %.*; again/)
    const report = parityReport(played, about)
    expect(paritySchema.safeParse(report).error).toBeUndefined()
    // The same world on both sides with the same seed.
    expect(report).toMatchObject({ verdict: 'pass', exitCode: 0 })
    expect(report.comparisons[0]).toMatchObject({ reference: { believed: 1, crowded: 1 }, figures: [{ name: 'failover_time', ratio: { value: 1 } }, {}, {}, {}, {}] })
    // What was recorded says the same again.
    expect(parityReport(await recordedSides(asked.folder, about.kinds), about).comparisons).toEqual(report.comparisons)
  })

  it('stops repeating at the bound, and refuses to compare', async () => {
    const played = await playAll(await request(machine(() => true)))
    expect(played[0].sides[1].runs).toHaveLength(2)
    const report = parityReport(played, about)
    expect(report).toMatchObject({ verdict: 'inconclusive', exitCode: 2 })
    expect(report.comparisons[0].refused).toContain('local has 0 of 1 runs (in 2 the machine or the load generator had no room)')
  })

  it('starts nothing when it is interrupted', async () => {
    const played = await playAll(await request(machine(() => false), { signal: AbortSignal.abort(new Error('interrupted')) }))
    expect(played[0].sides.map(({ runs }) => runs.length)).toEqual([0, 0])
  })
})

describe('choosing scenarios', () => {
  const capabilities = [simulated, findSubstrate('local')].map((substrate) => substrate.capabilities())
  it('takes drills with a fault that all sides can make and that fit on sockets, without the one that was calibrated on', async () => {
    const names = (await parityScenarios([], { fast: true, rateShare: 1, calibratedOn: 'regional-outage', seed: 1, capabilities })).map(({ scenario }) => scenario.name)
    expect(names).toEqual(expect.arrayContaining([...parityNames(), 'regional-hang', 'regional-crash']))
    for (const left of ['regional-outage', 'steady', 'global-federation', 'gateway-eviction', 'api-server-loss']) expect(names).not.toContain(left)
  })

  it('marks what was named and calibrated on', async () => {
    const [one] = await parityScenarios(['regional-outage'], { fast: true, rateShare: 1, calibratedOn: 'regional-outage', seed: 1, capabilities })
    expect(one).toMatchObject({ given: 'regional-outage', calibratedOn: true })
    const [half] = await parityScenarios(['regional-outage'], { fast: true, rateShare: 0.5, calibratedOn: null, seed: 1, capabilities })
    expect(half.scenario.loads.map(({ ratePerSecond }) => 2 * ratePerSecond)).toEqual(one.scenario.loads.map(({ ratePerSecond }) => ratePerSecond))
  })

  it('knows its own scenarios by name, each of which says why it is there', async () => {
    expect(parityNames()).toEqual(['list-entry', 'patient-counting', 'patient-detection', 'slow-services'])
    for (const { scenario } of await parityScenarios(parityNames(), { fast: true, rateShare: 1, calibratedOn: null, seed: 1, capabilities: [] })) expect(scenario.description).toContain('Why:')
  })

  it('refuses a folder without runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'regatta-parity-'))
    folders.push(folder)
    await expect(recordedSides(folder, ['simulated', 'local'])).rejects.toMatchObject({ code: 'RGT_COMMAND_FILE' })
  })
})
