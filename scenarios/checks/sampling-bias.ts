// Do the sampled spans stand for all requests? Each weighs as many as one divided by its chance (D. G. Horvitz and D. J.
// Thompson, A generalization of sampling without replacement from a finite universe, 1952); what was kept for another reason
// than chance weighs nothing. The interval is that estimator's own: requests are sampled independently.

import { counted } from '../judging/sampling.ts'
import { formatCount, formatUnit } from '../judging/statistics.ts'
import { entrySpan, tracesOf } from '../judging/traces.ts'
import type { Metric } from './check.ts'

export const samplingBias: Metric = {
  measure(context, tags) {
    const traces = tracesOf(context)
    if (traces === null) return { kind: 'unknown', why: 'no span is on record' }
    const { requests } = context.history
    let [looked, sampled, weight, variance] = [0, 0, 0, 0]
    for (const row of context.select(tags)) {
      const fromUs = requests.startUs[row]
      if (requests.gateway.at(row) === '' || !counted(context, fromUs, fromUs + requests.durationUs[row], tags.variant)) continue
      looked++
      const own = entrySpan(traces.ofRequest(requests.id.at(row)))?.adjustedCount ?? 0
      if (own === 0) continue
      sampled++
      weight += own
      variance += own * (own - 1)
    }
    if (sampled === 0) return { kind: 'unknown', why: `none of ${formatCount(looked)} requests was sampled by chance` }
    const value = weight / looked - 1
    const half = (1.96 * Math.sqrt(variance)) / looked
    return {
      kind: 'gauge', value, low: value - half, high: value + half,
      evidence: [`${formatCount(sampled)} sampled of ${formatCount(looked)} requests stand for ${formatCount(Math.round(weight))}; 95 % interval ± ${formatUnit(half, 'share')}`],
    }
  },
}
