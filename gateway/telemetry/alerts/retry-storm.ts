// Gateways send the same requests again and again: retries and hedges are a larger share of requests than a budget allows.
// Retries that help are few; where they are many they are the load that keeps a service down.

import { z } from 'zod'
import { by, defineAlert, windowUs, type Finding } from './kind.ts'
import { legend, rate, selector, subject } from './promql.ts'
import { createSeries, gatewaysOf, seen, told } from './series.ts'

const parameters = z.strictObject({
  share: z.number().gt(0).max(10).default(0.2).describe('Retries and hedges for each request. Default: the retry budget of FailoverPolicy, 20 %.'),
  window: windowUs.prefault('10s').describe('Default: that of the retry budget.'),
  minRequests: z.int().min(1).default(50).describe('With fewer requests in the window nothing is said: the floor of the budget lets a few be sent again.'),
  by: by(),
})

const [requests, again] = [0, 1]

export const retryStorm = defineAlert({
  kind: 'retry-storm',
  description: 'Retries and hedges are a larger share of requests than their budget.',
  about: 'routes',
  parameters,
  watch({ share, window: span, minRequests, by: labels }, scope) {
    const all = createSeries(labels, { spanUs: span, shortestUs: span, channels: 2 })
    return {
      report(report, nowUs) {
        for (const red of report.series) {
          if (!scope.covers(red.labels)) continue
          const series = all.of(red.labels)
          for (const outcome in red.outcomes) series.window.add(requests, red.outcomes[outcome], nowUs)
          series.window.add(again, red.retries + red.hedges, nowUs)
          if (red.retries + red.hedges > 0) seen(series, report.gateway, nowUs)
        }
      },
      findings: (nowUs) => [...all.each(nowUs)].flatMap((series): Finding[] => {
        const total = series.window.sum(requests, span, nowUs)
        const value = series.window.sum(again, span, nowUs) / Math.max(1, total)
        if (total < minRequests || value <= share) return []
        return [{
          labels: series.labels, value, bound: share, unit: 'share of requests', gateways: gatewaysOf(series, span, nowUs),
          summary: `${told(series.labels)}: ${(value * 100).toPrecision(3)} retries and hedges for 100 requests`,
        }]
      }),
    }
  },
  promql({ share, window: span, minRequests, by: labels }, scope) {
    const where = selector(scope)
    const total = rate('regatta_requests_total', where, span, labels)
    const sent = `(${rate('regatta_retries_total', where, span, labels)} + ${rate('regatta_hedges_total', where, span, labels)})`
    return {
      expr: `${sent} / ${total} > ${share} and ${total} * ${span / 1e6} >= ${minRequests}`,
      summary: `${subject(labels)}: {{ $value | humanizePercentage }} of requests are sent again`,
      panels: [{ title: 'Retries and hedges for each request', expr: `${sent} / ${total}`, bound: share, bad: 'above', unit: 'percentunit', legend: legend(labels) }],
    }
  },
})
