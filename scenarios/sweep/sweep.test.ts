// The sweep without a run: what axes change, which cells a grid has, what makes a cell safe, and that neither the
// number of workers nor the order in which runs end shows in the result.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { federate } from '../../gateway/config/federate.ts'
import { fromObjects } from '../../gateway/config/document.ts'
import type { HealthSettings } from '../../gateway/snapshot/snapshot.ts'
import { homeRegion } from '../faults/paths.ts'
import { plan } from '../plan.ts'
import { axes, axisOf } from './axes.ts'
import { cellsOf, checkedSubject, subjectOf } from './grid.ts'
import { axisWith, catalogSweeps, loadSweep, readAxisValue } from './load-sweep.ts'
import { playSweep, prepareSweep } from './play-sweep.ts'
import { sweepResultSchema } from './result.schema.ts'
import type { SweepResult } from './result.ts'
import { documentsOf, loadSubject, type Subject } from './subject.ts'
import { summariseCell } from './summarise.ts'
import { resultWith, smallSweep, trial } from './sweep.case.ts'
import type { Trial, TrialJob } from './trial.ts'

let hang: Subject
beforeAll(async () => { hang = await loadSubject('regional-hang', {}) })

const healthOf = (subject: Subject): HealthSettings => federate(fromObjects(documentsOf(subject), 'test')).health

/** Valid and other than the default, by unit; exceptions by name. */
const odd: Record<string, number> = { duration: 777, count: 7, share: 0.7, rate: 77, factor: 3, regions: 2 }

describe('axes', () => {
  it.each(axes.filter(({ name }) => !['regions', 'rtt-factor', 'rate', 'max-attempts'].includes(name)))('$name changes one health setting and nothing else', (axis) => {
    const before = healthOf(hang)
    const altered = axis.apply(hang, odd[axis.unit])
    const after = healthOf(altered)
    const flat = (health: HealthSettings): [string, unknown][] => Object.entries(health).flatMap(([section, value]): [string, unknown][] =>
      typeof value === 'object' ? Object.entries(value).map(([field, inner]): [string, unknown] => [`${section}.${field}`, inner]) : [[section, value]])
    const changed = flat(after).filter(([path, value], at) => flat(before)[at][0] !== path || flat(before)[at][1] !== value)
    expect(changed.map(([, value]) => value)).toEqual([odd[axis.unit]])
    expect(altered.scenario.loads).toEqual(hang.scenario.loads)
  })

  it('leave what they are given as it was, and stand over the scenario\'s own policy', async () => {
    const short = await loadSubject('regional-hang', { fast: true })
    const text = JSON.stringify(short)
    const altered = axisOf('probe-interval').apply(short, 50)
    expect(JSON.stringify(short)).toBe(text)
    expect(healthOf(altered)).toMatchObject({ probe: { intervalMs: 50 }, recovery: { minMs: 1000, rampMs: 2000 } })
  })

  it('max-attempts reaches every route', () => {
    const altered = axisOf('max-attempts').apply(hang, 1)
    const { routes } = federate(fromObjects(documentsOf(altered), 'test'))
    expect(routes.length).toBeGreaterThan(2)
    expect(new Set(routes.map(({ failover }) => failover.maxAttempts))).toEqual(new Set([1]))
  })

  it('rate is what all clients offer in the fault, what measures included', () => {
    fc.assert(fc.property(fc.double({ min: 1, max: 5000, noNaN: true }), (rate) => {
      const { scenario, topology } = axisOf('rate').apply(hang, rate)
      const { loads, phases } = plan(scenario, topology, 1)
      const { fromUs } = phases.find(({ phase }) => phase === 'fault')!
      const offered = loads.filter((load) => load.fromUs <= fromUs && fromUs < load.toUs)
        .flatMap((load) => load.streams).reduce((sum, stream) => sum + stream.ratePerSecond, 0)
      expect(offered).toBeCloseTo(rate, 6)
      const measuring = loads.filter(({ source }) => source === 'prober' || source === 'witness').flatMap((load) => load.streams)
      expect(measuring.reduce((sum, stream) => sum + stream.ratePerSecond, 0)).toBeLessThanOrEqual(rate / 2 + 1e-9)
    }))
  })

  it('regions keeps what the fault names and leaves nothing that points at one that is gone', () => {
    const { scenario, topology } = axisOf('regions').apply(hang, 2)
    expect(topology.regions.map(({ name }) => name)).toEqual(['eu-west', 'us-east'])
    expect(JSON.stringify({ ...topology, description: '', clients: [], edges: [] })).not.toContain('ap-south')
    expect(topology.edges.find(({ name }) => name === 'mumbai')?.home).toBe('eu-west')
    expect(Object.keys(scenario.thresholds).filter((expression) => expression.includes('ap-south'))).toEqual([])
    expect(Object.keys(scenario.thresholds).some((expression) => expression.includes('us-east'))).toBe(true)
    for (const group of topology.clients) expect(['eu-west', 'us-east']).toContain(homeRegion(topology, group))
    expect(() => axisOf('regions').apply(hang, 4)).toThrowError(expect.objectContaining({ code: 'RGT_SWEEP_AXIS' }))
    expect(() => axisOf('regions').apply(hang, 0)).toThrowError(expect.objectContaining({ code: 'RGT_SWEEP_AXIS' }))
  })

  it('are applied in one order, however they are written', () => {
    const settings = [readAxisValue('rate', '20'), readAxisValue('regions', '2'), readAxisValue('probe-interval', '1s')]
    const text = JSON.stringify(subjectOf(hang, [], settings))
    expect(JSON.stringify(subjectOf(hang, [], settings.toReversed()))).toBe(text)
    expect(JSON.stringify(subjectOf(hang, settings, [readAxisValue('rate', '20')]))).toBe(text)
  })

  it('are told from strangers, and so are values that they cannot take', () => {
    expect(() => axisOf('probe-intervall')).toThrowError(expect.objectContaining({ details: expect.objectContaining({ hint: 'did you mean `probe-interval`?' }) }))
    for (const [name, text] of [['rate', 'many'], ['rate', '0'], ['probe-interval', '250'], ['regions', '2.5'], ['panic-share', '2'], ['consecutive-5xx', '']]) {
      expect(() => readAxisValue(name, text), `${name}=${text}`).toThrowError(expect.objectContaining({ code: 'RGT_SWEEP_AXIS' }))
    }
    expect(readAxisValue('probe-interval', '1m30s').value).toBe(90_000)
    expect(() => checkedSubject(hang, [], [readAxisValue('probe-misses', '0')])).toThrowError(expect.objectContaining({
      code: 'RGT_SWEEP_AXIS', message: 'no run can be had with probe-misses 0',
    }))
  })
})

describe('the grid', () => {
  it('has every combination once, the last axis fastest', () => {
    const cells = cellsOf(smallSweep())
    expect(cells.map(({ at }) => at.join(' '))).toEqual(['0 0', '0 1', '1 0', '1 1', '2 0', '2 1'])
    expect(cells[3].settings).toEqual([{ axis: 'rate', value: 20 }, { axis: 'probe-interval', value: 250 }])
  })
  it('has its values in order and once, and a bound', () => {
    expect(axisWith('rate', [20, 5, 20]).values).toEqual([5, 20])
    const seeds = Array.from({ length: 20_000 }, (_, seed) => seed)
    expect(() => cellsOf(smallSweep({ seeds }))).toThrowError(expect.objectContaining({ code: 'RGT_SWEEP_GRID' }))
  })
})

describe('a cell', () => {
  const [cell] = cellsOf(smallSweep())
  const of = (...trials: Trial[]): ReturnType<typeof summariseCell> => summariseCell(cell, trials, 3, 1000)
  const good = trial()

  it('is safe when every run recovered in time and nothing was ejected falsely', () => {
    expect(of(good, trial({ failover: { valueMs: 900 } }), trial({ failover: { valueMs: 500 } }))).toMatchObject({
      safety: 'safe', why: '', failover: { medianMs: 500, worstMs: 900, notRecovered: 0 }, detect: { medianMs: 150 },
    })
  })
  it.each([
    ['a run that did not recover', trial({ failover: { notRecovered: true, detectMs: null } }), 'not recovered in 1 of 3 runs'],
    ['a run that took as long as the objective', trial({ failover: { valueMs: 1000 } }), 'failover 1 s, not below 1 s'],
    ['a false ejection', trial({ falseEjections: 1 }), '1 false ejection'],
    ['a false ejection in a run that may not be believed', trial({ falseEjections: 2, doubts: ['fault-bit x'] }), '2 false ejections'],
    ['a run that was not steady before the fault', trial({ doubts: ['steady-state before: http_req_failed rate<0.01: …'] }), 'not steady before the fault in 1 of 3 runs'],
  ])('is unsafe by %s', (_what, bad, why) => {
    expect(of(good, bad, good)).toMatchObject({ safety: 'unsafe', why })
  })
  it.each([
    ['a run that may not be believed', [good, good, trial({ doubts: ['fault-bit: it did not bite'] })], 'fault-bit: it did not bite'],
    ['a run that is not there yet', [good, good], '2 of 3 runs played'],
    ['no run at all', [], 'not played'],
    ['nothing to measure', [good, good, trial({ failover: null })], 'failover could not be measured'],
  ])('is unknown with %s', (_what, trials, why) => {
    expect(of(...trials)).toMatchObject({ safety: 'unknown', why })
  })
  it('takes times from believed runs only, and no end for the longest', () => {
    const never = trial({ failover: { notRecovered: true, detectMs: null } })
    expect(of(never, trial({ doubts: ['x'], failover: { valueMs: 1 } }), good)).toMatchObject({
      believed: 2, failover: { measured: 2, medianMs: null, worstMs: null, notRecovered: 1 }, detect: { medianMs: null, never: 1 },
    })
  })
})

describe('playing a sweep', () => {
  const sweep = smallSweep()
  const rateOf = ({ scenario }: TrialJob): number => Math.round(scenario.loads[0].ratePerSecond)
  const outcome = (job: TrialJob): Trial => trial({ seed: job.seed, failover: { valueMs: rateOf(job) + job.seed } })

  async function played(workers: number, play: (job: TrialJob) => Promise<Trial>, signal = new AbortController().signal): Promise<SweepResult> {
    return playSweep({ sweep, subject: hang, play, workers, workDir: 'nowhere', keep: false, signal, command: 'regatta sweep small' }, prepareSweep(sweep, hang))
  }

  it('gives the same bytes with any number of workers, whatever ends first', async () => {
    const plain = JSON.stringify(await played(1, async (job) => outcome(job)))
    let turn = 0
    const mixed = async (job: TrialJob): Promise<Trial> => {
      for (let left = (turn++ * 7) % 5; left > 0; left--) await Promise.resolve()
      return outcome(job)
    }
    for (const workers of [2, 5, 40]) expect(JSON.stringify(await played(workers, mixed))).toBe(plain)
    expect(JSON.parse(plain).counts).toMatchObject({ cells: 6, runs: 12, runsAsked: 12, runsFailed: 0 })
  })

  it('never plays more runs at a time than there are workers, each in a folder of its own', async () => {
    const dirs = new Set<string>()
    let now = 0
    let most = 0
    await played(3, async (job) => {
      dirs.add(job.runDir)
      most = Math.max(most, ++now)
      await new Promise((resolve) => setImmediate(resolve))
      now--
      return outcome(job)
    })
    expect(most).toBe(3)
    expect(dirs.size).toBe(12)
  })

  it('keeps what is done when it is interrupted, and says so', async () => {
    const abort = new AbortController()
    let count = 0
    const result = await played(1, async (job) => {
      if (++count === 6) {
        abort.abort(new Error('interrupted'))
        throw new Error('interrupted')
      }
      return outcome(job)
    }, abort.signal)
    expect(result).toMatchObject({ ended: 'interrupted', counts: { runs: 5, runsAsked: 12, runsFailed: 0, safe: 2, unknown: 4 } })
    expect(result.cells[2]).toMatchObject({ why: '1 of 2 runs played' })
  })

  it('a run that cannot be played makes its cell unknown and ends nothing else', async () => {
    const result = await played(2, async (job) => {
      if (rateOf(job) < 4 && job.seed === 2) throw new Error('broken')
      return outcome(job)
    })
    expect(result.counts).toMatchObject({ runs: 12, runsFailed: 2, safe: 4, unknown: 2 })
    expect(result.cells[0]).toMatchObject({ safety: 'unknown', why: expect.stringContaining('RGT_WORKER_JOB') })
  })
})

describe('files', () => {
  it('every shipped sweep reads, explains itself, and can be played throughout', async () => {
    const entries = catalogSweeps()
    expect(entries.map(({ name }) => name)).toEqual(['counter-reset', 'detection'])
    for (const { file, description } of entries) {
      expect(description.length).toBeGreaterThan(200)
      const sweep = loadSweep(file)
      const { cells } = prepareSweep(sweep, await loadSubject(sweep.scenario, { fast: sweep.fast }))
      expect(cells.length).toBeGreaterThan(10)
    }
  })
  it('results fit their schema', () => {
    const result = resultWith(smallSweep(), ([rate], seed) => (rate === 100 && seed === 2 ? null : trial({ seed, failover: rate === 5 ? null : {} })))
    expect(sweepResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
  })
})
