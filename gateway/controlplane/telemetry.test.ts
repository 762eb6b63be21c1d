// What a plane makes of reports, in whatever order, number and at whatever time they come.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gatewayError } from '../errors.ts'
import type { AlertCore } from '../telemetry/alerts/alert.ts'
import { createRedMetrics } from '../telemetry/red/index.ts'
import type { TelemetryReport } from '../telemetry/red/report.ts'
import { createBacklog } from './telemetry-backlog.ts'
import { parseReport } from './telemetry-messages.ts'
import { mergeViews, missingReports, summarise, type TelemetryView } from './telemetry-view.ts'
import { createWindows } from './telemetry-windows.ts'
import { createPlaneTelemetry } from './telemetry.ts'

const second = 1e6
const silent: AlertCore = { configure() {}, report() {}, tick: () => [], firing: () => [] }

/** Reports of one gateway process, one for each entry: so many requests that were answered, and that failed. */
function reportsOf(gateway: string, seconds: readonly { ok: number; failed: number }[], startUs = 0): TelemetryReport[] {
  let nowUs = startUs
  const red = createRedMetrics({ nowUs: () => nowUs })
  const route = red.route('shop/cart/0', 'shop', 'http1', [])
  return seconds.map(({ ok, failed }, index) => {
    for (let number = 0; number < ok + failed; number++) route.record(number % 2 === 0 ? 'eu' : 'us', number < ok ? 'ok' : 'upstream-failed', 1000 + number, 0, 0, '', null)
    for (let number = 0; number < failed; number++) red.refused('10.0.0.9')
    nowUs += second
    return {
      gateway, sequence: index + 1, ...red.drain(nowUs), regions: [],
      sampling: [{ policy: 'shop/all', budget: 50, spans: ok, raised: false }], certificates: [{ name: 'edge', notAfterMs: 1000 * (index + 1) }],
    }
  })
}

const traffic = fc.array(fc.record({ ok: fc.nat(20), failed: fc.nat(5) }), { minLength: 1, maxLength: 12 })

function truth(...gateways: { ok: number; failed: number }[][]): Record<string, number> {
  const sum = (of: 'ok' | 'failed'): number => gateways.flat().reduce((total, one) => total + one[of], 0)
  return Object.fromEntries(Object.entries({ ok: sum('ok'), 'upstream-failed': sum('failed') }).filter(([, count]) => count > 0))
}

const outcomesOf = (view: TelemetryView, window = '1h'): Record<string, number> => (
  summarise(view.windows.find((one) => one.window === window)!.series, ['route'])[0]?.outcomes ?? {}
)

test('repeated reports count once, and those of a process started anew count from its first', () => {
  fc.assert(fc.property(traffic, traffic, fc.nat(3), (before, after, repeats) => {
    const plane = createPlaneTelemetry('eu-west', silent, 0)
    for (const report of [...reportsOf('edge', before), ...reportsOf('edge', after, 60 * second)]) {
      for (let times = 0; times <= repeats; times++) plane.report(structuredClone(report), report.toUs)
    }
    const view = plane.view(90 * second)
    expect(outcomesOf(view)).toEqual(truth(before, after))
    expect(view.gateways).toMatchObject([{ name: 'edge', upTo: after.length }])
    expect(missingReports(view.gateways[0])).toBe(0)
  }))
})

test('however a gateway folds its backlog, what the plane counts is the same', () => {
  fc.assert(fc.property(traffic, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (seconds, away) => {
    const plane = createPlaneTelemetry('eu-west', silent, 0)
    const backlog = createBacklog()
    const reports = reportsOf('edge', seconds)
    for (let step = 0; step < reports.length * 3 + 3; step++) {
      if (step < reports.length) backlog.add(reports[step])
      const next = backlog.next()
      if (next === null || (away[step % away.length] && step < reports.length * 2)) continue
      plane.report(next, step * second)
      // Every third answer is lost: the same is sent again.
      if (step % 3 !== 0) backlog.done()
    }
    const view = plane.view(40 * second)
    expect(backlog.next()).toBeNull()
    expect(outcomesOf(view)).toEqual(truth(seconds))
    expect(view.gateways[0]).toMatchObject({ reports: seconds.length, from: 1, upTo: seconds.length })
  }))
})

test('a backlog holds a bounded number of reports, and never changes the one that was sent', () => {
  const backlog = createBacklog()
  const reports = reportsOf('edge', Array.from({ length: 30 }, () => ({ ok: 1, failed: 0 })))
  backlog.add(reports[0])
  const sent = structuredClone(backlog.next())
  for (const report of reports.slice(1)) backlog.add(report)
  expect(backlog.next()).toEqual(sent)
  const held: (TelemetryReport | null)[] = []
  for (let next = backlog.next(); next !== null; next = backlog.next()) {
    held.push(next)
    backlog.done()
  }
  expect(held.length).toBeLessThanOrEqual(6)
  expect(held.reduce((sum, report) => sum + (report!.folded ?? 1), 0)).toBe(30)
})

test('windows forget what is older than they are; totals do not', () => {
  const plane = createPlaneTelemetry('eu-west', silent, 0)
  const reports = reportsOf('edge', [{ ok: 3, failed: 0 }, { ok: 4, failed: 2 }])
  const at = (nowUs: number) => ['1m', '5m', '1h'].map((window) => outcomesOf(plane.view(nowUs), window).ok ?? 0)
  plane.report(reports[0], second)
  expect([at(2 * second), at(100 * second)]).toEqual([[3, 3, 3], [0, 3, 3]])
  plane.report(reports[1], 400 * second)
  expect([at(401 * second), at(3602 * second)]).toEqual([[4, 4, 7], [0, 0, 4]])
  const total = plane.metrics(401 * second).find(({ name }) => name === 'regatta_requests_total')!
  expect(total.samples.reduce((sum, { value }) => sum + value, 0)).toBe(9)
})

test('a view tells gateways, budgets, refused clients and the certificate that ends first', () => {
  const plane = createPlaneTelemetry('eu-west', silent, 0)
  for (const report of [...reportsOf('edge', [{ ok: 3, failed: 1 }, { ok: 4, failed: 2 }]), ...reportsOf('eu-west', [{ ok: 1, failed: 1 }])]) plane.report(report, 10 * second)
  expect(plane.view(12 * second)).toMatchObject({
    regions: ['eu-west'], gateways: [{ name: 'edge', silentMs: 2000 }, { name: 'eu-west' }], refusedClients: [{ client: '10.0.0.9', count: 4 }],
    sampling: [{ gateway: 'edge', policy: 'shop/all', spans: 7, budget: 50 }, { gateway: 'eu-west', spans: 1 }],
  })
  const samples = (nowUs: number) => Object.fromEntries(plane.metrics(nowUs).map(({ name, samples: [first] }) => [name, first?.value]))
  // Each of the two gateways may record fifty spans a second; when they are silent there is no budget that they could exceed.
  expect(samples(12 * second)).toMatchObject({ regatta_sampled_spans_total: 8, regatta_sampling_budget_spans_per_second: 100, regatta_certificate_not_after_seconds: 1 })
  expect(samples(100 * second)).toMatchObject({ regatta_sampled_spans_total: 8, regatta_sampling_budget_spans_per_second: undefined })
})

test('views of several planes merge in any order into what one plane would have seen', () => {
  fc.assert(fc.property(traffic, traffic, traffic, (a, b, c) => {
    const all = [reportsOf('edge', a), reportsOf('eu-west', b), reportsOf('us-east', c)]
    const viewOf = (region: string, reports: readonly TelemetryReport[]): TelemetryView => {
      const plane = createPlaneTelemetry(region, silent, 0)
      for (const report of reports) plane.report(report, 30 * second)
      return plane.view(31 * second)
    }
    const [one, two, three] = all.map((reports, index) => viewOf(`r${index}`, reports))
    const merged = mergeViews([one, two, three])
    expect(mergeViews([three, mergeViews([two, one])])).toEqual(merged)
    expect({ ...merged, regions: [] }).toEqual({ ...viewOf('', all.flat()), regions: [] })
    expect(outcomesOf(merged)).toEqual(truth(a, b, c))
  }))
})

test('a gateway that went to another plane and came back is missed by each, and whole for both together', () => {
  const reports = reportsOf('edge', Array.from({ length: 6 }, () => ({ ok: 1, failed: 0 })))
  const planes = [createPlaneTelemetry('eu', silent, 0), createPlaneTelemetry('us', silent, 0)]
  reports.forEach((report, index) => planes[index < 2 || index > 3 ? 0 : 1].report(report, report.toUs))
  const views = planes.map((plane) => plane.view(8 * second))
  expect(views.map(({ gateways }) => missingReports(gateways[0]))).toEqual([2, 0])
  expect(missingReports(mergeViews(views).gateways[0])).toBe(0)
})

test('more labels than a plane has room for are counted together', () => {
  const windows = createWindows(3)
  const base = reportsOf('edge', [{ ok: 1, failed: 0 }])[0].series[0]
  for (let number = 0; number < 10; number++) windows.add([{ ...base, labels: { ...base.labels, route: `r${number}` } }], 0)
  const series = windows.read('1m', 0)
  expect([series.length, windows.totals().length]).toEqual([4, 4])
  expect(series.find(({ labels }) => labels.overflow === 'true')?.outcomes).toEqual({ ok: 7 })
})

const good = reportsOf('edge', [{ ok: 3, failed: 1 }])[0]
test.each([
  ['no JSON', '{'],
  ['another shape', JSON.stringify({ ...good, surprise: 1 })],
  ['an outcome that nobody knows', JSON.stringify({ ...good, series: [{ ...good.series[0], outcomes: { fine: 1 } }] })],
  ['a count below nought', JSON.stringify({ ...good, series: [{ ...good.series[0], retries: -1 }] })],
  ['requests that are not in the histogram', JSON.stringify({ ...good, series: [{ ...good.series[0], outcomes: { ok: 9 } }] })],
  ['buckets that do not add up', JSON.stringify({ ...good, series: [{ ...good.series[0], durations: { ...good.series[0].durations, counts: [1] } }] })],
  ['too many buckets', JSON.stringify({ ...good, series: [{ ...good.series[0], durations: { ...good.series[0].durations, counts: Array(161).fill(0) } }] })],
])('a report with %s is refused', (_what, body) => {
  expect(() => parseReport(body)).toThrow(expect.objectContaining({ code: gatewayError('RGT_TELEMETRY_REPORT', '').code }) as Error)
})

test('what a gateway drains is what a plane reads', () => {
  fc.assert(fc.property(traffic, (seconds) => {
    for (const report of reportsOf('edge', seconds)) expect(parseReport(JSON.stringify(report))).toEqual(report)
  }))
})
