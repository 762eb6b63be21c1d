// Requests that the law lets no region answer. A few are clients that ask in the wrong place; many after a change of
// configuration are a policy that shuts everybody out, or a region that is alone in being allowed and gone.

import { z } from 'zod'
import { by, defineAlert, windowUs, type Finding } from './kind.ts'
import { increase, legend, selector, subject } from './promql.ts'
import { createSeries, gatewaysOf, seen, told } from './series.ts'

const parameters = z.strictObject({
  count: z.int().min(1).default(1).describe('So many denials in the window are told.'),
  window: windowUs.prefault('1m'),
  by: by('tenant', 'route'),
})

export const residencyDenials = defineAlert({
  kind: 'residency-denials',
  description: 'Requests were refused because residency allows no region that could answer.',
  about: 'routes',
  parameters,
  watch({ count, window: span, by: labels }, scope) {
    const all = createSeries(labels, { spanUs: span, shortestUs: span, channels: 1 })
    return {
      report(report, nowUs) {
        for (const red of report.series) {
          const denied = red.outcomes.residency ?? 0
          if (denied === 0 || !scope.covers(red.labels)) continue
          const series = all.of(red.labels)
          series.window.add(0, denied, nowUs)
          seen(series, report.gateway, nowUs)
        }
      },
      findings: (nowUs) => [...all.each(nowUs)].flatMap((series): Finding[] => {
        const value = series.window.sum(0, span, nowUs)
        if (value < count) return []
        return [{
          labels: series.labels, value, bound: count, unit: 'requests', gateways: gatewaysOf(series, span, nowUs),
          summary: `${told(series.labels)}: ${value} request${value === 1 ? '' : 's'} refused for residency`,
        }]
      }),
    }
  },
  promql({ count, window: span, by: labels }, scope) {
    const denied = increase('regatta_requests_total', selector(scope, ['outcome', '=', 'residency']), span, labels)
    return {
      expr: `${denied} >= ${count}`,
      summary: `${subject(labels)}: {{ $value }} requests refused for residency`,
      caveat: 'Prometheus extrapolates increases and does not see the first request of a new series.',
      panels: [{ title: 'Requests refused for residency', expr: denied, bound: count, bad: 'above', unit: 'short', legend: legend(labels) }],
    }
  },
})
