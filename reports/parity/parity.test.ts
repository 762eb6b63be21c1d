// The terminal and the page say the same as the document, whatever names it holds.

import { describe, expect, it } from 'vitest'
import { paritySchema } from '../../scenarios/parity/document.ts'
import { nasty } from '../verdict.case.ts'
import { parityPage } from './page.ts'
import { parityCase } from './report.case.ts'
import { printParity } from './terminal.ts'
import { agreementTones } from './words.ts'

// oxlint-disable-next-line no-control-regex
const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '')
const report = parityCase()

describe('the document', () => {
  it('follows its schema', () => expect(paritySchema.safeParse(report).error).toBeUndefined())

  it('of the case holds each kind of answer, so that reports are tried on all of them', () => {
    const found = new Set(report.comparisons.flatMap(({ figures }) => figures.map(({ agreement }) => agreement)))
    expect([...found].sort()).toEqual(['both-below-resolution', 'inside', 'one-sided', 'outside', 'undecided', 'within-resolution'].sort())
    expect(Object.keys(agreementTones)).toEqual(expect.arrayContaining([...found]))
  })
})

describe('the terminal', () => {
  const text = plain(printParity(report))

  it('gives every figure with its interval, the reasons, and one sentence', () => {
    expect(text).toMatch(/failover time.*1\.\d+ s.*1\.\d+ s.*0\.9\d \(0\.\d\d to \d\.\d\d\).*inside/)
    expect(text).toContain('both below 10 ms')
    expect(text).toMatch(/why: failover_time: simulated .*outside 0\.8 to 1\.25/)
    expect(text).toContain('not compared: local has 6 of 10 runs (in 4 the machine or the load generator had no room)')
    expect(text).toContain('calibrated on this scenario, so it proves nothing')
    expect(text).toMatch(/FAIL {2}2 of 5 scenarios are inside the bounds; outside: patient-counting; cannot be told: patient-detection, region-brownout\./)
  })
})

describe('the page', () => {
  it('draws a row a figure, each with the band, and a mark where there is an interval', () => {
    const html = parityPage(report)
    const figures = report.comparisons.flatMap((comparison) => comparison.figures)
    const intervals = figures.filter(({ ratio }) => ratio !== null).length
    const phases = report.comparisons.filter(({ splits }) => splits.length > 0).length * 3
    // And once more at the top: failover time and the widest split of each scenario that was compared.
    const promises = figures.filter(({ role }) => role === 'promise')
    const compared = report.comparisons.filter(({ refused }) => refused === null).length
    expect(html.match(/class="band"/g)).toHaveLength(figures.length + phases + promises.length + compared)
    expect(html.match(/class="dot"/g)).toHaveLength(intervals + phases + promises.filter(({ ratio }) => ratio !== null).length + compared)
    // 2.6 times as long lies beyond the scale: it is held at its edge and marked as going on.
    expect(html).toContain('class="whisker before"')
  })

  it('places 1 in the middle and the bounds equally far from it', () => {
    const [, low, width] = /class="band" style="left:([\d.]+)%;width:([\d.]+)%"/.exec(parityPage(report))!.map(Number)
    expect(low + width / 2).toBeCloseTo(50, 1)
    expect(low).toBeCloseTo(50 + 50 * Math.log2(0.8), 1)
  })

  it('runs nothing and holds names as text', () => {
    const html = parityPage(parityCase({ command: nasty, summary: nasty, substrates: [nasty, 'local'] }))
    expect(html).not.toContain('<img')
    expect(html).not.toContain('<script')
    expect(plain(printParity(parityCase({ summary: nasty })))).not.toContain('\u001b')
  })
})
