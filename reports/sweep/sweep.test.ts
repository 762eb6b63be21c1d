// The reports of a sweep as text: every cell where it belongs, safe settings in sentences, and no name that becomes
// markup, a formula or a broken table.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { axisWith } from '../../scenarios/sweep/load-sweep.ts'
import { readSweep } from '../../scenarios/sweep/result.schema.ts'
import type { SweepResult } from '../../scenarios/sweep/result.ts'
import { resultWith, smallSweep, trial } from '../../scenarios/sweep/sweep.case.ts'
import { nasty } from '../verdict.case.ts'
import { csv } from './csv.ts'
import { ejectionTone, timeBins, timeTone } from './heat.ts'
import { writeSweep } from './index.ts'
import { markdown } from './markdown.ts'
import { page } from './page.ts'
import { slicesOf } from './slices.ts'
import { printSweep } from './terminal.ts'
import { failoverText, headlineOf, safeRanges, worstText } from './words.ts'

const dir = mkdtempSync(join(tmpdir(), 'regatta-sweep-report-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** At 5/s with 250 ms it never recovers; everything else takes interval + 100 ms, one seed 50 ms more. */
const result = resultWith(smallSweep(), ([rate, interval], seed) => trial({
  seed, failover: rate === 5 && interval === 250 ? { notRecovered: true, detectMs: null } : { valueMs: interval + 50 * (seed + 1) },
}))
const spoilt: SweepResult = {
  ...result, name: nasty, description: nasty, scenario: nasty, topology: nasty, command: nasty, fixed: [{ axis: nasty, value: nasty }],
  axes: result.axes.map((axis) => ({ ...axis, description: nasty })), cells: result.cells.map((cell) => ({ ...cell, why: nasty, trials: [trial({ error: { code: 'RGT_X', message: nasty } })] })),
}

describe('maps', () => {
  it('have the first axis across, the second down, and one map for each combination of the others', () => {
    const four = smallSweep({ axes: [axisWith('rate', [5, 20, 100]), axisWith('probe-interval', [100, 250]), axisWith('regions', [2, 3]), axisWith('probe-misses', [1, 2])] })
    const slices = slicesOf(resultWith(four, () => trial()))
    expect(slices.map(({ title }) => title)).toEqual(['regions 2, probe-misses 1', 'regions 2, probe-misses 2', 'regions 3, probe-misses 1', 'regions 3, probe-misses 2'])
    for (const { rows } of slices) expect(rows.map(({ label, cells }) => [label, cells.map(({ settings }) => settings.rate)])).toEqual([['100ms', ['5', '20', '100']], ['250ms', ['5', '20', '100']]])
    expect(slices[1].rows[1].cells[2].settings).toEqual({ rate: '100', 'probe-interval': '250ms', regions: '2', 'probe-misses': '2' })
  })
  it('of one axis are one row', () => {
    const slices = slicesOf(resultWith(smallSweep({ axes: [axisWith('rate', [5, 20])] }), () => trial()))
    expect(slices).toHaveLength(1)
    expect(slices[0]).toMatchObject({ title: '', down: null, rows: [{ label: '' }] })
  })
  it('have a class for every time, in the order of the legend', () => {
    const tones = timeBins(5000, 'x').map(({ tone }) => tone)
    expect(tones).toEqual(['t0', 't1', 't2', 't3', 't4', 'over', 'never', 'none'])
    expect([0, 249, 250, 1999, 2000, 4999, 5000].map((ms) => timeTone(1, ms, 5000))).toEqual(['t0', 't0', 't1', 't3', 't4', 't4', 'over'])
    expect([timeTone(1, null, 5000), timeTone(0, null, 5000), timeTone(1, 400, 300)]).toEqual(['never', 'none', 'over'])
    expect(timeBins(300, 'x').map(({ label }) => label).slice(0, 3)).toEqual(['under 250 ms', '250 ms to 300 ms', '300 ms or more'])
    const [cell] = result.cells
    expect([0, 2, 10, 40, 400].map((total) => ejectionTone({ ...cell, falseEjections: { total, worst: total } }))).toEqual(['e0', 'e1', 'e2', 'e3', 'e4'])
  })
})

describe('words', () => {
  it('tell a time, its worst, and what has no end', () => {
    const never = result.cells[1]
    expect([failoverText(never), worstText(never)]).toEqual(['never', ''])
    expect([failoverText(result.cells[0]), worstText(result.cells[0])]).toEqual(['250 ms', ''])
    const half = resultWith(smallSweep({ seeds: [1, 2, 3] }), (_, seed) => trial({ failover: { notRecovered: seed === 3, belowResolution: seed < 3 } })).cells[0]
    expect([failoverText(half), worstText(half)]).toEqual(['< 10 ms', '1 of 3 never'])
  })
  it('say where settings are safe', () => {
    expect(headlineOf(result)).toBe('5 of 6 cells are safe: steady before the fault, failover below 5 s, no false ejection, in every run; 1 is not.')
    expect(safeRanges(result)).toEqual([
      { settings: ['100ms'], where: 'everywhere', safe: 3, of: 3 }, { settings: ['250ms'], where: 'from 20/s up', safe: 2, of: 3 },
    ])
    const safeAt = (...rates: number[]): string[] => safeRanges(resultWith(smallSweep({ axes: [axisWith('rate', [1, 2, 3, 4])] }), ([rate]) =>
      trial({ falseEjections: rates.includes(rate) ? 0 : 1 }))).map(({ where }) => where)
    expect([safeAt(), safeAt(1, 2), safeAt(2, 3), safeAt(1, 3), safeAt(4), safeAt(1, 2, 3, 4)].flat())
      .toEqual(['nowhere', 'up to 2/s', 'from 2/s to 3/s', 'at 1/s and 3/s only', 'at 4/s only', 'everywhere'])
  })
})

describe('reports', () => {
  it('the terminal shows every cell, and no control character of a name', () => {
    const text = printSweep(result, { json: '/x/sweep.json' }, false)
    expect(text).toContain('never')
    expect(text).toContain('probe-interval 250ms  from 20/s up (2 of 3)')
    // oxlint-disable-next-line no-control-regex
    expect(printSweep(spoilt, {}, false)).not.toMatch(/[\u0000\u001b\r\t]/)
  })
  it('comma-separated values have a line a cell, and as many fields as heads', () => {
    const lines = csv(result).split('\r\n')
    expect(lines).toHaveLength(8)
    expect(lines[0]).toMatch(/^rate,probe-interval,safety,runs,/)
    expect(lines[1]).toBe('5,100ms,safe,2,2,0,250,250,10,150,0,0,0,0,0,')
    expect(lines[2]).toBe('5,250ms,unsafe,2,2,2,,,10,,2,0,0,0,0,not recovered in 2 of 2 runs')
    expect(csv({ ...result, cells: [{ ...result.cells[0], why: '=1+"1",' }] })).toContain(`,"'=1+""1"",",`.slice(0, -1))
  })
  it('Markdown keeps its tables whole', () => {
    const rows = markdown(spoilt).split('\n').filter((line) => line.startsWith('|'))
    expect(rows.length).toBe(4 + 4)
    for (const row of rows.slice(0, 4)) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5)
    // The command stands in a fence, where everything is text.
    expect(markdown(spoilt).split('```')[0]).not.toMatch(/(?<!\\)<img/)
  })
  it('the page shows every map, needs no script and lets none in', () => {
    const text = page(result)
    expect(text.match(/<figure/g)).toHaveLength(3)
    expect(text.match(/<td class="never unsafe"/g)).toHaveLength(2)
    expect(text).not.toContain('<script')
    expect(text).toContain("default-src 'none'; style-src 'unsafe-inline'")
    const hostile = page(spoilt)
    expect(hostile).not.toMatch(/<img|<\/script>/)
    expect(page(spoilt)).toBe(hostile)
  })
  it('all come from sweep.json, which reads back', () => {
    const written = writeSweep(dir, result)
    expect(readSweep(dir)).toEqual(result)
    expect(readFileSync(written.html, 'utf8')).toBe(page(readSweep(dir)))
    expect(() => readSweep(join(dir, 'nowhere'))).toThrowError(expect.objectContaining({ code: 'RGT_SWEEP_FOLDER' }))
  })
})
