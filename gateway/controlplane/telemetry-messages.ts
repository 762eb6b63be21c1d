// A gateway's report as it comes over the wire, checked before anything counts it: its shape, and that it adds up.

import { z } from 'zod'
import { parseShape } from '../config/shape.ts'
import { gatewayError } from '../errors.ts'
import { requestOutcomes } from '../telemetry/metrics.ts'
import { highestScale, lowestScale, maxBuckets } from '../telemetry/red/histogram.ts'
import { maxRefusedClients } from '../telemetry/red/merge.ts'
import type { ExponentialHistogram, TelemetryReport } from '../telemetry/red/report.ts'
import { parseJson, sourceOf } from './messages.ts'

/** Series of one report; a gateway holds 2,000 unless told otherwise. */
const maxSeries = 20_000
const maxLabels = 32

const text = z.string().max(1024)
const count = z.int().min(0)
const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER)
/** Powers of two of float64 as indexes at the finest scale. */
const bucket = z.int().min(-(2 ** 31)).max(2 ** 31 - 1)

const histogramSchema = z.strictObject({
  scale: z.int().min(lowestScale).max(highestScale), count, sum: amount, min: amount, max: amount, zeroCount: count,
  offset: bucket, counts: z.array(count).max(maxBuckets),
})

const seriesSchema = z.strictObject({
  labels: z.object({ route: text, tenant: text, region: text, protocol: text }).catchall(text)
    .refine((labels) => Object.keys(labels).length <= maxLabels, { params: { expected: `at most ${maxLabels} labels` } }),
  outcomes: z.partialRecord(z.enum(requestOutcomes), count),
  retries: count,
  hedges: count,
  durations: histogramSchema,
  exemplars: z.array(z.strictObject({ traceId: z.string().max(64), valueUs: amount, atUs: amount })).max(64),
})

const reportSchema = z.strictObject({
  gateway: z.string().min(1).max(253),
  sequence: z.int().min(1),
  folded: z.int().min(1).optional(),
  fromUs: amount,
  toUs: amount,
  series: z.array(seriesSchema).max(maxSeries),
  refusedClients: z.array(z.strictObject({ client: text, count })).max(maxRefusedClients),
  sampling: z.array(z.strictObject({ policy: text, budget: amount, spans: count, raised: z.boolean() })).max(10_000),
  regions: z.array(z.strictObject({ region: text, state: z.enum(['draining', 'recovering']) })).max(1000),
  certificates: z.array(z.strictObject({ name: text, notAfterMs: z.number() })).max(10_000),
})

/** Throws CodedErrors of RGT_TELEMETRY_REPORT. */
export function parseReport(body: string): TelemetryReport {
  const file = 'POST /v1/telemetry'
  const report = parseShape(reportSchema, sourceOf(parseJson(body, file, 'RGT_TELEMETRY_REPORT'), file), 'RGT_TELEMETRY_REPORT') as TelemetryReport
  report.series.forEach(({ outcomes, durations }, index) => {
    const place = { file, path: `series[${index}]` }
    const requests = Object.values(outcomes).reduce((sum, one) => sum + one, 0)
    if (requests !== durations.count) {
      throw gatewayError('RGT_TELEMETRY_REPORT', 'a series does not add up', { place, expected: `${requests} durations, one for each outcome`, found: String(durations.count) })
    }
    if (!addsUp(durations)) {
      throw gatewayError('RGT_TELEMETRY_REPORT', 'a histogram does not add up', { place, expected: `${durations.count} values in its buckets` })
    }
  })
  return report
}

function addsUp({ count: total, zeroCount, counts, offset }: ExponentialHistogram): boolean {
  return counts.reduce((sum, one) => sum + one, zeroCount) === total && offset + counts.length <= 2 ** 31 - 1
}
