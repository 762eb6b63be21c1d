// Who plays when, what is repeated, and that what was recorded says the same again: on the simulated substrate, and on the
// same one dressed up as a real machine that can be busy.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { comparisonSchema } from '../../scenarios/compare/document.ts'
import { loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import type { Substrate } from '../../topologies/substrate.ts'
import { findSubstrate } from '../../topologies/substrates/index.ts'
import { writeComparison } from '../../reports/compare/index.ts'
import { runProgram } from '../program.ts'
import { comparison } from './assemble.ts'
import { placeFrom, placeOf } from './place.ts'
import { orderOf, playVariants, type CompareRequest } from './play.ts'
import { recordedCommand, recordedVariants } from './recorded.ts'

const simulated = findSubstrate('simulated')
const folders: string[] = []
const newFolder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'regatta-compare-')))
  return folders.at(-1)!
}
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

/** `busy` says of each start, counted from 0, whether the machine has no room. */
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

async function request(substrate: Substrate, change: Partial<CompareRequest> = {}): Promise<CompareRequest & { said: string[] }> {
  const { scenario, topology } = await loadScenarioAndTopology('regional-hang', { fast: true })
  const said: string[] = []
  return {
    contenders: ['reference', 'envoy'].map((gateway) => ({ gateway, mesh: 'none', scenario, command: (seed) => `regatta run regional-hang --seed ${seed}` })),
    topology, rounds: 2, retries: 1, seed: 4, folder: newFolder(), signal: new AbortController().signal, said, say: (text) => said.push(text),
    run: { substrate, clusters: {}, tools: { allowEmbedded: true, allowInstall: false, explicit: {} } }, ...change,
  }
}

describe('the order', () => {
  it('rotates, with the control far from the first, so that every slot stands everywhere', () => {
    expect([1, 2, 3, 4].map((round) => orderOf(4, round))).toEqual([[0, 2, 3, 1], [2, 3, 1, 0], [3, 1, 0, 2], [1, 0, 2, 3]])
    expect(orderOf(4, 5)).toEqual(orderOf(4, 1))
  })

  it.each([['none', 'reference', 1, false, 0], ['consul:tuned', 'envoy:default', 12, true, 3]] as const)('%s with %s has a folder that says where it stands', (mesh, gateway, round, again, repeat) => {
    const place = placeOf({ mesh, gateway }, round, again, repeat)
    expect(placeFrom(place.folder.slice('runs/'.length))).toEqual(place)
    expect(place.folder).toMatch(/^runs\/[\w.-]+$/)
  })
  it('what is no run of a comparison has no place', () => expect(placeFrom('regional-hang-local-1')).toBeNull())
})

describe('playing', { timeout: 60_000 }, () => {
  it('repeats what had no room, goes on past what does not start, and says the same when it is read again', async () => {
    const asked = await request(machine((run) => run === 0))
    const played = await playVariants(asked)
    expect(played.variants.map(({ gateway, again, runs }) => [gateway, again, runs.map(({ round, repeat, seed, crowded, error }) => [round, repeat, seed, crowded, error?.code ?? null])])).toEqual([
      ['reference', false, [[1, 0, 4, true, null], [1, 1, 4, false, null], [2, 0, 5, false, null]]],
      ['reference', true, [[1, 0, 4, false, null], [2, 0, 5, false, null]]],
      ['envoy', false, [[1, 0, 4, false, 'RGT_UNSUPPORTED'], [2, 0, 5, false, 'RGT_UNSUPPORTED']]],
    ])
    expect(asked.said[0]).toMatch(/^1\/6 reference, seed 4: inconclusive, left out \(machine-room: .*95 %.*; again$/)
    const document = comparison(played, 'regatta compare …')
    expect(comparisonSchema.safeParse(document).error).toBeUndefined()
    expect(document).toMatchObject({ exitCode: 4, rounds: 2, seed: 4, variants: [{ name: 'reference', counts: { counted: 2, crowded: 1 } }, { name: 'reference (again)', control: true }, { name: 'envoy', counts: { failed: 2 } }] })
    // The same world with the same seed: the control shows no difference at all.
    expect(new Set(document.variants[1].figures.map(({ difference }) => difference?.told))).toEqual(new Set(['not-apart']))
    writeComparison(asked.folder, document)
    const again = comparison(await recordedVariants(asked.folder), recordedCommand(asked.folder) ?? '')
    const byFolder = (variant: (typeof document.variants)[number]): object => ({ ...variant, runs: variant.runs.toSorted((a, b) => (a.folder < b.folder ? -1 : 1)) })
    expect({ ...again, madeAt: '', variants: again.variants.map(byFolder) }).toEqual({ ...document, madeAt: '', variants: document.variants.map(byFolder) })
  })

  it('refuses runs of another machine among those that were recorded', async () => {
    const asked = await request(simulated)
    await playVariants(asked)
    const file = join(asked.folder, 'runs', readdirSync(join(asked.folder, 'runs'))[0], 'run.json')
    const record = JSON.parse(readFileSync(file, 'utf8')) as { machine: { cpus: number } }
    record.machine.cpus += 1
    writeFileSync(file, JSON.stringify(record))
    await expect(recordedVariants(asked.folder)).rejects.toMatchObject({ code: 'RGT_COMPARE_RUNS' })
  })

  it('keeps what there is when it is interrupted', async () => {
    const controller = new AbortController()
    const asked = await request(simulated, { signal: controller.signal, say: () => controller.abort(new Error('interrupted')) })
    const played = await playVariants(asked)
    expect(played.variants.map(({ runs }) => runs.length)).toEqual([1, 0, 0])
    expect(comparison(played, 'x').variants[1]).toMatchObject({ runs: [], failoverOwner: null })
    expect(await recordedVariants(asked.folder)).toMatchObject({ variants: [{ gateway: 'reference', again: false }, { again: true, runs: [] }] })
  })

  it('refuses a folder without runs', async () => {
    await expect(recordedVariants(newFolder())).rejects.toMatchObject({ code: 'RGT_COMMAND_FILE' })
  })
})

describe('the command line', () => {
  async function refused(...args: string[]): Promise<{ code: number; error: { code: string; message: string; found?: string } }> {
    let err = ''
    const spies = (['stdout', 'stderr'] as const).map((name) => vi.spyOn(process[name], 'write').mockImplementation((text) => { err += name === 'stderr' ? String(text) : ''; return true }))
    try {
      const code = await runProgram(['compare', ...args, '--out', join(newFolder(), 'never'), '--json'])
      return { code, error: (JSON.parse(err) as { error: { code: string; message: string } }).error }
    } finally {
      spies.forEach((spy) => spy.mockRestore())
    }
  }
  it.each([
    [['steady'], 'RGT_COMMAND_USAGE', '--mesh and --gateway cannot be'],
    [[], 'RGT_COMMAND_USAGE', 'SCENARIO is missing'],
    [['steady', '--mesh', 'none,none'], 'RGT_COMMAND_USAGE', '--mesh cannot be `none,none`'],
    [['steady', '--mesh', 'none,konsul'], 'RGT_COMMAND_USAGE', 'there is no mesh `konsul`'],
    [['steady', '--mesh', ''], 'RGT_COMMAND_USAGE', 'there is no mesh'],
    [['steady', '--gateway', 'reference,envoi'], 'RGT_DRIVER_UNKNOWN', 'envoi'],
    [['steady', '--mesh', 'none,consul', '--rounds', '1'], 'RGT_COMMAND_USAGE', '--rounds cannot be `1`'],
    [['steady', '--mesh', 'none,consul', '--on', 'moon'], 'RGT_SUBSTRATE_UNKNOWN', 'moon'],
    [['steady', '--recorded', '.'], 'RGT_COMMAND_USAGE', 'SCENARIO cannot be `steady`'],
    [['--recorded', '/nowhere'], 'RGT_COMMAND_FILE', '/nowhere holds no runs to compare'],
    [['stedy', '--mesh', 'none,consul'], 'RGT_SCENARIO_UNKNOWN', 'stedy'],
  ])('refuses %j', async (args, code, message) => {
    const { code: exit, error } = await refused(...args)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as unknown })
    expect(exit).toBe(3)
  })
})
