// What only a control plane can tell scrapers, because it is about all gateways that report to it.

import type { AlertEvent } from '../telemetry/alerts/alert.ts'
import type { Metric } from '../telemetry/exposition.ts'

export interface PlaneReadings {
  /** Since the start of the plane. */
  spans: readonly { policy: string; spans: number }[]
  /** A second, of all gateways together. */
  budgets: readonly { policy: string; budget: number }[]
  certificates: readonly { name: string; notAfterMs: number }[]
  /** Regions that gateways turn away from. */
  draining: readonly { region: string; seenBy: readonly string[] }[]
  firing: readonly AlertEvent[]
}

export function planeMetrics({ spans, budgets, certificates, draining, firing }: PlaneReadings): Metric[] {
  return [
    {
      name: 'regatta_sampled_spans_total', type: 'counter', help: 'Spans recorded under a sampling policy.',
      samples: spans.map(({ policy, spans: value }) => ({ labels: { policy }, value })),
    },
    {
      name: 'regatta_sampling_budget_spans_per_second', type: 'gauge', help: 'What a sampling policy allows all gateways that report here.',
      samples: budgets.map(({ policy, budget }) => ({ labels: { policy }, value: budget })),
    },
    {
      name: 'regatta_certificate_not_after_seconds', type: 'gauge', help: 'End of validity, Unix time.',
      samples: certificates.map(({ name, notAfterMs }) => ({ labels: { certificate: name }, value: notAfterMs / 1000 })),
    },
    {
      name: 'regatta_region_draining_gateways', type: 'gauge', help: 'Gateways that turn away from a region.',
      samples: draining.map(({ region, seenBy }) => ({ labels: { region }, value: seenBy.length })),
    },
    { name: 'regatta_alerts_firing', type: 'gauge', help: 'Alerts of AlertPolicies that fire.', samples: countAlerts(firing) },
  ]
}

/** Labels of an alert may be anything that a request brings; those of its rule are few. */
function countAlerts(firing: readonly AlertEvent[]): Metric['samples'] {
  const counts = new Map<string, { labels: Record<string, string>; value: number }>()
  for (const { policy, rule, kind, severity } of firing) {
    const key = `${policy} ${rule}`
    const sample = counts.get(key) ?? { labels: { policy, rule, kind, severity }, value: 0 }
    sample.value++
    counts.set(key, sample)
  }
  return [...counts.values()]
}
