// Reports of a search: each says what was found, how to see it again, and what was not watched; markup in names is text.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { SearchResult } from '../../scenarios/search/result.ts'
import { readSearches } from '../../scenarios/search/read-results.ts'
import { writeSearch } from './index.ts'
import { markdown } from './markdown.ts'
import { page } from './page.ts'
import { printSearch } from './terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'search-report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const found: SearchResult = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'Search', shards: [{ index: 0, of: 1 }], ended: 'complete',
  asked: { scenario: 'regional-outage', form: 'short', topology: 'three-regions', gateway: 'reference', plant: [], seed: 1, runs: 100, keepGoing: true },
  runs: 100, requests: 700_000, events: 5_000_000, virtualUs: 1_650_000_000, traces: '00000000000000ff',
  violations: [{ invariant: 'residency', runs: 12, seeds: [3, 5] }],
  findings: [{
    invariant: 'residency', seed: 3, text: 'sent <b>personal</b> data | to us-east', atUs: 7_000_000, drawn: 6, faults: 1, loadShare: 0.5, replays: 40, minimal: true, traceHash: '01',
    method: [{ name: 'generated-1', kind: 'regional-outage', atUs: 0, forUs: 100_000, parameters: { region: 'eu-west', scope: 'all' } }],
    file: 'regional-outage-residency-3.yaml', content: 'kind: Scenario\n',
  }],
  watched: { residency: 'stays where it is allowed' }, unwatched: { sampling: 'nothing is sampled yet' }, limits: ['planted defect: x'], took: { wallMs: 61_000, workers: 2 },
}
const clean: SearchResult = { ...found, violations: [], findings: [], limits: [] }

describe.each([
  ['terminal', (result: SearchResult) => printSearch(result, {}, {}, false)], ['markdown', markdown], ['page', page],
] as const)('%s', (kind, render) => {
  it('tells the finding and how to see it again', () => {
    const text = render(found)
    expect(text).toContain('residency')
    expect(text).toContain('regional-outage at 0s for 100ms')
    expect(text.replaceAll('&#39;', "'")).toContain('regatta run regional-outage-residency-3.yaml --on simulated --seed 3')
    expect(text).toMatch(/6 faults shrunk to 1, at 50 % of the load in 40 replays/)
    expect(text).toContain('nothing is sampled yet')
    expect(text).toContain('planted defect')
    if (kind !== 'terminal') expect(text).not.toContain('<b>personal')
  })
  it('tells that nothing was found', () => {
    expect(render(clean)).toMatch(/No invariant was broken in 100 runs\./)
  })
})

it('the folder holds the result, its reports and each finding, and reads back', () => {
  const { files, reports } = writeSearch(folder, found)
  expect(readFileSync(files['regional-outage-residency-3.yaml'], 'utf8')).toBe('kind: Scenario\n')
  expect(Object.keys(reports)).toEqual(['html', 'markdown', 'result'])
  expect(readSearches(folder)).toEqual([found])
  expect(() => readSearches(reports.html)).toThrow(expect.objectContaining({ code: 'RGT_SEARCH_RESULT' }))
})
