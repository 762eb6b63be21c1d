// What reports say of tracing, in a page, on a terminal and in Markdown.

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRun } from '../scenarios/read-run.ts'
import type { TracingFigures } from '../scenarios/verdict.ts'
import type { HistoryEvent } from '../topologies/history.ts'
import { readHistory } from '../topologies/history/read.ts'
import { linesOf } from './html/events.ts'
import { writeFixtureRun } from './html/fixture.case.ts'
import { html } from './html/html.ts'
import { markdown } from './markdown.ts'
import type { ReportInput } from './report.ts'
import { printVerdict } from './terminal.ts'
import { nasty, tracingCase, verdictCase } from './verdict.case.ts'

let dir = ''
let input: ReportInput
beforeAll(async () => {
  dir = await writeFixtureRun()
  input = { run: await readRun(dir), verdict: JSON.parse(readFileSync(join(dir, 'verdict.json'), 'utf8')), history: readHistory(dir) }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** The section alone, its markup taken off. */
function section(tracing: TracingFigures | undefined, events: readonly HistoryEvent[] = []): string {
  const page = html({ ...input, verdict: { ...input.verdict, tracing }, history: { ...input.history, events: [...input.history.events, ...events] } })
  return (/<section id="tracing">.*?<\/section>/s.exec(page)?.[0] ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

describe('the page', () => {
  it('of a run without tracing has no such section, nor a way to it', () => {
    expect(section(undefined)).toBe('')
    expect(html(input)).not.toContain('#tracing')
  })

  it('says what each variant cost, with its interval and how many rounds agree', () => {
    const text = section(tracingCase())
    expect(html({ ...input, verdict: { ...input.verdict, tracing: tracingCase() } })).toContain('<a href="#tracing">')
    expect(text).toMatch(/retroactive.*53(\.0)? %.*36(\.0)? % to 73(\.0)? % over 24 rounds/)
    expect(text).toMatch(/always-on.*100(\.0)? %/)
    expect(text).toMatch(/off 318 µs 0 %/)
  })

  it('says that nothing can be compared where one configuration was in force', () => {
    const [, on] = tracingCase().variants
    expect(section(tracingCase({ variants: [{ ...on, variant: '', overhead: null, bytes: null, cpuUsPerRequest: null }] }))).toContain('one configuration was in force all the time')
  })

  it('says how many traces were kept, and why', () => {
    const text = section(tracingCase())
    expect(text).toMatch(/variant requests traces policy error failover spans broken lost to a fault/)
    expect(text).toMatch(/retroactive 2,000 30 20 7 3 4,000 0 0/)
  })

  it('shows a request that failed over, each span below the one that caused it', () => {
    const text = section(tracingCase())
    const places = ['GET shop/catalog/0: 200 +0', 'attempt 1 to eu-west: cancelled', 'attempt 2 to us-east: 200', 'gateway/us-east GET shop/catalog/0: 200'].map((words) => text.indexOf(words))
    expect(places.every((place) => place > 0)).toBe(true)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(text).toContain('4 spans in 310 ms, kept by failover')
    expect(section(tracingCase({ example: null }))).toContain('None: no trace that was kept went to more than one region')
  })

  it('draws rates that an anomaly raised, each change with its cause', () => {
    expect(section(tracingCase())).toContain('No gateway told of a rate.')
    const zeroUs = input.history.events.find(({ kind }) => kind === 'fault-asked')!.atUs
    const rates = ([[-3, 0.02, 'budget', ''], [0.6, 0.08, 'anomaly', 'errors'], [4, 0.05, 'decay', ''], [9, 0.02, 'baseline', '']] as const).map(([afterS, probability, cause, anomaly]) =>
      ({ atUs: zeroUs + afterS * 1e6, source: 'edge/frankfurt', kind: 'sampling-rate' as const, key: { tenant: 'shop', route: 'shop/catalog/0', protocol: 'http1' }, probability, cause, anomaly }))
    const text = section(tracingCase(), rates)
    expect(text).toContain('Sampling rates through the anomaly')
    expect(text).toMatch(/edge\/frankfurt shop\/catalog\/0 \+0\.60 s 8 % anomaly: errors/)
    expect(section(tracingCase(), rates.slice(0, 1))).toContain('1 changes to keep a budget; none was raised')
  })

  it('keeps hostile names as text, and nothing unsaid becomes a number', () => {
    const tracing = tracingCase()
    for (const variant of tracing.variants) variant.variant += nasty
    for (const span of tracing.example!.spans) Object.assign(span, { process: nasty, name: nasty, target: nasty, outcome: nasty, kept: nasty })
    for (const rate of tracing.rates) Object.assign(rate, { gateway: nasty, route: nasty, anomaly: nasty })
    const page = html({ ...input, verdict: { ...input.verdict, tracing } })
    expect(page).not.toContain('<img')
    expect(section(tracing)).not.toMatch(/NaN|undefined|\bnull\b/)
  })

  it('is drawn though spans make a circle or point at themselves', () => {
    const [first, second, ...rest] = tracingCase().example!.spans
    const loop = [{ ...first, parentSpanId: first.spanId }, { ...second, parentSpanId: rest[0].spanId }, { ...rest[0], parentSpanId: second.spanId }]
    expect(section(tracingCase({ example: { requestId: 'r', traceId: 't', spans: loop } }))).toContain('3 spans')
  })
})

describe('events', () => {
  it('tell of alerts and rates in words, and leave samples to charts', () => {
    const [edge, plane] = ['edge/frankfurt', 'control-plane/us-east']
    const alert = {
      rule: 'failover-storm', kind: 'failover-storm', policy: 'shop/shop', severity: 'page' as const, state: 'firing' as const, labels: {}, value: 2, bound: 2, unit: '', gateways: [],
      summary: '2 gateways turned away from region eu-west',
    }
    expect(linesOf([
      { atUs: 1, source: plane, kind: 'alert', alert },
      { atUs: 2, source: edge, kind: 'sampling-rate', key: { tenant: 'shop', route: 'shop/catalog/0', protocol: 'http1' }, probability: 0.08, cause: 'anomaly', anomaly: 'errors' },
      { atUs: 3, source: 'collector', kind: 'collector', senders: {}, refused: 0 },
    ]).map(({ category, text }) => [category, text])).toEqual([
      ['alert', 'failover-storm firing (page, shop/shop): 2 gateways turned away from region eu-west'], ['gateway', 'sampling rate of shop/catalog/0 is 8 % (anomaly: errors)'],
    ])
  })
})

describe('words', () => {
  it('on a terminal are a line a variant', () => {
    const lines = printVerdict(verdictCase({ tracing: tracingCase() }), null, false).split('\n')
    const from = lines.findIndex((line) => line.startsWith('tracing: processor time'))
    expect(lines.slice(from + 1, from + 4)).toEqual([
      '  off           318 µs (0 %)  0 B (0 %)  0 traces, 0 broken',
      '  always-on     411 µs (100 %)  500 B (100 %)  2,000 traces (2,000 policy), 0 broken',
      '  retroactive   367 µs (53 %, 36 % to 73 %)  5.5 B (1.1 %)  30 traces (20 policy, 7 error, 3 failover), 0 broken',
    ])
    expect(printVerdict(verdictCase(), null, false)).not.toContain('tracing:')
  })

  it('in Markdown are a table, whatever a variant is called', () => {
    const tracing = tracingCase()
    tracing.variants[0].variant = 'a|b\n| c'
    const rows = markdown(verdictCase({ tracing }), 'x').split('\n').filter((line) => line.startsWith('| ') && line.includes('traces'))
    expect(rows).toHaveLength(3)
    for (const row of rows) expect(row.replaceAll('\\|', '').match(/\|/g)).toHaveLength(5)
    expect(markdown(verdictCase(), 'x')).not.toContain('**Tracing**')
  })
})
