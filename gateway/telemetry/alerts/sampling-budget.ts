// More spans are recorded than a SamplingPolicy allows, for longer than its sampler should need to bring the rate down.
// Spans that an anomaly was allowed to add are left out, unless asked for.

import { z } from 'zod'
import { defineAlert, windowUs, type Finding } from './kind.ts'
import { createSeries, gatewaysOf, seen } from './series.ts'
import { ofGateways, promDuration } from './promql.ts'

const parameters = z.strictObject({
  factor: z.number().min(1).max(1_000).default(1.5).describe('How many times the budget.'),
  window: windowUs.prefault('1m').describe('Over how long; shorter than the sampler\'s own window it finds bursts that the sampler is meant to allow.'),
  raised: z.boolean().default(false).describe('Count seconds too in which an anomaly raised the rate.'),
})

const [spans, budget] = [0, 1]

export const samplingBudget = defineAlert({
  kind: 'sampling-budget',
  description: 'More spans are recorded than the budget of a SamplingPolicy allows.',
  about: 'gateways',
  parameters,
  watch({ factor, window: span, raised }) {
    const policies = createSeries(['policy'], { spanUs: span, shortestUs: span, channels: 2 })
    return {
      report(report, nowUs) {
        const seconds = (report.toUs - report.fromUs) / 1e6
        for (const one of report.sampling) {
          if (one.budget <= 0 || (one.raised && !raised)) continue
          const series = policies.of({ policy: one.policy })
          series.window.add(spans, one.spans, nowUs)
          series.window.add(budget, one.budget * seconds, nowUs)
          if (one.spans > one.budget * seconds) seen(series, report.gateway, nowUs)
        }
      },
      findings: (nowUs) => [...policies.each(nowUs)].flatMap((series): Finding[] => {
        const allowed = series.window.sum(budget, span, nowUs)
        const value = allowed > 0 ? series.window.sum(spans, span, nowUs) / allowed : 0
        if (value <= factor) return []
        return [{
          labels: series.labels, value, bound: factor, unit: 'times the span budget', gateways: gatewaysOf(series, span, nowUs),
          summary: `SamplingPolicy ${series.labels.policy}: ${value.toPrecision(3)} times as many spans as its budget`,
        }]
      }),
    }
  },
  promql({ factor, window: span, raised }, scope) {
    const where = ofGateways(scope)
    const used = `sum by (policy) (rate(regatta_sampled_spans_total${where}[${promDuration(span)}]))`
      + ` / (sum by (policy) (regatta_sampling_budget_spans_per_second${where}) > 0)`
    return {
      expr: `${used} > ${factor}`,
      summary: 'SamplingPolicy {{ $labels.policy }}: {{ $value }} times as many spans as its budget',
      ...(raised ? {} : { caveat: 'Spans that an anomaly added cannot be told apart here.' }),
      panels: [{ title: 'Spans recorded, times the budget', expr: used, bound: factor, bad: 'above', unit: 'short', legend: '{{policy}}' }],
    }
  },
})
