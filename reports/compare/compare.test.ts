// The terminal and the page say the same as the document, whatever names it holds.

import { describe, expect, it } from 'vitest'
import { comparisonSchema } from '../../scenarios/compare/document.ts'
import { nasty } from '../verdict.case.ts'
import { comparisonPage } from './page.ts'
import { comparisonCase } from './report.case.ts'
import { printComparison } from './terminal.ts'
import { endOf, failoverWords, verdictCounts } from './words.ts'

// oxlint-disable-next-line no-control-regex
const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '')
const document = comparisonCase()
const [none, again, consul, tuned, stock, istio] = document.variants

it('the document follows its schema, and its case holds each kind of answer', () => {
  expect(comparisonSchema.safeParse(document).error).toBeUndefined()
  expect([...new Set(document.variants.flatMap(({ figures }) => figures.map(({ difference }) => difference?.told ?? 'first')))].sort())
    .toEqual(['first', 'less', 'more', 'not-apart', 'not-compared'])
})

it('bounds of failover are said apart from values', () => {
  expect([consul, stock, istio].map(failoverWords)).toEqual(['3 x < 10 ms', '3 x not recovered', '–'])
  expect(failoverWords(none)).toMatch(/^\d+ ms \(\d+ ms to \d+ ms\)$/)
  expect([none, tuned, stock, istio].map(verdictCounts)).toEqual(['3 pass', '3 pass', '3 fail', '3 failed to run'])
})

it.each([[0, 'PASS'], [1, 'FAIL'], [2, 'INCONCLUSIVE'], [4, 'NOT ALL CAME UP'], [130, 'INTERRUPTED']])('exit code %i reads %s', (exitCode, word) => {
  expect(endOf({ exitCode }).word).toBe(word)
})

describe('the terminal', () => {
  const text = plain(printComparison(document))
  it('gives each variant a row, and what differs from the first with its interval', () => {
    expect(text).toMatch(/consul:tuned +│ mesh +│ 3 pass +│ \d+ ms \(\d+ ms to \d+ ms\)/)
    expect(text).toMatch(/consul:tuned against none.*\n {2}failover time: slower by 2\.\d+ x \(2\.\d+ to 2\.\d+\)/)
    expect(text).toContain('failover time: does not recover before healing')
    expect(text).toMatch(/none \(again\) against none: 14 figures not told apart$/m)
  })
  it('tells why runs were left out, and each error once with its hint', () => {
    expect(text).toContain('consul:tuned, left out: 1 without room on the machine\n  - machine-room: fault: processor use 88 %')
    expect(text.match(/RGT_MESH: istio: istiod did not become ready/g)).toHaveLength(1)
    expect(text).toContain('hint: look into its log')
    expect(text).toContain('NOT ALL CAME UP  Met every objective in every round: none, consul, consul:tuned; never came up: istio; failover against none:')
  })
})

describe('the page', () => {
  const html = comparisonPage(document)
  it('draws a dot for each run with a failover time, hollow where it does not count', () => {
    const runs = document.variants.flatMap((variant) => variant.runs).filter(({ failover }) => failover !== null)
    expect(html.match(/class="run"/g)).toHaveLength(runs.length)
    expect(html.match(/class="hollow"/g)).toHaveLength(1)
    // Where all that counts was measured: the first, its control, and the tuned mesh.
    expect(html.match(/class="median"/g)).toHaveLength(3)
  })
  it('names every folder, version and error', () => {
    for (const { folder } of [...again.runs, ...tuned.runs]) expect(html).toContain(folder)
    for (const said of ['consul 1.19.2', 'RGT_MESH: istio: istiod did not become ready', 'hint: look into its log', 'mesh 10.7 s']) expect(html).toContain(said)
  })
  it('runs nothing and holds names as text', () => {
    const bad = comparisonCase({ scenario: nasty, summary: nasty, command: nasty, variants: document.variants.map((variant) => ({ ...variant, name: nasty, figures: variant.figures.map((one) => ({ ...one, group: one.group === null ? null : nasty })) })) })
    expect(comparisonPage(bad)).not.toMatch(/<img|<script/)
    expect(plain(printComparison(bad))).not.toContain('\u001b')
  })
})
