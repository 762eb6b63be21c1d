// In whatever order and grouping reports of gateways are merged, the result is the same, and nothing is lost.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedMetrics } from './index.ts'
import { addSeries, foldReports, labelKey, mergeSeries, mergeSeriesLists, type SeriesMap } from './merge.ts'
import type { RedSeries, TelemetryReport } from './report.ts'

const request = fc.record({
  route: fc.constantFrom('shop/a/0', 'shop/b/0', ''),
  region: fc.constantFrom('eu', 'us'),
  outcome: fc.constantFrom('ok' as const, 'server-error' as const, 'capacity' as const),
  durationUs: fc.integer({ min: 0, max: 50_000_000 }),
  traceId: fc.constantFrom('', '', 'a1', 'b2', 'c3'),
  atUs: fc.nat(3),
})

/** What one gateway reports. */
const drained = fc.array(request, { maxLength: 40 }).map((requests) => {
  let nowUs = 0
  const red = createRedMetrics({ nowUs: () => nowUs })
  for (const { route, region, outcome, durationUs, traceId, atUs } of requests) {
    nowUs = atUs
    red.route(route, 'shop', 'http1', []).record(region, outcome, durationUs, 1, 2, traceId, null)
  }
  return red.drain(9).series
})

test('merging lists of series is associative and commutative', () => {
  fc.assert(fc.property(drained, drained, drained, (a, b, c) => {
    expect(mergeSeriesLists([a, b])).toEqual(mergeSeriesLists([b, a]))
    const whole = mergeSeriesLists([a, b, c])
    expect(mergeSeriesLists([mergeSeriesLists([a, b]), c])).toEqual(whole)
    expect(mergeSeriesLists([a, mergeSeriesLists([b, c])])).toEqual(whole)
    const count = (series: readonly RedSeries[]): number => series.flatMap(({ outcomes }) => Object.values(outcomes)).reduce((x, y) => x + y, 0)
    expect(count(whole)).toBe(count([...a, ...b, ...c]))
    expect(whole.reduce((sum, { durations }) => sum + durations.count, 0)).toBe(count(whole))
  }))
})

test('merging does not change what is merged', () => {
  fc.assert(fc.property(drained, drained, (a, b) => {
    const before = structuredClone([a, b])
    const held: SeriesMap = new Map()
    for (const series of [...a, ...b]) addSeries(held, series)
    expect([a, b]).toEqual(before)
  }))
})

test('the order in which labels are written does not tell series apart, values do', () => {
  const base = { route: 'r', tenant: 't', region: 'eu', protocol: 'http1' }
  expect(labelKey({ ...base, a: '1', b: '2' })).toBe(labelKey({ b: '2', a: '1', protocol: 'http1', region: 'eu', tenant: 't', route: 'r' }))
  expect(labelKey({ ...base, a: '1' })).not.toBe(labelKey({ ...base, b: '1' }))
})

test('outcomes that are named as members of objects are counted as any other', () => {
  const of = (outcomes: Record<string, number>): RedSeries => ({ ...blank.series[0], outcomes })
  expect(Object.entries(mergeSeries(of({ ok: 1 }), of({ constructor: 2, ok: 1 })).outcomes)).toEqual([['ok', 2], ['constructor', 2]])
})

const blank: TelemetryReport = {
  gateway: 'edge', sequence: 1, fromUs: 0, toUs: 1, refusedClients: [], sampling: [], regions: [], certificates: [],
  series: [{
    labels: { route: 'r', tenant: 't', region: 'eu', protocol: 'http1' }, outcomes: { ok: 1 }, retries: 0, hedges: 0,
    durations: { scale: 20, count: 1, sum: 4, min: 4, max: 4, zeroCount: 0, offset: 2 ** 21 - 1, counts: [1] }, exemplars: [],
  }],
}

test('reports of one process fold into one: sums for what happened, the latest for what is so', () => {
  const report = (sequence: number, clients: [string, number][], spans: number, raised: boolean): TelemetryReport => ({
    ...blank, sequence, fromUs: sequence, toUs: sequence + 1,
    refusedClients: clients.map(([client, count]) => ({ client, count })),
    sampling: [{ policy: 'shop/all', budget: 100, spans, raised }, { policy: `only/${sequence}`, budget: 1, spans: 1, raised: false }],
    regions: sequence === 3 ? [] : [{ region: 'us', state: 'draining' }],
    certificates: [{ name: `of ${sequence}`, notAfterMs: sequence }],
  })
  const [one, two, three] = [report(1, [['x', 1], ['y', 1]], 7, true), report(2, [['y', 5]], 8, false), report(3, [], 9, false)]
  const folded = foldReports(foldReports(one, two), three)
  expect(folded).toEqual(foldReports(one, foldReports(two, three)))
  expect(folded).toMatchObject({
    sequence: 3, folded: 3, fromUs: 1, toUs: 4, series: [{ outcomes: { ok: 3 }, durations: { count: 3, sum: 12 } }],
    refusedClients: [{ client: 'y', count: 6 }, { client: 'x', count: 1 }], regions: [], certificates: [{ name: 'of 3' }],
  })
  expect(folded.sampling[0]).toEqual({ policy: 'shop/all', budget: 100, spans: 24, raised: true })
})
