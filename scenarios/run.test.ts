// The interpreter against a substrate in memory and virtual time: what it declares, and that it heals, tears
// down and writes what it has whatever goes wrong.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { topologyError } from '../topologies/errors.ts'
import { eventsFile } from '../topologies/history/columns.ts'
import { primitiveKinds, type Capabilities, type PrimitiveKind } from '../topologies/primitives.ts'
import type { Deployment, Inventory, LoadSpec, StartRequest, Step, Substrate } from '../topologies/substrate.ts'
import { loadScenarioAndTopology } from './load-scenario.ts'
import { overlay } from './overlay.ts'
import { run, type RunRequest } from './run.ts'
import { runFile, type RunRecord } from './run-record.ts'

const folder = mkdtempSync(join(tmpdir(), 'run-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const drill = await loadScenarioAndTopology('regional-outage', { fast: true })

interface Fake {
  substrate: Substrate
  calls: string[]
  steps: { atUs: number; step: Step }[]
  loads: LoadSpec[]
  started: StartRequest | null
}

interface Mishaps {
  start?: Error
  /** Fails the step of this kind. */
  step?: Step['kind']
  heal?: Error
  dispose?: Error
  unsupported?: PrimitiveKind
  tools?: Inventory['tools']
  /** Called with every step before it is played. */
  before?(step: Step): void
}

/** Plays steps in the order of their times, at once. */
function fake(mishaps: Mishaps = {}): Fake {
  const capabilities = Object.fromEntries(primitiveKinds.map((kind) => [kind, {
    supported: kind !== mishaps.unsupported, how: kind === mishaps.unsupported ? 'not in memory' : 'in memory', symptom: 'none',
  }])) as Capabilities
  const it: Fake = {
    calls: [], steps: [], loads: [], started: null,
    substrate: {
      kind: 'fake', description: 'in memory', time: 'real', unmeasured: {}, capabilities: () => capabilities,
      async start(request) {
        it.started = request
        it.calls.push('start')
        request.progress('start', 'starting')
        if (mishaps.start !== undefined) throw mishaps.start
        return deployment(it, mishaps, capabilities, request)
      },
    },
  }
  return it
}

function deployment(it: Fake, mishaps: Mishaps, capabilities: Capabilities, { history }: StartRequest): Deployment {
  const inventory: Inventory = { tools: mishaps.tools ?? {}, stagesMs: {}, entries: {}, admin: {}, clock: { id: 'virtual', offsetUs: 0, uncertaintyUs: 0 } }
  return {
    kind: 'fake', capabilities, inventory,
    at: (atUs, step) => void it.steps.push({ atUs, step }),
    drive: (load) => void it.loads.push(load),
    async run(untilUs, signal) {
      it.calls.push(`run ${untilUs}`)
      for (const { atUs, step } of it.steps) {
        mishaps.before?.(step)
        signal.throwIfAborted()
        if (step.kind === mishaps.step) throw new Error(`no ${step.kind} today`)
        if (step.kind === 'mark') history.event({ atUs, source: 'run', ...step.event })
      }
    },
    async heal() {
      it.calls.push('heal')
      if (mishaps.heal !== undefined) throw mishaps.heal
    },
    async [Symbol.asyncDispose]() {
      it.calls.push('dispose')
      if (mishaps.dispose !== undefined) throw mishaps.dispose
    },
  }
}

let count = 0
function request(substrate: Substrate, over: Partial<RunRequest> = {}): RunRequest {
  return {
    ...drill, seed: 1, substrate, runDir: join(folder, `run-${count++}`), tools: { allowEmbedded: true, allowInstall: false },
    options: { gateway: 'reference' }, signal: new AbortController().signal, command: 'regatta run regional-outage', ...over,
  }
}
const onDisk = (runDir: string): RunRecord => JSON.parse(readFileSync(join(runDir, runFile), 'utf8')) as RunRecord
const events = (runDir: string): { kind: string; atUs: number; reason?: string }[] =>
  readFileSync(join(runDir, eventsFile), 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))

describe('a run that goes well', () => {
  it('declares the whole plan, plays it, heals, tears down and writes its folder', async () => {
    const it = fake()
    const asked = request(it.substrate)
    const record = await run(asked)
    expect(it.calls).toEqual(['start', `run ${record.plan.endUs}`, 'heal', 'dispose'])
    expect(it.steps).toEqual(record.plan.steps)
    expect(it.loads).toEqual(record.plan.loads.map((load) => (load.engine === 'k6' ? { ...load, suite: join(asked.runDir, 'suites', 'shop.k6.ts') } : load)))
    expect(record).toMatchObject({ ended: 'complete', error: null, substrate: 'fake', limits: [], command: asked.command })
    expect(onDisk(asked.runDir)).toEqual(JSON.parse(JSON.stringify(record)))
    expect(readdirSync(asked.runDir).sort()).toEqual(['attempts.arrow', 'events.ndjson', 'requests.arrow', 'run.json', 'suites'])
    expect(events(asked.runDir).map(({ kind }) => kind)).toEqual(['phase', 'phase', 'phase', 'phase', 'phase'])
  })
  it('starts the topology with the scenario\'s configuration over its own', async () => {
    const it = fake()
    await run(request(it.substrate))
    const documents = it.started!.config
    expect(documents.filter(({ kind }) => kind === 'FailoverPolicy')).toEqual(drill.scenario.config)
    expect(documents.filter(({ kind }) => kind === 'HTTPRoute').length).toBeGreaterThan(0)
    expect(it.started!.options.engines).toEqual(['k6', 'open-loop'])
  })
  it('tells events and progress while it is on', async () => {
    const told: string[] = []
    const it = fake()
    await run(request(it.substrate, { onEvent: ({ kind }) => told.push(kind), onProgress: (stage, text) => told.push(`${stage}: ${text}`) }))
    expect(told).toEqual(['start: starting', 'phase', 'phase', 'phase', 'phase', 'phase'])
  })
  it('has already written what a killed runner leaves when the substrate starts', async () => {
    const it = fake({ start: undefined })
    const asked = request(it.substrate)
    const { start } = it.substrate
    let atStart: RunRecord | null = null
    await run({ ...asked, substrate: { ...it.substrate, start: (given) => { atStart = onDisk(asked.runDir); return start(given) } } })
    expect(atStart).toMatchObject({ ended: 'interrupted', finishedAt: null, plan: { seed: 1 } })
  })
})

describe('what is not to be had', () => {
  it('a primitive that the substrate cannot do is left out and said', async () => {
    const it = fake({ unsupported: 'isolate' })
    const record = await run(request(it.substrate))
    expect(it.steps.some(({ step }) => step.kind === 'apply' || step.kind === 'heal')).toBe(false)
    expect(record.ended).toBe('complete')
    expect(record.limits).toEqual(['unsupported: regional-outage#0 needs isolate, which fake cannot do: not in memory'])
    expect(record.capabilities.isolate.supported).toBe(false)
  })
  it('a stand-in is said', async () => {
    const record = await run(request(fake({ tools: { k6: { version: '1', origin: 'embedded', reason: 'not on PATH' } } }).substrate))
    expect(record.limits).toEqual(['k6: the embedded part stands in (not on PATH)'])
  })
  it.each([
    ['virtual', 'planted defect: retries-unbounded'],
    ['real', 'planted defect: retries-unbounded cannot be planted on fake'],
  ] as const)('a planted defect of the scenario is given on and said, in %s time', async (time, limit) => {
    const it = fake()
    const scenario = { ...drill.scenario, simulation: { plant: ['retries-unbounded' as const] } }
    const record = await run(request({ ...it.substrate, time }, { scenario }))
    expect(it.started!.options.simulation).toEqual({ plant: ['retries-unbounded'] })
    expect(record.limits).toEqual([limit])
  })
  it.each([['real', 1], ['virtual', 0]] as const)('a rate that a small machine cannot send is said, in %s time %i times', async (time, times) => {
    const scenario = { ...drill.scenario, loads: drill.scenario.loads.map((load) => ({ ...load, ratePerSecond: 50_000 })) }
    const { limits } = await run(request({ ...fake().substrate, time }, { scenario }))
    expect(limits.filter((limit) => limit.includes('two cores'))).toHaveLength(times)
  })
  it.each([
    ['a stand-in', { k6: { version: '1', origin: 'embedded', reason: 'not on PATH' } }],
    ['nothing', {}],
  ])('a required tool with %s in its place fails the run before anything is played', async (_, tools) => {
    const it = fake({ tools })
    const scenario = { ...drill.scenario, options: { ...drill.scenario.options, requireTools: ['k6'], toolPaths: { k6: '/nowhere/k6' } } }
    const record = await run(request(it.substrate, { scenario }))
    expect(record).toMatchObject({ ended: 'failed', error: { code: 'RGT_TOOL_MISSING' } })
    expect(it.started!.tools).toMatchObject({ required: ['k6'], explicit: { k6: '/nowhere/k6' } })
    expect(it.calls).toEqual(['start', 'dispose'])
  })
})

describe('a run that goes wrong', () => {
  it('at the start: its error is the record\'s', async () => {
    const details = { place: { file: 'here' }, expected: 'a port', found: 'none', hint: 'make room' }
    const asked = request(fake({ start: topologyError('RGT_PORT', 'no port', { ...details, cause: new Error('inside') }) }).substrate)
    const record = await run(asked)
    expect(record).toMatchObject({ ended: 'failed', error: { code: 'RGT_PORT' } })
    expect(onDisk(asked.runDir)).toMatchObject({ finishedAt: expect.any(String) as string, error: { code: 'RGT_PORT', message: 'no port', ...details } })
    expect(readdirSync(asked.runDir)).toContain('requests.arrow')
  })
  it('at a step: heals, tears down and keeps what happened before', async () => {
    const it = fake({ step: 'apply' })
    const asked = request(it.substrate)
    const record = await run(asked)
    expect(record).toMatchObject({ ended: 'failed', error: { code: 'RGT_RUN_STEP' } })
    expect(record.error?.message).toContain('no apply today')
    expect(it.calls.slice(-2)).toEqual(['heal', 'dispose'])
    expect(events(asked.runDir)).toHaveLength(3)
  })
  it('at healing: a run that went well has failed, and it is torn down', async () => {
    const it = fake({ heal: new Error('stuck') })
    const record = await run(request(it.substrate))
    expect(record).toMatchObject({ ended: 'failed', error: { code: 'RGT_RUN_HEAL' }, limits: ['a fault could not be healed: Error: stuck'] })
    expect(it.calls.at(-1)).toBe('dispose')
  })
  it('at a step, at healing and at tearing down: the first failure is told', async () => {
    const record = await run(request(fake({ step: 'heal', heal: new Error('stuck'), dispose: new Error('left behind') }).substrate))
    expect(record.error?.message).toContain('no heal today')
  })
  it('at tearing down alone', async () => {
    const record = await run(request(fake({ dispose: new Error('left behind') }).substrate))
    expect(record).toMatchObject({ ended: 'failed', error: { code: 'RGT_RUN_STEP' } })
  })
  it('before anything is written when the plan is not possible', async () => {
    const asked = request(fake().substrate, { scenario: { ...drill.scenario, prober: { ...drill.scenario.prober, template: 'nobody' } } })
    await expect(run(asked)).rejects.toMatchObject({ code: 'RGT_SCENARIO_REFERENCE' })
    expect(readdirSync(folder)).not.toContain(asked.runDir.slice(folder.length + 1))
  })
})

describe('an interrupted run', () => {
  it('in the middle: heals, tears down, and writes what it has and why', async () => {
    const abort = new AbortController()
    const it = fake({ before: (step) => { if (step.kind === 'heal') abort.abort(new Error('SIGINT')) } })
    const asked = request(it.substrate, { signal: abort.signal })
    const record = await run(asked)
    expect(record).toMatchObject({ ended: 'interrupted', finishedAt: expect.any(String) })
    expect(it.calls.slice(-2)).toEqual(['heal', 'dispose'])
    expect(events(asked.runDir).at(-1)).toMatchObject({ kind: 'interrupted', reason: 'SIGINT', atUs: 10_500_000 })
    expect(onDisk(asked.runDir).ended).toBe('interrupted')
  })
  it('while it starts, and before it', async () => {
    const abort = new AbortController()
    const it = fake({ start: new Error('aborted while starting') })
    const { start } = it.substrate
    const substrate = { ...it.substrate, start: (given: StartRequest) => { abort.abort('Ctrl-C'); return start(given) } }
    expect((await run(request(substrate, { signal: abort.signal }))).ended).toBe('interrupted')
    const never = fake()
    expect((await run(request(never.substrate, { signal: abort.signal }))).ended).toBe('interrupted')
    expect(never.calls).toEqual([])
  })
})

describe('overlay', () => {
  const document = (name: string, value: number, namespace?: string) => ({
    apiVersion: 'v1', kind: 'HTTPRoute', metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, spec: value,
  })
  it('replaces what has the same kind, namespace and name, and adds the rest', () => {
    expect(overlay([document('a', 1), document('b', 1, 'shop')], [document('a', 2, 'default'), document('b', 2), document('c', 2)]))
      .toEqual([document('a', 2, 'default'), document('b', 1, 'shop'), document('b', 2), document('c', 2)])
  })
})
