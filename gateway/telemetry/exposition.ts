// The text of metrics for scrapers. prom-client keeps the formats; what is told here is read from counts that are kept
// anyway, at the moment of the scrape, so that the hot path never touches a label.

import { Registry, type RegistryContentType } from 'prom-client'

/** OpenMetrics 1.0 carries exemplars; the older format of Prometheus does not. */
export type ExpositionFormat = 'prometheus' | 'openmetrics'

export interface Metric {
  /** Counters end in `_total`. */
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  samples: readonly Sample[]
}

export interface Sample {
  labels: Record<string, string | number>
  value: number
  /** `_bucket`, `_sum`, `_count` */
  suffix?: string
  exemplar?: { labelSet: Record<string, string>; value: number; /** Unix time, seconds. */ timestamp: number }
}

export const contentTypes: Record<ExpositionFormat, RegistryContentType> = {
  prometheus: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
}

/** What a scraper that sends this Accept header takes. */
export function formatFor(accept: string | undefined): ExpositionFormat {
  return accept?.includes('application/openmetrics-text') === true ? 'openmetrics' : 'prometheus'
}

export function expose(metrics: readonly Metric[], format: ExpositionFormat): Promise<string> {
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(contentTypes[format])
  for (const { name, type, help, samples } of metrics) {
    // In OpenMetrics a counter's family is named without the `_total` that its samples end in; prom-client puts it there.
    const family = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name
    const get = async (): Promise<unknown> => ({
      name: family, help, type, aggregator: 'sum',
      values: samples.map(({ labels, value, suffix, exemplar }) => ({ labels, value, metricName: suffix === undefined ? family : family + suffix, exemplar })),
    })
    // prom-client asks a metric for its name, help and values only; its classes count by themselves, which we do not want.
    registry.registerMetric({ name: family, help, type, get } as unknown as Parameters<typeof registry.registerMetric>[0])
  }
  return registry.metrics()
}
