// What counts as parity, what does not, and what is refused.

import { describe, expect, it } from 'vitest'
import { compareSides, overallParity } from './compare.ts'
import { paritySchema, type Comparison } from './document.ts'
import { runsCase } from './run-figures.case.ts'
import type { RunFigures } from './run-figures.ts'

const compare = (simulated: RunFigures[], local: RunFigures[], runsAsked = 10, calibratedOn = false): Comparison => compareSides({
  scenario: 'patient-detection', subject: { substrate: 'simulated', runs: simulated }, reference: { substrate: 'local', runs: local }, runsAsked, calibratedOn,
})
const figure = ({ figures }: Comparison, name: string) => figures.find((one) => one.name === name)!

describe('failover time', () => {
  it('alike on both sides is parity, and needs no reasons', () => {
    const comparison = compare(runsCase('simulated'), runsCase('local'))
    expect(comparison.verdict).toBe('pass')
    expect(figure(comparison, 'failover_time').agreement).toBe('inside')
    expect(comparison.reasons).toEqual([])
  })

  it('40 % longer is none, and the reasons say in which stage it arises', () => {
    const local = runsCase('local', { factor: 1.4, change: { detectMs: 900 } })
    const comparison = compare(runsCase('simulated'), local)
    expect(comparison.verdict).toBe('fail')
    expect(figure(comparison, 'failover_time').agreement).toBe('outside')
    expect(figure(comparison, 'detect').agreement).toBe('inside')
    expect(comparison.reasons.join('\n')).toMatch(/failover_time: simulated 1\.\d+ s, local 2\.\d+ s; ratio 0\.7\d? .*outside 0\.8 to 1\.25/)
    expect(comparison.reasons.join('\n')).toMatch(/−\d+(\.\d+)? ms between the medians.*before detection.*after it/)
  })

  it('whose interval crosses a bound cannot be told, and how many runs would do is said', () => {
    const comparison = compare(runsCase('simulated', { spread: 0.5, count: 5 }), runsCase('local', { spread: 0.5, count: 5, factor: 1.1 }), 5)
    expect(figure(comparison, 'failover_time').agreement).toBe('undecided')
    expect(comparison.verdict).toBe('inconclusive')
    expect(comparison.reasons.join('\n')).toMatch(/too wide to tell: (about \d+ runs a side|the ratio itself)/)
  })

  it('below the resolution on both sides is agreement, and stages are compared all the same', () => {
    const change: Partial<RunFigures> = { failover: { kind: 'below-resolution', ms: 10 }, detectMs: 160 }
    const comparison = compare(runsCase('simulated', { change }), runsCase('local', { change: { ...change, detectMs: 240 } }))
    expect(figure(comparison, 'failover_time')).toMatchObject({ agreement: 'both-below-resolution', ratio: null, words: 'both below 10 ms: no request was bad on either side' })
    expect(figure(comparison, 'detect').agreement).toBe('outside')
    expect(comparison.verdict).toBe('pass')
    expect(comparison.reasons.join('\n')).toContain('detect: simulated 160 ms, local 240 ms')
  })

  it('of one side that never recovers is a difference', () => {
    const comparison = compare(runsCase('simulated'), runsCase('local', { change: { failover: { kind: 'not-recovered', ms: 6_000 } } }))
    expect(figure(comparison, 'failover_time').agreement).toBe('one-sided')
    expect(comparison.verdict).toBe('fail')
  })

  it('stages closer than the probes can tell are no difference, whatever their ratio', () => {
    const comparison = compare(runsCase('simulated', { change: { detectMs: 6 } }), runsCase('local', { change: { detectMs: 12 } }))
    expect(figure(comparison, 'detect')).toMatchObject({ agreement: 'within-resolution', ratio: { value: 0.5 } })
    expect(comparison.reasons).toEqual([])
  })

  it('that no scenario without an affected group has leaves the traffic to decide', () => {
    const change: Partial<RunFigures> = { failover: null, detectMs: null, drainMs: null, latencyMs: null }
    const comparison = compare(runsCase('simulated', { change }), runsCase('local', { change }))
    expect(comparison.figures).toEqual([])
    expect(comparison.verdict).toBe('pass')
  })
})

describe('traffic', () => {
  const shifted = (points: number): Partial<RunFigures> => ({
    shares: { ...runsCase('x', { count: 1 })[0].shares, fault: { 'eu-west': 0.01, 'us-east': 0.74 - points / 100, 'ap-south': 0.25 + points / 100 } },
  })

  it('2 points apart is inside, 4 points is not, and the widest is named', () => {
    expect(compare(runsCase('simulated', { change: shifted(2) }), runsCase('local')).verdict).toBe('pass')
    const comparison = compare(runsCase('simulated', { change: shifted(4) }), runsCase('local'))
    expect(comparison.verdict).toBe('fail')
    expect(comparison.widestSplit).toMatchObject({ phase: 'fault', agreement: 'outside' })
    expect(Math.abs(comparison.widestSplit!.points.value)).toBeCloseTo(4)
    expect(comparison.reasons.join('\n')).toMatch(/traffic to (us-east|ap-south) in phase fault: .*outside ±3 points/)
  })
})

describe('refusals', () => {
  const crowded = { doubts: ['machine-room: fault: processor use 88 %'], crowded: true }

  it('too few runs that may be believed are not compared, and are counted by reason', () => {
    const local = [...runsCase('local', { count: 8 }), ...runsCase('local', { count: 3, change: crowded }), ...runsCase('local', { count: 1, change: { doubts: ['fault-bit: no change'] } })]
    const comparison = compare(runsCase('simulated'), local)
    expect(comparison).toMatchObject({ verdict: 'inconclusive', figures: [], reference: { believed: 8, crowded: 3, doubted: 1 } })
    expect(comparison.refused).toBe('not compared: local has 8 of 10 runs (in 3 the machine or the load generator had no room, 1 may not be believed for another reason)')
  })

  it('runs that had no room are left out when there are enough without them', () => {
    const comparison = compare(runsCase('simulated'), [...runsCase('local'), ...runsCase('local', { count: 2, change: { ...crowded, failover: { kind: 'measured', ms: 9_000 } } })])
    expect(comparison).toMatchObject({ verdict: 'pass', reference: { believed: 10, crowded: 2 } })
  })
})

describe('the whole', () => {
  const good = compare(runsCase('simulated'), runsCase('local'))
  const bad = compare(runsCase('simulated'), runsCase('local', { factor: 2 }))
  const open = compare([], runsCase('local'))

  it('is no better than its worst part', () => {
    expect(overallParity([good])).toMatchObject({ verdict: 'pass', exitCode: 0 })
    expect(overallParity([good, open])).toMatchObject({ verdict: 'inconclusive', exitCode: 2 })
    expect(overallParity([good, bad, open])).toMatchObject({ verdict: 'fail', exitCode: 1 })
    expect(overallParity([])).toMatchObject({ verdict: 'inconclusive' })
  })

  it('does not count what was calibrated on', () => {
    const own = compare(runsCase('simulated'), runsCase('local'), 10, true)
    expect(overallParity([own])).toMatchObject({ verdict: 'inconclusive' })
    expect(overallParity([good, { ...bad, calibratedOn: true }])).toMatchObject({ verdict: 'pass' })
  })

  it('follows its schema', () => {
    const { comparisons } = paritySchema.shape
    expect(comparisons.safeParse([good, bad, open]).error).toBeUndefined()
  })
})
