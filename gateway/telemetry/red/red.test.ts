// Whatever is sampled, whatever overflows: counts by outcome are the requests.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestOutcomes, type RequestOutcome } from '../metrics.ts'
import { HeavyHitters } from './heavy-hitters.ts'
import { createRedMetrics } from './index.ts'
import { mergeSeriesLists } from './merge.ts'
import type { CustomMetric, RedMetrics } from './red.ts'
import type { RedSeries } from './report.ts'

const customer: CustomMetric = { label: 'customer', from: { kind: 'request-header', name: 'x-customer' }, maxValues: 3 }

const requests = fc.array(fc.record({
  route: fc.constantFrom('shop/a/0', 'shop/b/0'),
  region: fc.constantFrom('', 'eu', 'us'),
  outcome: fc.constantFrom(...requestOutcomes),
  durationUs: fc.integer({ min: 0, max: 10_000_000 }),
  retries: fc.nat(2),
  kept: fc.boolean(),
  customer: fc.integer({ min: 0, max: 8 }).map((number) => `c${number}`),
  drain: fc.boolean(),
}), { maxLength: 120 })

interface Request { route: string; region: string; outcome: RequestOutcome; durationUs: number; retries: number; kept: boolean; customer: string }

function record(red: RedMetrics, request: Request, custom: readonly CustomMetric[]): void {
  const { route, region, outcome, durationUs, retries, kept } = request
  red.route(route, 'shop', 'http1', custom).record(region, outcome, durationUs, retries, 0, kept ? 'a'.repeat(32) : '', custom.length === 0 ? null : [request.customer])
}

/** `route region outcome` → requests, and all durations and retries. */
function sums(series: readonly RedSeries[], by: 'route' | 'all' = 'route') {
  const outcomes: Record<string, number> = {}
  for (const { labels, outcomes: counts } of series) {
    for (const [outcome, count] of Object.entries(counts)) {
      const key = by === 'route' ? `${labels.route} ${labels.region} ${outcome}` : outcome
      outcomes[key] = (outcomes[key] ?? 0) + count
    }
  }
  const total = (of: (one: RedSeries) => number): number => series.reduce((sum, one) => sum + of(one), 0)
  return { outcomes, retries: total((one) => one.retries), count: total((one) => one.durations.count), sum: total((one) => one.durations.sum) }
}

function truth(all: readonly Request[], by: 'route' | 'all' = 'route'): ReturnType<typeof sums> {
  const outcomes: Record<string, number> = {}
  for (const { route, region, outcome } of all) {
    const key = by === 'route' ? `${route} ${region} ${outcome}` : outcome
    outcomes[key] = (outcomes[key] ?? 0) + 1
  }
  return { outcomes, retries: all.reduce((sum, { retries }) => sum + retries, 0), count: all.length, sum: all.reduce((sum, { durationUs }) => sum + durationUs, 0) }
}

test.each([['no custom metric', []], ['a custom metric with more values than it may have', [customer]]])(
  'with %s, reports and totals hold every request by route, region and outcome', (_what, custom) => {
    fc.assert(fc.property(requests, (all) => {
      const red = createRedMetrics({ nowUs: () => 7, maxIdle: Infinity })
      const drained: RedSeries[][] = []
      for (const request of all) {
        record(red, request, custom)
        if (request.drain) drained.push(red.drain(7).series)
      }
      expect(sums(red.totals())).toEqual(truth(all))
      drained.push(red.drain(7).series)
      expect(sums(drained.flat())).toEqual(truth(all))
      expect(sums(mergeSeriesLists(drained))).toEqual(truth(all))
      expect(mergeSeriesLists(drained)).toEqual(mergeSeriesLists([red.totals()]))
    }))
  },
)

test('a gateway has no more series than its limit, and still counts all', () => {
  fc.assert(fc.property(requests, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), (all, maxSeries, maxIdle) => {
    const red = createRedMetrics({ nowUs: () => 7, maxSeries, maxIdle })
    const drained: RedSeries[] = []
    for (const request of all) {
      record(red, request, [customer])
      expect(red.totals().length).toBeLessThanOrEqual(maxSeries)
      if (request.drain) drained.push(...red.drain(7).series)
    }
    drained.push(...red.drain(7).series)
    expect(sums(drained, 'all')).toEqual(truth(all, 'all'))
  }))
})

test('values beyond those of a custom metric share the overflow of their route, and get series of their own when there is room again', () => {
  const red = createRedMetrics({ nowUs: () => 7, maxIdle: 2 })
  const route = red.route('shop/a/0', 'shop', 'http1', [{ ...customer, maxValues: 2 }])
  const customers = () => red.drain(7).series.map(({ labels, outcomes }) => [labels.customer ?? `overflow=${labels.overflow}`, outcomes.ok])
  for (const value of ['a', 'b', 'c', 'd', 'c']) route.record('eu', 'ok', 5, 0, 0, '', [value])
  expect(customers()).toEqual([['a', 1], ['b', 1], ['overflow=true', 3]])
  expect(red.totals().at(-1)!.labels).toEqual({ route: 'shop/a/0', tenant: 'shop', protocol: 'http1', region: 'eu', overflow: 'true' })
  expect([customers(), customers()]).toEqual([[], []])
  expect(red.totals()).toEqual([])
  route.record('eu', 'ok', 5, 0, 0, '', ['c'])
  expect(customers()).toEqual([['c', 1]])
})

test('the route of a later snapshot counts into the same series', () => {
  const red = createRedMetrics({ nowUs: () => 7 })
  const before = red.route('shop/a/0', 'shop', 'http1', [])
  before.record('eu', 'ok', 5, 1, 2, '', null)
  red.route('shop/a/0', 'shop', 'http1', []).record('eu', 'ok', 5, 0, 0, '', null)
  before.record('eu', 'aborted', 5, 0, 0, '', null)
  expect(red.totals()).toMatchObject([{ outcomes: { ok: 2, aborted: 1 }, retries: 1, hedges: 2 }])
})

test('exemplars are the latest kept trace of each octave', () => {
  let nowUs = 0
  const red = createRedMetrics({ nowUs: () => ++nowUs })
  const route = red.route('shop/a/0', 'shop', 'http1', [])
  for (const [traceId, us] of [['one', 1500], ['', 1700], ['two', 1800], ['far', 90_000]] as const) route.record('eu', 'ok', us, 0, 0, traceId, null)
  const { exemplars } = red.drain(9).series[0]
  expect(exemplars).toEqual([{ traceId: 'two', valueUs: 1800, atUs: 3 }, { traceId: 'far', valueUs: 90_000, atUs: 4 }])
  expect(red.drain(9).series).toEqual([])
  expect(red.totals()[0].exemplars).toEqual(exemplars)
})

test('refused clients: whoever causes more than one in capacity is told, nobody with more than was his', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.nat(3), fc.nat(60)), { maxLength: 300 }), fc.integer({ min: 1, max: 12 }), (clients, capacity) => {
    const hitters = new HeavyHitters(capacity)
    const truly = new Map<string, number>()
    for (const client of clients) {
      hitters.add(String(client))
      truly.set(String(client), (truly.get(String(client)) ?? 0) + 1)
    }
    const found = new Map(hitters.take(capacity).map(({ name, count }) => [name, count]))
    expect(found.size).toBeLessThanOrEqual(capacity)
    for (const [name, count] of found) expect(count >= 1 && count <= truly.get(name)!).toBe(true)
    for (const [name, count] of truly) if (count > clients.length / capacity) expect(found.has(name)).toBe(true)
    if (truly.size <= capacity) expect(found).toEqual(truly)
    expect(hitters.take(capacity)).toEqual([])
  }))
})

test('a drain covers the time since the one before', () => {
  const red = createRedMetrics({ nowUs: () => 100 })
  red.refused('10.0.0.1')
  expect(red.drain(200)).toEqual({ fromUs: 100, toUs: 200, series: [], refusedClients: [{ client: '10.0.0.1', count: 1 }] })
  expect(red.drain(300)).toEqual({ fromUs: 200, toUs: 300, series: [], refusedClients: [] })
})
