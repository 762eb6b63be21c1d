// What scrapers read is what was counted, in both formats.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expose, formatFor } from '../exposition.ts'
import { createRedMetrics } from './index.ts'
import { redMetrics } from './prometheus.ts'

function series(durations: readonly number[], traceId = '') {
  const red = createRedMetrics({ nowUs: () => 5_000_000 })
  const route = red.route('shop/a/0', 'shop', 'http1', [{ label: 'customer', from: { kind: 'request-header', name: 'x' }, maxValues: 9 }])
  for (const us of durations) route.record('eu', 'ok', us, 1, 0, traceId, ['a "b"\n'])
  return red.totals()
}

test('classic buckets are exact at their bounds, whatever was recorded', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 100_000_000 }), { minLength: 1, maxLength: 60 }), (durations) => {
    const histogram = redMetrics(series(durations), 0).find(({ type }) => type === 'histogram')!
    const buckets = histogram.samples.filter(({ suffix }) => suffix === '_bucket')
    expect(buckets.map(({ value }) => value)).toEqual(buckets.map(({ labels: { le } }) => (
      durations.filter((us) => us / 1e6 <= (le === '+Inf' ? Infinity : Number(le))).length
    )))
  }))
})

test('the page of Prometheus: names, labels and values', async () => {
  const text = await expose(redMetrics(series([300, 600_000]), 0), 'prometheus')
  const labels = String.raw`route="shop/a/0",tenant="shop",protocol="http1",region="eu",customer="a \"b\"\n"`
  for (const line of [
    '# TYPE regatta_requests_total counter', `regatta_requests_total{${labels},outcome="ok"} 2`, `regatta_retries_total{${labels}} 2`,
    `regatta_hedges_total{${labels}} 0`, '# TYPE regatta_request_duration_seconds histogram',
    `regatta_request_duration_seconds_bucket{${labels},le="0.000256"} 0`, `regatta_request_duration_seconds_bucket{${labels},le="0.000512"} 1`,
    `regatta_request_duration_seconds_bucket{${labels},le="+Inf"} 2`, `regatta_request_duration_seconds_sum{${labels}} 0.6003`,
  ]) expect(text.split('\n')).toContain(line)
})

test('in OpenMetrics exemplars name the trace in the bucket of its duration, at its time', async () => {
  const text = await expose(redMetrics(series([400], 'f'.repeat(32)), 1_000_000_000), 'openmetrics')
  expect(text).toContain(`le="0.000512"} 1 # {trace_id="${'f'.repeat(32)}"} 0.0004 1005\n`)
  expect(text.match(/ # \{/g)).toHaveLength(1)
  expect(text).toContain('# TYPE regatta_requests counter\nregatta_requests_total{')
  expect(text.endsWith('\n# EOF\n')).toBe(true)
  expect(formatFor('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')).toBe('openmetrics')
  expect(formatFor(undefined)).toBe('prometheus')
})
