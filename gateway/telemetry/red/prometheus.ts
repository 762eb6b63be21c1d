// RED metrics for scrapers. Bounds of the classic buckets are powers of two microseconds, which are bucket edges of the
// exponential histogram at every scale that occurs, so cumulative counts are exact and not estimated.

import type { Metric, Sample } from '../exposition.ts'
import { bucketIndex, countUpTo } from './histogram.ts'
import type { RedLabels, RedSeries } from './report.ts'

/** 256 µs to 67 s, exponents of two. */
export const bucketPowers: readonly number[] = Array.from({ length: 19 }, (_, at) => 8 + at)

/** `unixOffsetUs`: Unix time less the clock of the exemplars. */
export function redMetrics(series: readonly RedSeries[], unixOffsetUs: number): Metric[] {
  return [
    {
      name: 'regatta_requests_total', type: 'counter', help: 'Requests by route, tenant, serving region, protocol and outcome.',
      samples: series.flatMap(({ labels, outcomes }) => Object.entries(outcomes).map(([outcome, value]) => ({ labels: { ...labels, outcome }, value }))),
    },
    { name: 'regatta_retries_total', type: 'counter', help: 'Attempts after the first of a request.', samples: series.map(({ labels, retries }) => ({ labels, value: retries })) },
    { name: 'regatta_hedges_total', type: 'counter', help: 'Attempts beside one that was out.', samples: series.map(({ labels, hedges }) => ({ labels, value: hedges })) },
    {
      name: 'regatta_request_duration_seconds', type: 'histogram', help: 'Time to the end of the response, as the gateway saw it.',
      samples: series.flatMap((one) => durationSamples(one, unixOffsetUs)),
    },
  ]
}

function durationSamples({ labels, durations, exemplars }: RedSeries, unixOffsetUs: number): Sample[] {
  const byPower = new Map<number, NonNullable<Sample['exemplar']>>()
  for (const { traceId, valueUs, atUs } of exemplars) {
    // The bucket (2^(n-1), 2^n]; below the first bound and above the last one, the outermost.
    const power = valueUs > 0 ? bucketIndex(valueUs, 0) + 1 : 0
    const place = Math.max(power, bucketPowers[0])
    byPower.set(place > bucketPowers.at(-1)! ? Infinity : place, { labelSet: { trace_id: traceId }, value: valueUs / 1e6, timestamp: (atUs + unixOffsetUs) / 1e6 })
  }
  const bucket = (le: number | string, value: number, power: number): Sample => bucketSample(labels, le, value, byPower.get(power))
  return [
    ...bucketPowers.map((power) => bucket(2 ** power / 1e6, countUpTo(durations, power), power)),
    bucket('+Inf', durations.count, Infinity),
    { labels, value: durations.sum / 1e6, suffix: '_sum' },
    { labels, value: durations.count, suffix: '_count' },
  ]
}

function bucketSample(labels: RedLabels, le: number | string, value: number, exemplar: Sample['exemplar']): Sample {
  return { labels: { ...labels, le }, value, suffix: '_bucket', ...(exemplar === undefined ? {} : { exemplar }) }
}
