// The error budget of an objective is spent too fast: multi-window, multi-burn-rate alerts of Google's SRE Workbook,
// chapter 5 (https://sre.google/workbook/alerting-on-slos/). A burn rate of 1 spends the budget exactly by the end of its
// period. The long window says that it matters, the short one that it still goes on.

import { z } from 'zod'
import type { RedSeries } from '../red/report.ts'
import { by, defineAlert, windowUs, type Finding } from './kind.ts'
import { counted, failedOutcomes, uncountedOutcomes } from './outcomes.ts'
import { legend, promDuration, rate, selector, subject, type PromExpression, type PromPanel, type PromScope } from './promql.ts'
import { createSeries, gatewaysOf, seen, told, type Series } from './series.ts'

const pair = z.strictObject({
  long: windowUs.describe('The budget is spent too fast over all of this …'),
  short: windowUs.describe('… and still over this, so that the alert ends soon after its cause.'),
  rate: z.number().positive().max(10_000).describe('How many times as fast as the objective allows.'),
}).refine(({ long, short }) => long >= short && long <= short * 100, {
  path: ['short'], message: 'does not go with its long window', params: { expected: 'from a hundredth of `long` up to `long`; a twelfth is usual' },
})

/** The workbook's recommendation (table 5-8) for a page: 2 % of a month's budget in an hour, or 5 % in six. */
const pages = [{ long: '1h', short: '5m', rate: 14.4 }, { long: '6h', short: '30m', rate: 6 }]

const parameters = z.strictObject({
  objective: z.number().min(50).lt(100).default(99.9).describe('Per cent of requests that are to succeed, of those that policies allow.'),
  windows: z.array(pair).min(1).max(8).prefault(pages)
    .describe('Any pair is enough. Default: 14.4 times over 1h and 5m, or 6 times over 6h and 30m; for a ticket 1 time over 72h and 6h.'),
  by: by('route'),
  minRequests: z.int().min(1).default(20).describe('With fewer requests in the long window nothing is said.'),
}).superRefine(({ objective, windows }, context) => windows.forEach(({ rate: times }, index) => {
  if (times * budgetOf(objective) < 1) return
  context.addIssue({
    code: 'custom', path: ['windows', index, 'rate'], message: 'can never be reached',
    params: { expected: `less than ${(1 / budgetOf(objective)).toFixed(1)}, which is every request failing at an objective of ${objective} %` },
  })
}))

type Parameters = z.output<typeof parameters>

/** Share of requests that may fail. Rounded, so that 99.9 gives 0.001 and the same text in PromQL. */
function budgetOf(objective: number): number {
  return Number((1 - objective / 100).toPrecision(10))
}

export const burnRate = defineAlert({
  kind: 'burn-rate',
  description: 'The error budget of an objective is spent too fast, over a long window and still over a short one.',
  about: 'routes',
  parameters,
  watch(asked, scope) {
    const pairs = asked.windows.map((window) => ({
      ...window, series: createSeries(asked.by, { spanUs: window.long, shortestUs: window.short, channels: 2 }),
    }))
    return {
      report(report, nowUs) {
        for (const series of report.series) {
          if (!scope.covers(series.labels)) continue
          for (const { series: set } of pairs) add(set.of(series.labels), series, report.gateway, nowUs)
        }
      },
      findings: (nowUs) => worstOf(pairs.flatMap(({ series, ...window }) =>
        [...series.each(nowUs)].flatMap((one) => burning(one, window, asked, nowUs)))),
    }
  },
  promql,
})

const [totals, failures] = [0, 1]

function add({ window, ...series }: Series, red: RedSeries, gateway: string, nowUs: number): void {
  const { total, failed } = counted(red)
  window.add(totals, total, nowUs)
  window.add(failures, failed, nowUs)
  if (failed > 0) seen({ window, ...series }, gateway, nowUs)
}

type Pair = Parameters['windows'][number]

function burning(series: Series, { long, short, rate: bound }: Pair, { objective, minRequests }: Parameters, nowUs: number): Finding[] {
  const { window, labels } = series
  const total = window.sum(totals, long, nowUs)
  if (total < minRequests) return []
  const budget = budgetOf(objective)
  const value = window.sum(failures, long, nowUs) / total / budget
  const lately = window.sum(failures, short, nowUs) / Math.max(1, window.sum(totals, short, nowUs)) / budget
  if (value <= bound || lately <= bound) return []
  return [{
    labels, value, bound, unit: 'times the error budget', gateways: gatewaysOf(series, long, nowUs),
    summary: `${told(labels)}: ${(value * budget * 100).toPrecision(3)} % of requests failed, ${value.toPrecision(3)} times what ${objective} % allows`,
  }]
}

/** Of several pairs that say it of the same labels, the one that is exceeded most. */
function worstOf(findings: readonly Finding[]): Finding[] {
  const worst = new Map<string, Finding>()
  for (const finding of findings) {
    const key = JSON.stringify(finding.labels)
    const other = worst.get(key)
    if (other === undefined || finding.value / finding.bound > other.value / other.bound) worst.set(key, finding)
  }
  return [...worst.values()]
}

function promql({ objective, windows, by: labels, minRequests }: Parameters, scope: PromScope): PromExpression {
  const requests = selector(scope, ['outcome', '!~', uncountedOutcomes.join('|')])
  const failed = selector(scope, ['outcome', '=~', failedOutcomes.join('|')])
  const metric = 'regatta_requests_total'
  const share = (spanUs: number): string => `${rate(metric, failed, spanUs, labels)} / ${rate(metric, requests, spanUs, labels)}`
  const pairs = windows.map(({ long, short, rate: times }) => {
    const bound = `(${times} * ${budgetOf(objective)})`
    const enough = `${rate(metric, requests, long, labels)} * ${long / 1e6} >= ${minRequests}`
    return `(${share(long)} > ${bound} and ${share(short)} > ${bound} and ${enough})`
  })
  const panels = windows.map(({ long, short, rate: times }): PromPanel => ({
    title: `Error budget burnt, over ${promDuration(long)} (and ${promDuration(short)})`, expr: `${share(long)} / ${budgetOf(objective)}`,
    bound: times, bad: 'above', unit: 'short', legend: legend(labels),
  }))
  return { panels, expr: pairs.join('\nor\n'), summary: `${subject(labels)}: {{ $value | humanizePercentage }} of requests failed; the objective is ${objective} %` }
}
