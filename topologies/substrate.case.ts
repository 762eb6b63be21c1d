// The contract suite of substrates: whatever runs a topology must pass it, on sockets, in virtual time and on
// clusters alike. It reads only what the port promises: the history, the inventory, and rejections.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arrivalsOf } from './arrivals.ts'
import { gatewayConfig } from './gateway-config.ts'
import { loadTopology } from './load.ts'
import { primitiveKinds, whyUnsupported, type Primitive } from './primitives.ts'
import type { ConfigDocument, Deployment, LoadSpec, StartRequest, Substrate, SubstrateOptions } from './substrate.ts'
import type { Topology } from './topology.ts'
import {
  arrivalsOfLoad, declareTour, medianMs, offeredUntil, paths, Recording, seconds, streamOf, tourOf, witnessTimeoutMs, type Trial,
} from './substrate-tour.case.ts'

export interface ContractOptions {
  tools?: StartRequest['tools']
  /** How long a start, and the whole tour, may take at most, milliseconds. */
  startTimeoutMs?: number
  tourTimeoutMs?: number
  /** How long disposing of it may take at most, milliseconds. */
  endTimeoutMs?: number
  /** Stretches the tour: how much longer things take here to break and to be well again than in processes of one machine. */
  slowness?: number
  /** Beside what every contract asks for. */
  options?: Pick<SubstrateOptions, 'clusters'>
  /** Instead of what the topology says of clusters. */
  clusters?: Partial<Topology['clusters']>
  /** Called after every deployment was disposed: throws when something of it is left. */
  nothingLeft?(runDir: string): void | Promise<void>
}

/** A refused primitive for each kind, for substrates that cannot do it. */
const samples: Record<Primitive['kind'], Primitive> = {
  delay: { kind: 'delay', on: [], delayMs: 1, jitterMs: 0 }, throttle: { kind: 'throttle', on: [], bytesPerSecond: 1000 },
  cut: { kind: 'cut', on: [], mode: 'refuse' }, reset: { kind: 'reset', on: [] },
  pause: { kind: 'pause', at: [] }, stop: { kind: 'stop', at: [] }, degrade: { kind: 'degrade', at: [], delayMs: 0, errorRate: 0 },
  skew: { kind: 'skew', at: [{ region: 'eu-west', parts: ['gateway'] }], offsetMs: 1000 },
  isolate: { kind: 'isolate', regions: ['eu-west'] }, kill: { kind: 'kill', at: [{ region: 'eu-west', parts: ['services'] }] },
  evict: { kind: 'evict', at: [{ region: 'eu-west', parts: ['services'] }] }, unready: { kind: 'unready', at: [{ region: 'eu-west', parts: ['services'] }] },
  loss: { kind: 'loss', regions: ['eu-west'], share: 0.2 }, collector: { kind: 'collector', mode: 'refuse' },
}

export function substrateContract(name: string, substrate: Substrate, options: ContractOptions = {}): void {
  const { startTimeoutMs = 20_000, tourTimeoutMs = 120_000, endTimeoutMs = 30_000, slowness = 1 } = options
  const scratch = mkdtempSync(join(tmpdir(), 'regatta-contract-'))
  let topology: Topology
  let config: ConfigDocument[]
  let runs = 0

  const start = async (history: Recording, signal = new AbortController().signal): Promise<{ deployment: Deployment; end(): Promise<void> }> => {
    const runDir = join(scratch, `run-${runs++}`)
    mkdirSync(runDir)
    const deployment = await substrate.start({
      topology, config, seed: 1, runDir, history, signal, tools: options.tools ?? { allowEmbedded: true, allowInstall: false },
      progress: () => {}, options: { gateway: 'reference', collectGarbageEveryMs: 0, ...options.options },
    })
    return {
      deployment,
      async end() {
        await deployment[Symbol.asyncDispose]()
        await deployment[Symbol.asyncDispose]()
        await options.nothingLeft?.(runDir)
      },
    }
  }

  describe(`substrate ${name}`, () => {
    beforeAll(async () => {
      const loaded = await loadTopology('three-regions')
      topology = { ...loaded, clusters: { ...loaded.clusters, ...options.clusters } }
      config = await gatewayConfig(topology)
    })
    afterAll(() => rmSync(scratch, { recursive: true, force: true }))

    describe('capabilities', () => {
      test.for(primitiveKinds)('%s: supported or not, and why', (kind) => {
        const { how, symptom } = substrate.capabilities()[kind]
        expect(how).not.toBe('')
        expect(symptom).not.toBe('')
      })
    })

    itinerary(substrate, start, () => config, { slowness, tourTimeoutMs, endTimeoutMs })
    endings(substrate, start, () => config, startTimeoutMs)
  })
}

type Start = (history: Recording, signal?: AbortSignal) => Promise<{ deployment: Deployment; end(): Promise<void> }>

type Pace = Required<Pick<ContractOptions, 'slowness' | 'tourTimeoutMs' | 'endTimeoutMs'>>

function itinerary(substrate: Substrate, start: Start, config: () => ConfigDocument[], { slowness, tourTimeoutMs, endTimeoutMs }: Pace): void {
  describe('a run through every primitive', () => {
    const tour = tourOf(substrate.capabilities(), slowness)
    const { trials, hidden, reset, firstSlotUs, publishedUs, offered, witnesses } = tour
    const record = new Recording()
    let deployment: Deployment
    let end = async (): Promise<void> => {}

    beforeAll(async () => {
      ({ deployment, end } = await start(record))
      declareTour(deployment, tour, config())
      await deployment.run(tour.tourUs, new AbortController().signal)
    }, tourTimeoutMs)
    afterAll(() => end(), endTimeoutMs)

    /** What the machine turned out not to have says so when it is up. */
    const trying = (name: string, primitive: Primitive, judge: () => void): void => {
      test.skipIf(whyUnsupported(substrate.capabilities(), primitive) !== null)(name, ({ skip }) => {
        const why = whyUnsupported(deployment.capabilities, primitive)
        skip(why !== null, why ?? '')
        judge()
      })
    }

    test('says what runs where, and how long its start took', () => {
      const { tools, stagesMs, entries, clock } = deployment.inventory
      expect(Object.values(tools).every(({ version, origin, reason }) => version !== '' && (origin !== 'embedded' || reason !== undefined))).toBe(true)
      expect(Object.values(stagesMs).every((ms) => ms >= 0)).toBe(true)
      for (const { group } of paths) expect(entries[group]?.length).toBeGreaterThan(0)
      expect(clock.id).not.toBe('')
      expect(clock.uncertaintyUs).toBeGreaterThanOrEqual(0)
    })

    test.for([offered, witnesses])('$name: exactly one row for each scheduled arrival', (load: LoadSpec) => {
      const rows = record.rows.filter(({ source }) => source === load.source)
      const due = new Map(load.streams.flatMap((_, index) => [...arrivalsOf(load, index)].map(({ id, atUs }) => [id, atUs])))
      expect(due.size).toBe(arrivalsOfLoad(load))
      expect(rows.map(({ id, scheduledUs }) => [id, scheduledUs]).sort()).toEqual([...due].sort())
      expect(rows.every(({ startUs, scheduledUs, durationUs }) => startUs >= scheduledUs && durationUs >= 0)).toBe(true)
    })

    test.for(['edge', 'direct', 'list'] as const)('clients who enter by %s are served before anything breaks', (entry) => {
      const rows = record.rows.filter((row) => row.source === 'load' && row.entry === entry && row.scheduledUs < firstSlotUs - seconds / 2)
      expect(rows.length).toBeGreaterThan(2)
      for (const { outcome, status, gateway, region } of rows) {
        expect({ outcome, status }).toEqual({ outcome: 'ok', status: 200 })
        expect(gateway).toBe(entry === 'edge' ? 'frankfurt' : entry === 'direct' ? 'eu-west' : 'us-east')
        expect(topologyRegions).toContain(region)
      }
    })

    test('pinned requests are served where they are pinned to', () => {
      for (const path of paths) {
        const rows = record.witnessed(path, 0, firstSlotUs)
        expect(new Set(rows.filter(({ outcome }) => outcome === 'ok').map(({ region }) => region))).toEqual(new Set([path.region]))
      }
    })

    for (const trial of trials) {
      trying(`${trial.name} bites as it declares, and heals`, trial.primitive, () => {
        expectBite(record, trial, firstSlotUs)
        expectHealed(record, trial, firstSlotUs)
      })
    }

    trying('reset breaks what is under way, once', reset.primitive, () => {
      const atUs = record.told('fault-in-force', reset.name)
      const rows = record.witnessed(reset.path, record.told('fault-asked', reset.name) - seconds / 2, atUs + seconds)
      expect(rows.filter(({ outcome }) => outcome !== 'ok').length).toBeGreaterThan(0)
      expect(rows.filter(({ scheduledUs }) => scheduledUs > atUs + 0.1 * seconds).map(({ outcome }) => outcome)).not.toContain('reset')
      expect(rows.at(-1)?.outcome).toBe('ok')
    })

    for (const { name, path, primitive, lost, found, teller, againUs } of hidden) {
      trying(`${name}: ${teller} tells that it is lost and found, and its region serves on`, primitive, () => {
        const fromUs = record.told('fault-asked', name)
        const told = record.events.filter(({ source, atUs }) => source === teller && atUs > fromUs).map(({ kind }) => kind)
        expect(told).toContain(lost)
        expect(told.slice(told.indexOf(lost))).toContain(found)
        // The next slot breaks something else, and what is out then is lost.
        const rows = record.witnessed(path, fromUs, Math.min(record.told('fault-healed', name), againUs - witnessTimeoutMs * 1000))
        expect(rows.length).toBeGreaterThan(10)
        expect(rows.filter(({ outcome }) => outcome !== 'ok').map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([])
      })
    }

    // The third is published while one control plane is dead and another is paused.
    test.for([2, 3])('revision %i reaches every gateway, and is told as published to every control plane, once', (revision) => {
      const publishedAtUs = revision === 2 ? publishedUs.second : publishedUs.third
      const applied = record.events.filter((event) => event.kind === 'snapshot-applied' && event.revision === revision)
      const gateways = [...paths.map(({ edge }) => `edge/${edge}`), ...paths.map(({ region }) => `gateway/${region}`)]
      expect(new Set(applied.map(({ source }) => source))).toEqual(new Set(gateways))
      expect(Math.min(...applied.map(({ atUs }) => atUs))).toBeGreaterThanOrEqual(publishedAtUs)
      const published = record.events.flatMap((event) => event.kind === 'config-published' && event.revision === revision ? [event.region] : [])
      expect(published.sort()).toEqual([...topologyRegions].sort())
    })

    test('steps are played at their time or after, in the order of their times', () => {
      const marks = record.events.flatMap((event) => event.kind === 'phase' ? [event.phase] : [])
      expect(marks).toEqual(['steady', 'fault', 'recovered'])
      for (const { name, primitive, fromUs, toUs } of [...trials, ...hidden]) {
        if (whyUnsupported(deployment.capabilities, primitive) !== null) continue
        expect(record.told('fault-asked', name)).toBeGreaterThanOrEqual(fromUs)
        expect(record.told('fault-in-force', name)).toBeGreaterThanOrEqual(record.told('fault-asked', name))
        expect(record.told('fault-heal-asked', name)).toBeGreaterThanOrEqual(toUs)
        expect(record.told('fault-healed', name)).toBeGreaterThanOrEqual(record.told('fault-heal-asked', name))
      }
      const asked = record.events.filter(({ kind }) => kind === 'fault-asked' || kind === 'fault-heal-asked').map(({ atUs }) => atUs)
      expect(asked).toEqual([...asked].sort((a, b) => a - b))
    })

    test('every event says where it comes from, and every attempt of a gateway is recorded', () => {
      const known = new Set(['run', ...paths.flatMap(({ edge, region }) =>
        [`edge/${edge}`, `gateway/${region}`, `control-plane/${region}`, `services/${region}`])])
      const sources = new Set(record.events.map(({ source }) => source))
      expect([...sources].filter((source) => !known.has(source) && !source.startsWith('generator/'))).toEqual([])
      for (const { edge, region } of paths) {
        for (const source of [`edge/${edge}`, `gateway/${region}`, `control-plane/${region}`]) expect(sources).toContain(source)
      }
      expect(record.attempts).toBeGreaterThan(record.rows.length / 2)
    })

    test('plays once', async () => {
      await expect(deployment.run(seconds, new AbortController().signal)).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
    })
  })
}

const topologyRegions = paths.map(({ region }) => region)

function expectBite(record: Recording, trial: Trial, firstSlotUs: number): void {
  const { name, path, symptom } = trial
  if (symptom.expect === 'restarted' || symptom.expect === 'out-of-discovery') return expectTold(record, trial)
  const fromUs = record.told('fault-in-force', name) + 50_000
  // A request that is out when the fault ends may yet be answered, so those that could be are left out.
  const toUs = record.told('fault-heal-asked', name) - witnessTimeoutMs * 1000
  const rows = record.witnessed(path, fromUs, toUs)
  const normalMs = medianMs(record.witnessed(path, 0, firstSlotUs))
  const seen = rows.map(({ outcome, durationUs }) => `${outcome} ${Math.round(durationUs / 1000)} ms`).join(', ')
  expect(rows.length, seen).toBeGreaterThan(4)
  switch (symptom.expect) {
    case 'slower': {
      const slower = rows.filter(({ outcome, durationUs }) => outcome !== 'ok' || durationUs / 1000 >= normalMs + symptom.byMs!)
      if (symptom.share === undefined) expect(medianMs(rows), `normal ${normalMs} ms; ${seen}`).toBeGreaterThanOrEqual(normalMs + symptom.byMs!)
      else expect(slower.length / rows.length, `normal ${normalMs} ms; ${seen}`).toBeGreaterThanOrEqual(symptom.share)
      return
    }
    case 'errors':
      expect(rows.filter(({ status }) => status >= 500).length / rows.length, seen).toBeGreaterThanOrEqual(symptom.share!)
      return
    case 'silent':
    case 'broken':
      expect(rows.filter(({ outcome }) => outcome === 'ok').length, seen).toBe(0)
      return
    default:
      throw new Error(`the suite does not know how to see ${symptom.expect}`)
  }
}

/** What may be over before a witness has looked often enough is told by processes. */
function expectTold(record: Recording, { name, path: { region }, primitive, symptom }: Trial): void {
  const [fromUs, toUs] = [record.told('fault-asked', name), record.told('fault-healed', name)]
  if (symptom.expect === 'out-of-discovery') {
    const told = record.events.filter(({ source, atUs }) => source === `control-plane/${region}` && atUs >= fromUs && atUs <= toUs).map(({ kind }) => kind)
    expect(told).toContain('endpoints-changed')
    return
  }
  for (const part of 'at' in primitive ? primitive.at.flatMap((place) => 'parts' in place ? place.parts : []) : []) {
    expect(record.restarted(`${part}/${region}`, fromUs, toUs)).toEqual({ ended: true, ready: true })
  }
}

function expectHealed(record: Recording, { name, path, againUs, symptom }: Trial, firstSlotUs: number): void {
  const rows = record.witnessed(path, record.told('fault-healed', name), againUs).slice(-3)
  const seen = rows.map(({ outcome, durationUs }) => `${outcome} ${Math.round(durationUs / 1000)} ms`).join(', ')
  expect(rows.map(({ outcome }) => outcome), seen).toEqual(['ok', 'ok', 'ok'])
  if (symptom.expect === 'slower') expect(medianMs(rows), seen).toBeLessThan(medianMs(record.witnessed(path, 0, firstSlotUs)) + symptom.byMs!)
}

function endings(substrate: Substrate, start: Start, config: () => ConfigDocument[], timeoutMs: number): void {
  describe('endings', () => {
    const cutAtEurope: Primitive = { kind: 'cut', on: [{ from: 'edge:frankfurt', to: 'region:eu-west' }], mode: 'refuse' }
    const load = (toUs: number): LoadSpec => ({ ...offeredUntil(toUs), streams: [streamOf('europe', { ratePerSecond: 20 })] })

    test('a change that is no valid configuration rejects the run, and nobody applies it', async () => {
      const record = new Recording()
      const { deployment, end } = await start(record)
      const bad = { ...config().find(({ kind }) => kind === 'HTTPRoute')!, spec: { rules: 'nonsense' } }
      deployment.drive(load(2 * seconds))
      deployment.at(0.5 * seconds, { kind: 'publish', change: { revision: 2, put: [bad], remove: [] } })
      await expect(deployment.run(2 * seconds, new AbortController().signal)).rejects.toMatchObject({ code: expect.stringMatching(/^RGT_/) as string })
      await deployment.heal()
      await deployment.heal()
      await expect.poll(() => record.events.map(({ kind }) => kind)).toContain('config-refused')
      await end()
      expect(record.events.filter((event) => event.kind === 'snapshot-applied' && event.revision > 1)).toEqual([])
      expect(record.rows.every(({ outcome }) => outcome === 'ok')).toBe(true)
    }, timeoutMs)

    test('an abort in the middle rejects with its reason, and healing and disposing still work', async () => {
      const record = new Recording()
      const { deployment, end } = await start(record)
      const controller = new AbortController()
      const reason = new Error('enough')
      deployment.drive(load(600 * seconds))
      deployment.at(0.1 * seconds, { kind: 'apply', fault: 'cut', index: 0, primitive: cutAtEurope })
      deployment.at(500 * seconds, { kind: 'heal', fault: 'cut', index: 0, primitive: cutAtEurope })
      // In virtual time 600 s may pass before the abort is heard, so it is asked for from inside the history.
      record.event = (event) => {
        record.events.push(event)
        if (event.kind === 'fault-in-force') controller.abort(reason)
      }
      await expect(deployment.run(600 * seconds, controller.signal)).rejects.toBe(reason)
      await deployment.heal()
      await end()
      await expect(deployment.run(seconds, new AbortController().signal)).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
    }, timeoutMs)

    test('a start that was aborted before it began starts nothing', async () => {
      const reason = new Error('too late')
      await expect(start(new Recording(), AbortSignal.abort(reason))).rejects.toBe(reason)
    }, timeoutMs)

    for (const kind of primitiveKinds.filter((one) => !substrate.capabilities()[one].supported)) {
      test(`${kind} is not supported (${substrate.capabilities()[kind].how}): asking for it rejects the run`, async () => {
        const { deployment, end } = await start(new Recording())
        deployment.at(0, { kind: 'apply', fault: kind, index: 0, primitive: samples[kind] })
        await expect(deployment.run(seconds, new AbortController().signal)).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
        await end()
      }, timeoutMs)
    }
  })
}
