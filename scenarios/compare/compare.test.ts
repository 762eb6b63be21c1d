// What is told apart and what is not, on made-up runs whose truth is known.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apartByDifference, apartByRatio } from './apart.ts'
import { compareVariants, lastOfRounds, refuseUnlike, summarise, variantName } from './compare.ts'
import type { Figure, Variant } from './document.ts'
import { playedCase, variantCase, variantRunCase } from './variant-run.case.ts'
import type { VariantRun } from './variant-run.ts'
import { differenceWords, failoverValues, ratioWords } from './words.ts'

const compared = (...others: Parameters<typeof playedCase>): Variant[] => compareVariants(playedCase(...others), ['europe', 'america'])
const figure = (variant: Variant, name: Figure['name'], phase: string | null = null): Figure => variant.figures.find((one) => one.name === name && one.phase === phase)!
const times = fc.array(fc.double({ min: 1, max: 1e4, noNaN: true }), { minLength: 2, maxLength: 5 })

describe('telling apart', () => {
  it('never finds the control apart from the first, which it is', () => {
    fc.assert(fc.property(times, times, (first, control) => {
      expect(apartByRatio({ subject: control, first, control }).told).toBe('not-apart')
      expect(apartByDifference({ subject: control, first, control }).told).toBe('not-apart')
    }), { numRuns: 15 })
  })

  it('never finds the first apart from itself', () => {
    fc.assert(fc.property(times, times, (first, control) => {
      expect(apartByRatio({ subject: first, first, control }).told).toBe('not-apart')
    }), { numRuns: 15 })
  })

  it('seldom finds a third run of the same apart, and nearly always what is twice as slow', () => {
    const trials = 40
    let [false_, found] = [0, 0]
    for (let seed = 0; seed < trials; seed++) {
      const [first, control, third] = [0, 1, 2].map((at) => variantCase({ seed: 3 * seed + at, spread: 0.2, rounds: 3 }).runs.map(({ failover }) => failover!.ms))
      if (apartByRatio({ subject: third, first, control }).told !== 'not-apart') false_++
      if (apartByRatio({ subject: third.map((ms) => 2 * ms), first, control }).told === 'more') found++
    }
    // Three against three lie wholly apart by chance once in ten, and then still within the control's reach mostly.
    expect(false_).toBeLessThanOrEqual(trials / 10)
    // Of ±20 % twice is apart (1.6 to 2.4 against 0.8 to 1.2), and beyond the control (at most 1.5) unless medians fall badly.
    expect(found).toBeGreaterThanOrEqual(trials * 0.8)
  })

  it('does not count what the control shows too', () => {
    const three = { subject: [150, 152, 151], first: [100, 101, 102] }
    expect(apartByRatio({ ...three, control: [100, 103, 99] }).told).toBe('more')
    expect(apartByRatio({ ...three, control: [160, 150, 158] })).toMatchObject({ told: 'not-apart' })
    expect(apartByRatio({ ...three, control: [65, 60, 66] })).toMatchObject({ told: 'not-apart' })
  })

  it('says how many runs are missing', () => {
    expect(apartByRatio({ subject: [1], first: [1, 2], control: [1, 2] })).toEqual({ told: 'not-compared', why: 'this variant has 1 of at least 2 values' })
    expect(apartByRatio({ subject: [1, 2], first: [1, 2], control: [] })).toMatchObject({ told: 'not-compared', why: 'the control has 0 of at least 2 values' })
  })

  it('is said with its interval', () => {
    const control = [10, 10, 10]
    expect(ratioWords(apartByRatio({ subject: [18, 16, 21], first: [10, 10, 10], control }))).toBe('slower by 1.8 x (1.6 to 2.1)')
    expect(ratioWords(apartByRatio({ subject: [5, 5, 4], first: [10, 10, 10], control }))).toBe('faster by 2 x (2 to 2.5)')
    expect(ratioWords(apartByRatio({ subject: [10, 11, 9], first: [10, 10, 10], control }))).toBe('not told apart: 1 x (0.9 to 1.1), the control goes to 1 x')
    expect(differenceWords(apartByDifference({ subject: [12, 14, 10], first: [0, 0, 0], control: [0, 0, 0] }))).toBe('12 more (10 to 14)')
    expect(differenceWords(apartByDifference({ subject: [0, 0, 0], first: [3, 3, 3], control: [3, 3, 3] }))).toBe('3 fewer (3 to 3)')
  })
})

describe('variants', () => {
  it('that are twice as slow in the fault are told apart there and nowhere else', () => {
    const [first, control, slow] = compared(variantCase({ mesh: 'consul:stock', seed: 13, factor: 2 }))
    expect([first, control, slow].map(({ name }) => name)).toEqual(['none', 'none (again)', 'consul:stock'])
    expect(first.figures.every(({ difference }) => difference === null)).toBe(true)
    expect(new Set(control.figures.map(({ difference }) => difference!.told))).toEqual(new Set(['not-apart']))
    expect(figure(slow, 'failover_time').difference).toMatchObject({ told: 'more', words: expect.stringMatching(/^slower by (1\.9|2)/) as unknown })
    expect(slow.figures.filter(({ difference }) => difference!.told !== 'not-apart').map(({ name, phase, group }) => [name, phase, group]))
      .toEqual([['failover_time', null, null], ['latency_p50', 'fault', 'europe'], ['latency_p95', 'fault', 'europe']])
    expect(slow).toMatchObject({ failoverOwner: 'mesh', verdicts: { pass: 3 }, counts: { counted: 3 }, upMs: 2_100, tools: { toxiproxy: '2.12.0' } })
  })

  it('that share the gateway are called after the mesh, and so on', () => {
    const key = (mesh: string, gateway: string): { mesh: string; gateway: string } => ({ mesh, gateway })
    expect(variantName(key('none', 'envoy'), [key('none', 'reference'), key('none', 'envoy')])).toBe('envoy')
    expect(variantName(key('none', 'envoy'), [key('none', 'reference'), key('consul', 'envoy')])).toBe('none with envoy')
  })

  it('that never came up are shown with their error, and the others are compared', () => {
    const error = { code: 'RGT_MESH', message: 'consul did not answer', hint: 'look into its log' }
    const gone = variantCase({ mesh: 'consul', seed: 13, change: { verdict: 'inconclusive', exitCode: 4, error, failover: null, probes: null, eligibleFailed: null, latencyByGroup: { steady: {}, fault: {} }, decisionMs: null, doubts: ['ended failed: RGT_MESH'], upMs: null } })
    const [, control, failed, good] = compared(gone, variantCase({ mesh: 'consul:tuned', seed: 14 }))
    expect(failed).toMatchObject({ counts: { counted: 0, failed: 3, crowded: 0, doubted: 0 }, verdicts: { pass: 0, fail: 0, inconclusive: 0 }, upMs: null })
    expect(failed.runs[0].error).toEqual({ code: 'RGT_MESH', message: 'consul did not answer', details: ['hint: look into its log'] })
    expect(new Set(failed.figures.map(({ difference }) => difference!.told))).toEqual(new Set(['not-compared']))
    expect(new Set([...control.figures, ...good.figures].map(({ difference }) => difference!.told))).toEqual(new Set(['not-apart']))
    expect(summarise(compared(gone))).toBe('Met every objective in every round: none; never came up: consul; no failover time could be compared.')
  })
})

describe('failover', () => {
  const bounded = (kind: 'below-resolution' | 'not-recovered', ms: number): Partial<VariantRun> => ({ failover: { kind, ms } })
  const told = (change: Partial<VariantRun>, theirs: Partial<VariantRun> = {}): Figure['difference'] => {
    const runs = [variantCase({ seed: 1, change: theirs }), variantCase({ seed: 2, again: true, change: theirs }), variantCase({ seed: 3, mesh: 'consul', change })]
    return figure(compareVariants(runs, [])[2], 'failover_time').difference
  }

  it('below the resolution on both sides is not told apart', () => {
    expect(told(bounded('below-resolution', 10), bounded('below-resolution', 11))).toMatchObject({ told: 'not-apart', words: 'not told apart: both below 10 ms, no request was bad' })
  })
  it('that is a bound on one side says at least', () => {
    expect(told(bounded('below-resolution', 10))).toMatchObject({ told: 'less', words: expect.stringMatching(/^faster by at least (19|20|21)/) as unknown })
    expect(told({}, bounded('below-resolution', 10))).toMatchObject({ told: 'more', words: expect.stringMatching(/^slower by at least/) as unknown })
  })
  it('that never ends is no factor', () => {
    expect(told(bounded('not-recovered', 4_000))).toMatchObject({ told: 'more', words: 'does not recover before healing' })
    expect(told({}, bounded('not-recovered', 4_000))).toMatchObject({ told: 'less', words: 'recovers, where the first does not' })
    expect(told(bounded('not-recovered', 4_000), bounded('not-recovered', 4_000))?.words).toBe('not told apart: not recovered in 3 of 3 runs, the first in 3 of 3, its control in 3 of 3')
  })
  it('closer than probes can tell is not told apart, whatever its ratio', () => {
    const at = (ms: number): Partial<VariantRun> => ({ failover: { kind: 'measured', ms }, resolutionMs: 10 })
    expect(told(at(12), at(18))?.told).toBe('not-apart')
    expect(told(at(12), at(28))?.told).toBe('less')
  })
  it('is listed with bounds apart from values', () => {
    expect(failoverValues([{ kind: 'below-resolution', ms: 10 }, { kind: 'measured', ms: 608.7 }, { kind: 'below-resolution', ms: 10 }, { kind: 'not-recovered', ms: 4_000 }, null]))
      .toBe('2 x < 10 ms, 608.7 ms, not recovered, not measured')
  })
})

describe('runs', () => {
  it('that were repeated count by their last, and what had no room does not count', () => {
    const crowded = variantRunCase({ round: 2, crowded: true, doubts: ['machine-room: 95 %'], verdict: 'inconclusive', exitCode: 2, failover: { kind: 'measured', ms: 9_000 } })
    const first = variantCase({ seed: 11 })
    first.runs = [first.runs[0], crowded, { ...first.runs[1], repeat: 1 }, first.runs[2]]
    expect(lastOfRounds(first.runs).map(({ round, repeat, exitCode }) => [round, repeat, exitCode])).toEqual([[1, 0, 0], [2, 1, 0], [3, 0, 0]])
    const [variant] = compareVariants([first, variantCase({ seed: 12, again: true })], [])
    expect(variant).toMatchObject({ counts: { counted: 3, crowded: 1 }, verdicts: { pass: 3, inconclusive: 0 } })
    expect(figure(variant, 'failover_time').max).toBeLessThan(300)
  })

  it('of different machines, substrates or drills are refused', () => {
    const record = { id: 'a', machine: { os: 'linux', arch: 'x64', cpuModel: 'x', cpus: 2, memoryBytes: 1 }, substrate: 'local', plan: { scenario: { name: 's' }, topology: { name: 't' } } } as unknown as Parameters<typeof refuseUnlike>[0][number]
    expect(() => refuseUnlike([record, { ...record, id: 'b' }])).not.toThrow()
    expect(() => refuseUnlike([record, { ...record, id: 'b', machine: { ...record.machine, cpus: 4 } }]))
      .toThrow(expect.objectContaining({ code: 'RGT_COMPARE_RUNS', message: 'runs of different machines are not compared' }))
    expect(() => refuseUnlike([record, { ...record, id: 'b', substrate: 'kind' }])).toThrow('different substrates')
  })
})
